//! Loopback is this machine only where no trusted proxy passes on what comes from elsewhere.

use serde_json::json;

use crate::harness::Server;
use crate::program::program;

async fn metrics(server: &Server, token: Option<&str>) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.get(format!("{}/metrics", server.http));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn metrics_and_webhooks_do_not_trust_loopback_behind_a_proxy() {
    for (config, is_local) in [
        ("", true),
        ("trusted_proxies = ['127.0.0.1']\n", false),
        ("trusted_proxies = ['10.0.0.1']\n", false),
    ] {
        let server = Server::configured(config, &[]);
        let open = if is_local { 200 } else { 401 };
        assert_eq!(metrics(&server, None).await, open, "{config}");
        assert_eq!(metrics(&server, Some(&server.token)).await, 200, "{config}");
        let hook = json!({"url": "http://127.0.0.1:9/hook", "events": ["install.*"]});
        let (status, answer) = server.api("POST", "/webhooks", Some(hook)).await;
        let expected = if is_local { 201 } else { 422 };
        assert_eq!(status, expected, "{config}: {answer}");
    }
}

#[test]
fn devices_are_not_accepted_by_name_behind_a_proxy() {
    let own = tempfile::tempdir().unwrap();
    let file = own.path().join("modegate.toml");
    std::fs::write(&file, "trusted_proxies = ['127.0.0.1']\n").unwrap();
    let mut serve = program();
    serve.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--accept-unknown-devices",
    ]);
    serve.arg("--data").arg(own.path().join("data"));
    let output = serve.arg("--config").arg(&file).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("trusted_proxies"), "{said}");
    std::fs::write(
        &file,
        "trusted_proxies = ['127.0.0.1']\naccept_unknown_devices = true\n",
    )
    .unwrap();
    let check = program().args(["config", "check"]).arg(&file).output();
    let check = check.unwrap();
    let said = [check.stdout, check.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(
        !check.status.success() && said.contains("accepted by its name alone"),
        "{said}"
    );
}
