//! What TLS refuses is said: from whom, what was offered, what to do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use crate::harness::Server;
use crate::tools::{has_tool, skip};

/// What the log must say of a refusal.
fn assert_reported(server: &Server, reason: &str, offered: &str, advice: &str) {
    let line = server.logged(&format!("reason=\"{reason}\""));
    for part in [
        "peer=127.0.0.1:",
        "rejected a TLS handshake",
        offered,
        "What to do: ",
        advice,
    ] {
        assert!(line.contains(part), "'{part}' in {line}");
    }
}

/// Runs `openssl s_client` against the server, whatever becomes of the handshake.
fn s_client(server: &Server, arguments: &[&str]) {
    let address = server.https.trim_start_matches("https://");
    Command::new("openssl")
        .args(["s_client", "-connect", address, "-servername", "localhost"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
}

#[test]
fn what_old_clients_offer_is_told() {
    if !has_tool("openssl", "openssl") {
        return;
    }
    let server = Server::start_with(&[]);
    for (arguments, reason, offered, advice) in [
        (
            // Windows 8.1's list as it is without ECDSA suites.
            &[
                "-tls1_2",
                "-cipher",
                "AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:AES128-SHA",
            ][..],
            "no_cipher_suite",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "ECDSA key (P-256)",
        ),
        (
            &[
                "-tls1_2",
                "-sigalgs",
                "RSA+SHA1:ECDSA+SHA1",
                "-cipher",
                "DEFAULT@SECLEVEL=0",
            ],
            "sha1_signature",
            "RSA_PKCS1_SHA1",
            "SyncML credentials",
        ),
    ] {
        s_client(&server, arguments);
        assert_reported(&server, reason, offered, advice);
    }
    // The server goes on, and who just leaves is not refused.
    drop(TcpStream::connect(server.https.trim_start_matches("https://")).unwrap());
    s_client(&server, &["-tls1_2"]);
    let refusals = server.log().matches("rejected a TLS handshake").count();
    assert_eq!(refusals, 2, "{}", server.log());
}

/// A hello of TLS 1.1 by hand, since programs are built without it: version,
/// random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
#[test]
fn a_client_of_tls_1_1_is_told() {
    let server = Server::start_with(&[]);
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0x00, 0x2f, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let mut record = vec![0x16, 0x03, 0x01, 0, length + 4, 0x01, 0, 0, length];
    record.extend(hello);
    let mut socket = TcpStream::connect(server.https.trim_start_matches("https://")).unwrap();
    socket.write_all(&record).unwrap();
    let mut alert = Vec::new();
    let _ = socket.read_to_end(&mut alert);
    assert_eq!(alert.first(), Some(&0x15), "an alert comes back");
    assert_reported(&server, "old_version", "nothing readable", "enable TLS 1.2");
}

#[test]
fn a_short_rsa_key_is_told() {
    if !has_tool("openssl", "openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let server = Server::start_with(&[]);
    for (bits, refusals) in [("rsa:2048", 0), ("rsa:1024", 1)] {
        let (cert, key) = (path("cert.pem"), path("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-subj", "/CN=a", "-sha256"])
            .args(["-newkey", bits, "-keyout", &key, "-out", &cert])
            .stderr(Stdio::null())
            .status();
        if !made.unwrap().success() {
            skip(&format!("openssl does not make keys of {bits}"));
            return;
        }
        let lax = ["-tls1_2", "-cipher", "DEFAULT@SECLEVEL=0"];
        let shown = ["-cert", &cert, "-key", &key];
        s_client(&server, &[&lax[..], &shown].concat());
        if refusals == 1 {
            assert_reported(
                &server,
                "small_rsa_key",
                "cipher suites",
                "RSA of 2048 bits",
            );
        }
        assert_eq!(
            server.log().matches("rejected a TLS handshake").count(),
            refusals,
            "{bits}"
        );
    }
    assert!(server.log().contains("1024 bits"));
}

/// A client certificate and its key.
fn certificate(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Arc<CertifiedKey> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "a");
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    certified(certificate, &key)
}

fn certified(certificate: CertificateDer<'static>, key: &rcgen::KeyPair) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    Arc::new(CertifiedKey::new(vec![certificate], key))
}

/// Shows whatever it is given.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl rustls::client::ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Says that it signed with SHA-1, as a key in an old provider does.
#[derive(Debug)]
struct OldProvider(Arc<dyn SigningKey>);

impl SigningKey for OldProvider {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0
            .choose_scheme(offered)
            .map(|signer| Box::new(OldSigner(signer)) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[derive(Debug)]
struct OldSigner(Box<dyn Signer>);

impl Signer for OldSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.0.sign(message)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_SHA1_Legacy
    }
}

/// A request over TLS 1.2 with this certificate: whether it got an answer.
fn request(server: &Server, shown: Arc<CertifiedKey>) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(server.dir.join("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Shows(shown)));
    let name = "localhost".try_into().unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(server.https.trim_start_matches("https://")).unwrap();
    let mut tls = rustls::Stream::new(&mut session, &mut socket);
    let asked =
        tls.write_all(b"GET /sync HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = [0; 12];
    asked.and_then(|()| tls.read_exact(&mut answer)).is_ok() && answer.starts_with(b"HTTP/1.1 ")
}

#[test]
fn the_use_that_a_certificate_names_counts_where_it_names_one() {
    use rcgen::ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    let server = Server::start_with(&[]);
    for (usages, taken) in [
        (vec![], true),
        (vec![ClientAuth], true),
        (vec![ServerAuth, ClientAuth], true),
        (vec![Any], true),
        (vec![ServerAuth], false),
    ] {
        let shown = certificate(|params| params.extended_key_usages.clone_from(&usages));
        assert_eq!(request(&server, shown), taken, "{usages:?}");
    }
    assert_reported(
        &server,
        "not_for_clients",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "clientAuth (1.3.6.1.5.5.7.3.2)",
    );
}

#[test]
fn a_handshake_signed_with_sha_1_is_told() {
    let server = Server::start_with(&[]);
    let honest = certificate(|_| {});
    let old = Arc::new(OldProvider(Arc::clone(&honest.key)));
    let old = Arc::new(CertifiedKey::new(honest.cert.clone(), old));
    assert!(request(&server, honest));
    assert!(!request(&server, old));
    assert_reported(
        &server,
        "sha1_signature",
        "ECDSA_NISTP256_SHA256",
        "PROV_RSA_FULL",
    );
}

#[test]
fn an_expired_certificate_is_told_where_its_issuer_matters() {
    let old = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2014, 1, 1);
        params.not_after = rcgen::date_time_ymd(2015, 1, 1);
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("issuers.pem");
    std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let own = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    old(&mut params);
    let expired = params.signed_by(&own, &issuer).unwrap().der().clone();
    let with = |issuers: Option<&Path>| match issuers {
        Some(file) => Server::start_with(&["--client-ca", file.to_str().unwrap()]),
        None => Server::start_with(&[]),
    };
    let server = with(Some(&file));
    assert!(
        request(&server, certified(expired.clone(), &own)),
        "the handshake goes on"
    );
    let line =
        server.logged("no issuer of --client-ca accepts the client certificate: it has expired");
    assert!(line.contains("peer=127.0.0.1"), "{line}");
    // Without issuers time is no matter: the record knows the exact certificate.
    let server = with(None);
    assert!(request(&server, certified(expired, &own)));
    assert!(!server.log().contains("expired"));
}
