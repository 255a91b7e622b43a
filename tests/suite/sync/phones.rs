//! Certificates, VPN, Wi-Fi and company apps of a simulated Windows Phone 8.1,
//! which checks nodes, verbs, formats and values by Microsoft's CSP reference.

use modegate_sim::{SessionReport, Tablet, Transport};
use serde_json::{Value, json};

use crate::harness::Server;

const CSP: &str = "./Vendor/MSFT";
const PRODUCT: &str = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";

async fn phone() -> (Server, String, Tablet) {
    let server = Server::start();
    let body = json!({"source": "phone-1", "family": "windows_phone81"});
    let id = server.register(body).await;
    let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
    let phone = Tablet::phone("phone-1", "MS DM Server", transport);
    (server, id, phone)
}

async fn poll(phone: &mut Tablet) -> SessionReport {
    let report = phone.poll().await.unwrap();
    assert_eq!(report.violations, []);
    report
}

/// Queues the command, polls once, and it has succeeded.
async fn done(server: &Server, id: &str, phone: &mut Tablet, body: Value) -> String {
    let command = server.queue(id, body).await;
    poll(phone).await;
    let read = server.get(&format!("/commands/{command}")).await;
    assert_eq!(read["state"], "succeeded", "{read}");
    command
}

fn scep() -> Value {
    json!({"type": "scep_install", "request_id": "vpn", "server_url": "https://ca.contoso.test/scep",
        "challenge": "c2VjcmV0LWNoYWxsZW5nZQ==", "enhanced_key_usages": ["1.3.6.1.5.5.7.3.2"],
        "key_usage": "both", "subject_name": "CN=ann", "key_length": "2048",
        "hash_algorithm": "SHA-2", "ca_thumbprint": "ab".repeat(20), "scep_retries": 3})
}

#[tokio::test]
async fn a_phone_gets_its_certificates_and_renews_its_own() {
    let (server, id, mut phone) = phone().await;
    let certificate = rcgen::generate_simple_self_signed(["ca.contoso.test".to_owned()]).unwrap();
    let install = json!({"type": "certificate_install", "certificate": certificate.cert.pem()});
    done(&server, &id, &mut phone, install.clone()).await;
    // The same once more: 418, then Replace.
    done(&server, &id, &mut phone, install).await;
    let remove = json!({"type": "certificate_remove", "certificate": certificate.cert.pem()});
    done(&server, &id, &mut phone, remove.clone()).await;
    done(&server, &id, &mut phone, remove).await;

    done(&server, &id, &mut phone, scep()).await;
    let request = format!("{CSP}/CertificateStore/My/SCEP/vpn");
    assert_eq!(
        phone.node(&format!("{request}/Install/KeyUsage")).unwrap(),
        "160"
    );
    let status = json!({"type": "scep_status", "request_id": "vpn"});
    let status = done(&server, &id, &mut phone, status).await;
    let read = server.get(&format!("/commands/{status}")).await;
    assert_eq!(read["results"][0]["data"], "1", "{read}");
    let remove = json!({"type": "scep_remove", "request_id": "vpn"});
    done(&server, &id, &mut phone, remove).await;
    assert_eq!(phone.node(&format!("{request}/Status")), None);

    let pfx = json!({"type": "pfx_install", "request_id": "mail", "pfx": "MIIB", "password": "p"});
    done(&server, &id, &mut phone, pfx.clone()).await;
    done(&server, &id, &mut phone, pfx).await;
    let pfx = format!("{CSP}/ClientCertificateInstall/PFXCertInstall/mail");
    assert_eq!(phone.node(&format!("{pfx}/KeyLocation")).unwrap(), "2");

    let renewal = json!({"type": "certificate_renewal", "renew_days": 60, "retry_days": 4});
    done(&server, &id, &mut phone, renewal).await;
    let renew = format!("{CSP}/CertificateStore/My/WSTEP/Renew");
    assert_eq!(phone.node(&format!("{renew}/ROBOSupport")).unwrap(), "true");
    assert_eq!(phone.node(&format!("{renew}/RetryInterval")).unwrap(), "4");
}

#[tokio::test]
async fn a_phone_gets_wifi_and_vpn_profiles() {
    let (server, id, mut phone) = phone().await;
    let wifi = json!({"type": "wifi_profile", "name": "Lab 1", "proxy": "proxy.contoso.test:8080",
        "profile": "<WLANProfile><name>Lab 1</name></WLANProfile>"});
    done(&server, &id, &mut phone, wifi.clone()).await;
    done(&server, &id, &mut phone, wifi).await;
    let proxy = format!("{CSP}/WiFi/Profile/Lab 1/Proxy");
    assert_eq!(phone.node(&proxy).unwrap(), "proxy.contoso.test:8080");
    let remove = json!({"type": "wifi_remove", "name": "Lab 1"});
    done(&server, &id, &mut phone, remove).await;
    assert_eq!(phone.node(&proxy), None);

    let vpn = |server: &str| {
        json!({"type": "vpn_connection", "name": "Office", "settings": {"Server": server,
            "ThirdParty/Name": "JunOS Pulse", "Policies/SplitTunnel": true,
            "Proxy/Manual/Server": "p", "Proxy/Manual/Port": 8080}})
    };
    done(&server, &id, &mut phone, vpn("a.contoso.test")).await;
    // ThirdParty/Name takes no Replace: the profile is made anew.
    done(&server, &id, &mut phone, vpn("b.contoso.test")).await;
    let node = format!("{CSP}/VPN/Office/Server");
    assert_eq!(phone.node(&node).unwrap(), "b.contoso.test");
    let remove = json!({"type": "vpn_remove", "name": "Office"});
    done(&server, &id, &mut phone, remove.clone()).await;
    done(&server, &id, &mut phone, remove).await;
    assert_eq!(phone.node(&node), None);
}

