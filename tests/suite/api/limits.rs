//! Limits on how often and how much at once.

use modegate_server::config::Limits;
use modegate_server::serve::{Options, start};

use serde_json::json;

use crate::harness::{SYNCML, Server, message_with, package1};

/// Runs `test` against a server in this process with these limits, small enough to
/// meet: its plain address and its token.
fn against<F: Future<Output = ()>>(limits: Limits, test: fn(String, String) -> F) {
    let own = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    actix_web::rt::System::new().block_on(async {
        let mut options = Options::new(own.path().join("data"));
        options.settings.compliance.enabled = false;
        options.settings.listen = ([127, 0, 0, 1], 0).into();
        options.settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        options.settings.limits = limits;
        let running = start(options).await.unwrap();
        let url = format!("http://{}", running.http.unwrap());
        test(url, running.token.reveal().to_owned()).await;
        running.stop().await.unwrap();
    });
}

async fn get(url: &str, token: &str) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{url}/api/v1/devices"));
    request.bearer_auth(token).send().await.unwrap()
}

fn is_told_when(answer: &reqwest::Response) {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let after: u32 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&after));
}

#[test]
fn a_token_over_its_rate_waits() {
    let limits = Limits {
        token_per_minute: 3,
        ..Limits::default()
    };
    against(limits, |url, token| async move {
        for _ in 0..3 {
            assert_eq!(get(&url, &token).await.status(), 200);
        }
        let refused = get(&url, &token).await;
        assert_eq!(refused.status(), 429);
        is_told_when(&refused);
        assert_eq!(get(&url, "another").await.status(), 401);
    });
}

#[test]
fn an_address_over_its_rate_waits_whatever_it_asks() {
    let limits = Limits {
        address_per_minute: 3,
        ..Limits::default()
    };
    against(limits, |url, token| async move {
        for _ in 0..3 {
            assert_eq!(get(&url, "guess").await.status(), 401);
        }
        let refused = get(&url, &token).await;
        assert_eq!(refused.status(), 429);
        is_told_when(&refused);
    });
}

#[test]
fn an_overloaded_device_endpoint_says_so_at_once() {
    let limits = Limits {
        sync_under_way: 0,
        ..Limits::default()
    };
    against(limits, |url, token| async move {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .post(format!("{url}/sync?mode=Machine&Platform=WoA"))
            .header("content-type", SYNCML)
            .body(package1("tablet", "1", 1, "none"));
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), 503);
        is_told_when(&refused);
        assert_eq!(get(&url, &token).await.status(), 200, "the API goes on");
    });
}

#[tokio::test]
async fn a_device_over_its_rate_is_told_so_and_others_go_on() {
    let server = Server::configured("[limits]\nrequests_per_device_per_minute = 20\n", &[]);
    for source in ["loud", "quiet"] {
        let credentials = json!({"username": "u", "password": "p"});
        server
            .register(json!({"source": source, "credentials": credentials}))
            .await;
    }
    let message = |source: &str| {
        // u:p
        let cred = "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>dTpw</Data></Cred>";
        message_with(source, "1", 1, cred, "<Final/>").into_bytes()
    };
    let mut refused = None;
    for _ in 0..100 {
        let (status, headers, body) = server
            .post("mode=Machine&Platform=WoA", SYNCML, message("loud"))
            .await;
        if status == 429 {
            refused = Some((headers, body));
            break;
        }
        assert_eq!(status, 200);
    }
    let (headers, body) = refused.expect("the rate of a device");
    assert_eq!(
        headers["content-type"], "application/problem+json",
        "{body}"
    );
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let (status, _, _) = server
        .post("mode=Machine&Platform=WoA", SYNCML, message("quiet"))
        .await;
    assert_eq!(status, 200, "another device has a rate of its own");
}
