//! A name that a device reports never says who may speak for it: with issuers whose
//! certificates are accepted by name, only the API's word counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Reply, SYNCML, Server, message, package1};

const QUERY: &str = "mode=Machine&Platform=WoA";

/// What a message of `source` gets that comes with this certificate.
async fn said(server: &Server, certificate: &[u8], body: String) -> (u16, String) {
    let header = format!(":{}:", STANDARD.encode(certificate));
    let headers = [("content-type", SYNCML), ("client-cert", header.as_str())];
    let (status, _, text) = server.post_with(QUERY, &headers, body.into_bytes()).await;
    (status, text)
}

#[tokio::test]
async fn another_devices_certificate_is_refused_whatever_a_device_reports() {
    let dir = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let file = dir.path().join("issuers.pem");
    std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let issue = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        params.signed_by(&key, &issuer).unwrap().der().to_vec()
    };
    let (own, other) = (issue("a"), issue("b"));
    let text = "trusted_proxies = ['127.0.0.1']\nproxy_header = 'Client-Cert'\n";
    let server = Server::configured(text, &["--client-ca", file.to_str().unwrap()]);
    let a = server.register(json!({"source": "a"})).await;
    let b = server.register(json!({"source": "b"})).await;
    // The certificate of `b` is revoked there.
    let digest: String = Sha256::digest(&other)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = format!("/devices/{b}/certificates/{digest}");
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    assert_eq!(
        said(&server, &other, package1("b", "1", 1, "none")).await.0,
        403
    );

    // `a` reports the name of `b` as its key of MDM_Client.
    let class = json!({"type": "inventory", "classes": ["MDM_Client"], "walk": false});
    server.queue(&a, class).await;
    let (status, text) = said(&server, &own, package1("a", "1", 1, "none")).await;
    assert_eq!(status, 200, "{text}");
    let asked = Reply::read(text);
    let list = format!(
        "<Results><CmdID>8</CmdID><MsgRef>{}</MsgRef><CmdRef>{}</CmdRef><Item>\
         <Meta><Format xmlns=\"syncml:metinf\">node</Format></Meta>\
         <Data>MDM_Client.DeviceClientID=\"b\"</Data></Item></Results><Final/>",
        asked.msg_id, asked.commands[0].cmd_id
    );
    assert_eq!(
        said(&server, &own, message("a", "1", 2, &list)).await.0,
        200
    );
    let shown: Value = server.get(&format!("/devices/{a}")).await;
    assert_eq!(shown["device_client_id"], "b", "it addresses the node");

    // A password reset waits for `a`; whoever holds the certificate of `b` gets nothing.
    let reset =
        json!({"type": "reset_user_password", "user": "ann", "password": "Distinct-Pa55word"});
    let reset = server.queue(&a, reset).await;
    let (status, text) = said(&server, &other, package1("a", "2", 1, "none")).await;
    assert_eq!(status, 403, "{text}");
    assert_eq!(server.state(&reset).await, "queued");
    let (status, text) = said(&server, &own, package1("a", "3", 1, "none")).await;
    assert_eq!(status, 200);
    assert_eq!(
        Reply::read(text).loc_uris(),
        ["./cimv2/MDM_Client/MDM_Client.DeviceClientID=%22b%22/Exec=ResetUserPassword"]
    );

    // Where the API says so, the name is one.
    let named = json!({"device_client_id": "b"});
    assert_eq!(
        server
            .api("PATCH", &format!("/devices/{a}"), Some(named))
            .await
            .0,
        200
    );
    assert_eq!(
        said(&server, &other, package1("a", "4", 1, "none")).await.0,
        200
    );
}