#[tokio::test]
async fn a_phone_installs_updates_and_removes_a_company_app() {
    let (server, id, mut phone) = phone().await;
    let app =
        |name: &str| json!({"type": name, "enterprise_id": "4000000001", "product_id": PRODUCT});
    let install = |version: &str| {
        let mut body = app("company_app_install");
        body["name"] = "Orders".into();
        body["url"] = format!("https://apps.contoso.test/{version}.xap").into();
        body["version"] = version.into();
        body
    };
    let enroll = json!({"type": "company_apps_enroll", "enterprise_id": "4000000001",
        "enrollment_token": "QUVU", "crl_check": false});
    done(&server, &id, &mut phone, enroll).await;
    // The second finds the download of the first: 418, then Replace.
    for version in ["1.0.0.0", "2.0.0.0"] {
        done(&server, &id, &mut phone, install(version)).await;
        let status = done(&server, &id, &mut phone, app("company_app_status")).await;
        let read = server.get(&format!("/commands/{status}")).await;
        let data: Vec<&str> = read["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|result| result["data"].as_str())
            .collect();
        assert!(data.contains(&"5") && data.contains(&version), "{read}");
    }
    done(&server, &id, &mut phone, app("company_app_remove")).await;
    let inventory = format!("{CSP}/EnterpriseAppManagement/4000000001/EnterpriseApps/Inventory");
    assert_eq!(phone.node(&format!("{inventory}/{PRODUCT}/Version")), None);
}

#[tokio::test]
async fn the_phone_refuses_what_its_reference_does_not_have() {
    let (server, id, mut phone) = phone().await;
    let raw = |verb: &str, node: &str, format: &str, data: &str| {
        json!({"type": "raw", "verb": verb, "loc_uri": format!("{CSP}/{node}"),
            "format": format, "data": data})
    };
    let hash = "AB".repeat(20);
    for (body, status) in [
        (
            raw(
                "Add",
                &format!("CertificateStore/Root/System/{hash}/EncodedCertificate"),
                "chr",
                "MIIB",
            ),
            415,
        ),
        (
            raw(
                "Add",
                &format!("CertificateStore/Root/System/{hash}/EncodedCertificate"),
                "b64",
                "no",
            ),
            400,
        ),
        (
            raw(
                "Add",
                "CertificateStore/Root/System/12/EncodedCertificate",
                "b64",
                "MIIB",
            ),
            500,
        ),
        (raw("Add", "VPN/v/Server", "chr", "h"), 500),
        (
            raw(
                "Add",
                "WiFi/Profile/Lab/WlanXml",
                "chr",
                "<a><name>Other</name></a>",
            ),
            500,
        ),
        (
            raw(
                "Replace",
                "EnterpriseAppManagement/1/EnrollmentToken",
                "chr",
                "QUVU",
            ),
            404,
        ),
    ] {
        let command = server.queue(&id, body.clone()).await;
        poll(&mut phone).await;
        let read = server.get(&format!("/commands/{command}")).await;
        assert_eq!(read["state"], "failed", "{body}: {read}");
        assert_eq!(read["results"][0]["status"], status, "{body}: {read}");
    }
    // A challenge is a secret: reading it back stays unclassified.
    let challenge = raw(
        "Get",
        "CertificateStore/My/SCEP/vpn/Install/Challenge",
        "chr",
        "",
    );
    let command = server.queue(&id, challenge).await;
    assert_eq!(
        server.get(&format!("/commands/{command}")).await["kind"],
        "unclassified"
    );
}

#[tokio::test]
async fn a_phone_that_names_machine_gets_none_of_it_and_a_tablet_cannot_ask() {
    let (server, id, mut phone) = phone().await;
    let command = server.queue(&id, scep()).await;
    let report = phone.session("Machine", "").await.unwrap();
    assert_eq!(report.received.len(), 0, "{report:?}");
    assert_eq!(server.state(&command).await, "queued");
    let tablet = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let path = format!("/devices/{tablet}/commands");
    let (status, body) = server.api("POST", &path, Some(scep())).await;
    assert_eq!(status, 422, "{body}");
}
