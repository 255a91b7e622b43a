//! A proxy that ends TLS hands on the client's certificate; everybody else may
//! say what they like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modegate_sim::{ClientIdentity, Tablet, Transport, Trigger};
use serde_json::json;

use crate::harness::{SYNCML, Server, package1};

fn pem(identity: &ClientIdentity) -> String {
    let base64 = STANDARD.encode(identity.certificate());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    percent_encoding::utf8_percent_encode(&pem, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// How a proxy writes a certificate down.
type Form = Box<dyn Fn(&ClientIdentity) -> String>;

/// HTTP status of package 1 with these headers besides.
async fn sync(server: &Server, source: &str, headers: &[(&str, &str)]) -> u16 {
    let headers = [&[("content-type", SYNCML)], headers].concat();
    let body = package1(source, "1", 1, "none").into_bytes();
    let query = "mode=Machine&Platform=WoA";
    server.post_with(query, &headers, body).await.0
}

fn behind(network: &str, header: &str, arguments: &[&str]) -> Server {
    let text = format!("trusted_proxies = ['{network}']\nproxy_header = '{header}'\n");
    Server::configured(&text, arguments)
}

#[tokio::test]
async fn each_proxy_s_header_names_the_device() {
    let (own, other) = (
        ClientIdentity::generate("a").unwrap(),
        ClientIdentity::generate("b").unwrap(),
    );
    let forms: [(&str, Form); 5] = [
        (
            "client-cert",
            Box::new(|of| format!(":{}:", STANDARD.encode(of.certificate()))),
        ),
        (
            "x-forwarded-client-cert",
            Box::new(|of| format!("By=x;Hash={};Cert=\"{}\"", of.sha256(), pem(of))),
        ),
        (
            "x-forwarded-client-cert",
            Box::new(|of| format!("Hash={};Subject=\"CN=a\"", of.sha256())),
        ),
        ("x-ssl-client-cert", Box::new(pem)),
        (
            "X-ARR-ClientCert",
            Box::new(|of| STANDARD.encode(of.certificate())),
        ),
    ];
    for (header, form) in forms {
        let server = behind("127.0.0.0/8", header, &[]);
        server
            .register(json!({"source": "a", "certificate_sha256": [own.sha256()]}))
            .await;
        let (right, wrong) = (form(&own), form(&other));
        for (headers, expected) in [
            (vec![(header, right.as_str())], 200),
            (vec![(header, wrong.as_str())], 403),
            (vec![], 403),
            (
                vec![(header, right.as_str()), (header, right.as_str())],
                403,
            ),
            (vec![(header, "junk;=")], 403),
        ] {
            assert_eq!(
                sync(&server, "a", &headers).await,
                expected,
                "{header}: {}",
                headers.len()
            );
        }
        server.logged(": expected one header, found 2");
        assert!(
            !server.log().contains(&right),
            "a certificate is not logged"
        );
    }
}

#[tokio::test]
async fn from_anywhere_else_the_header_is_nothing() {
    let own = ClientIdentity::generate("a").unwrap();
    let value = format!(":{}:", STANDARD.encode(own.certificate()));
    for server in [
        behind("192.0.2.1", "Client-Cert", &[]),
        Server::start_with(&[]),
        // The agreed header is another one, or there is none.
        behind("127.0.0.1", "X-SSL-Client-Cert", &[]),
        Server::configured(
            "trusted_proxies = ['127.0.0.1']
",
            &[],
        ),
    ] {
        server
            .register(json!({"source": "a", "certificate_sha256": [own.sha256()]}))
            .await;
        assert_eq!(sync(&server, "a", &[("client-cert", &value)]).await, 403);
    }
}

#[tokio::test]
async fn a_proxy_s_own_certificate_is_no_device_s() {
    let (proxy, device) = (
        ClientIdentity::generate("a").unwrap(),
        ClientIdentity::generate("a").unwrap(),
    );
    // The same certificate over TLS: from a device it counts, from a proxy it does not.
    for (trusted, expected) in [("192.0.2.1", None), ("127.0.0.1", Some(403))] {
        let server = behind(trusted, "Client-Cert", &[]);
        let digests = [proxy.sha256(), device.sha256()];
        server
            .register(json!({"source": "a", "certificate_sha256": digests}))
            .await;
        let url = format!("{}/sync", server.https.replace("127.0.0.1", "localhost"));
        let ca = std::fs::read(server.dir.join("ca.pem")).unwrap();
        // localhost may be ::1 first; the server listens on 127.0.0.1 only.
        let transport = Transport::new(&url, Some(&ca), Some(&proxy)).unwrap();
        let report = Tablet::new("a", transport)
            .trigger(Trigger::Reboot)
            .await
            .unwrap();
        assert_eq!(report.http_status, expected, "{trusted}");
    }
}

#[tokio::test]
async fn the_issuer_counts_behind_a_proxy_too() {
    let dir = tempfile::tempdir().unwrap();
    let issue = |issuer: &rcgen::Issuer<'_, rcgen::KeyPair>, name: &str, days: Option<i64>| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        if days.is_some() {
            params.not_before = rcgen::date_time_ymd(2014, 1, 1);
            params.not_after = rcgen::date_time_ymd(2015, 1, 1);
        }
        let certificate = params.signed_by(&key, issuer).unwrap();
        format!(":{}:", STANDARD.encode(certificate.der()))
    };
    let authority = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, rcgen::Issuer::new(params, key))
    };
    let ((pem, known), (_, unknown)) = (authority("known"), authority("unknown"));
    let file = dir.path().join("issuers.pem");
    std::fs::write(&file, pem).unwrap();
    let arguments = ["--client-ca", file.to_str().unwrap()];
    let server = behind("127.0.0.1", "Client-Cert", &arguments);
    server.register(json!({"source": "a"})).await;
    for (header, expected) in [
        (issue(&known, "a", None), 200),
        (issue(&known, "b", None), 403),
        (issue(&known, "a", Some(1)), 403),
        (issue(&unknown, "a", None), 403),
    ] {
        assert_eq!(
            sync(&server, "a", &[("client-cert", &header)]).await,
            expected
        );
    }
    server.logged("it has expired");
    // By way of an issuer in between, where the proxy hands that on too.
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let between = params.signed_by(&key, &known).unwrap();
    let chain = format!(":{}:", STANDARD.encode(between.der()));
    let own = issue(&rcgen::Issuer::new(params, key), "a", None);
    let alone = [("client-cert", own.as_str())];
    assert_eq!(sync(&server, "a", &alone).await, 403);
    let whole = [("client-cert", own.as_str()), ("client-cert-chain", &chain)];
    assert_eq!(sync(&server, "a", &whole).await, 200);
}
