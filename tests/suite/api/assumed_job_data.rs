//! An app of the catalogue without JobData: the shipped template, which is assumed.

use modegate_sim::{JobStage, Trigger};
use serde_json::json;

use super::installs::{pick, states, to_the_end};
use crate::harness::Server;
use crate::sync::simulated_device::{enrolled, sync};

fn app(urls: serde_json::Value) -> serde_json::Value {
    json!({"id": "erp", "name": "ERP", "urls": urls,
        "package_full_name": "Contoso.Erp_1.1.0.0_x86__8wekyb3d8bbwe"})
}

#[tokio::test]
async fn an_app_with_a_package_and_a_url_installs_without_hand_written_data() {
    let (server, device, mut tablet) = enrolled("t").await;
    // The ampersand must be escaped: the tablet reads the XML.
    let urls = json!(["https://apps.contoso.test/erp.appx?a=1&b=2"]);
    let (status, made) = server.api("POST", "/apps", Some(app(urls))).await;
    assert_eq!((status, &made["warnings"]), (201, &serde_json::Value::Null));
    let install = pick(&server, &device, "erp").await;
    sync(&mut tablet, Trigger::Logon).await;
    let install = to_the_end(&server, &device, &install, &mut tablet).await;
    assert_eq!(install["state"], "installed", "{:?}", states(&install));
    assert_eq!(tablet.jobs()[0].stage, JobStage::Done);
}

#[tokio::test]
async fn without_a_url_or_with_the_template_turned_off_it_says_what_is_missing() {
    let own = tempfile::tempdir().unwrap();
    let config = own.path().join("modegate.toml");
    std::fs::write(&config, "[templates]\napp_install = ''\n").unwrap();
    let off = [
        "--accept-unknown-devices",
        "--config",
        config.to_str().unwrap(),
    ];
    for (server, urls) in [
        (Server::start(), json!([])),
        (
            Server::start_with(&off),
            json!(["https://apps.contoso.test/erp.appx"]),
        ),
    ] {
        let device = server.register(json!({"source": "t"})).await;
        let (status, made) = server.api("POST", "/apps", Some(app(urls))).await;
        assert_eq!(status, 201, "{made}");
        assert!(
            made["warnings"][0]
                .as_str()
                .unwrap()
                .contains("templates.app_install")
        );
        let path = format!("/devices/{device}/installs");
        let (status, refused) = server.api("POST", &path, Some(json!({"app": "erp"}))).await;
        assert_eq!(status, 422, "{refused}");
    }
}
