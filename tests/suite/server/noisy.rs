//! One device that floods beside quiet ones: they all get through, it is told to
//! come later. How long they take is what `cargo bench --bench noisy` measures.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine};
use modegate_server::config::Limits;
use modegate_server::serve::{Options, start};

use crate::harness::{SYNCML, message_with};

const QUIET: u8 = 20;
/// Sessions of each quiet device.
const SESSIONS: usize = 3;
/// Connections of the flood, and the least that each asks.
const FLOODING: usize = 4;
const FLOOD: usize = 200;

/// As the shipped ones, but small enough to meet within a test.
fn limits() -> Limits {
    Limits {
        device_per_minute: 60,
        device_burst: 20,
        address_per_minute: 400,
        token_per_minute: 0,
        sync_under_way: 64,
        event_streams: 1,
        event_streams_per_token: 1,
        open_installs_per_token: 1,
        connections: 1_000,
        sync_body: 1024 * 1024,
        sync_bodies: 64 * 1024 * 1024,
        ..Limits::default()
    }
}

#[test]
fn quiet_devices_get_through_beside_one_that_floods() {
    let own = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    actix_web::rt::System::new().block_on(async {
        let mut options = Options::new(own.path().join("data"));
        options.settings.compliance.enabled = false;
        options.settings.listen = ([127, 0, 0, 1], 0).into();
        options.settings.insecure_http = Some(([127, 0, 0, 1], 0).into());
        options.settings.limits = limits();
        let running = start(options).await.unwrap();
        let url = format!("http://{}", running.http.unwrap());
        register(&url, running.token.reveal()).await;
        let calm_again = Arc::new(AtomicBool::new(false));
        let floods: Vec<_> = (0..FLOODING)
            .map(|_| tokio::spawn(flood(url.clone(), Arc::clone(&calm_again))))
            .collect();
        let quiets: Vec<_> = (0..QUIET)
            .map(|n| tokio::spawn(quiet(url.clone(), n)))
            .collect();
        for quiet in quiets {
            quiet.await.unwrap();
        }
        calm_again.store(true, Ordering::Relaxed);
        let mut answers = BTreeMap::new();
        for flood in floods {
            for (status, count) in flood.await.unwrap() {
                *answers.entry(status).or_insert(0) += count;
            }
        }
        assert!(answers[&429] > 0, "it is told to come later: {answers:?}");
        let expected = [200, 400, 403, 413, 429, 503];
        assert!(
            answers.keys().all(|status| expected.contains(status)),
            "{answers:?}"
        );
        let got_through: usize = answers
            .iter()
            .filter(|(of, _)| **of < 429)
            .map(|(_, n)| n)
            .sum();
        // A burst, and what came free within a minute.
        let most = 2 * limits().address_per_minute as usize;
        assert!(got_through < most, "{answers:?}");
        running.stop().await.unwrap();
    });
}

async fn register(url: &str, token: &str) {
    let client = client([127, 0, 0, 1]);
    let names = (0..QUIET).map(|n| format!("quiet{n}"));
    for source in names.chain(["noisy".to_owned()]) {
        let credentials = serde_json::json!({"username": "u", "password": "secret-password"});
        let body = serde_json::json!({"source": source, "credentials": credentials});
        let request = client
            .post(format!("{url}/api/v1/devices"))
            .bearer_auth(token);
        assert_eq!(request.json(&body).send().await.unwrap().status(), 201);
    }
}

/// Sessions of one quiet device, from an address of its own; each must go well.
async fn quiet(url: String, n: u8) {
    for session in 1..=SESSIONS {
        let client = client([127, 0, 3, n + 1]);
        let text = package(&format!("quiet{n}"), session);
        let (status, _, reply) = post(&client, &url, text).await;
        assert_eq!(status, 200, "{reply}");
        assert!(reply.contains("<Final/>"), "{reply}");
    }
}

/// What is right, what names nobody and what is no SyncML, without a pause.
async fn flood(url: String, calm_again: Arc<AtomicBool>) -> BTreeMap<u16, usize> {
    let client = client([127, 0, 4, 1]);
    let bodies = [
        package("noisy", 1),
        package("nobody", 1),
        "<SyncML><SyncHdr>".repeat(40),
    ];
    let mut answers = BTreeMap::new();
    for (asked, body) in bodies.iter().cycle().enumerate() {
        if asked >= FLOOD && calm_again.load(Ordering::Relaxed) {
            break;
        }
        let (status, told_when, _) = post(&client, &url, body.clone()).await;
        assert!(told_when || status < 429, "{status} without Retry-After");
        *answers.entry(status).or_insert(0) += 1;
    }
    answers
}

fn client(from: [u8; 4]) -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client
        .local_address(std::net::IpAddr::from(from))
        .build()
        .unwrap()
}

/// Status, whether it said when to come again, and the body.
async fn post(client: &reqwest::Client, url: &str, body: String) -> (u16, bool, String) {
    let request = client
        .post(format!("{url}/sync?mode=Machine&Platform=WoA"))
        .header("content-type", SYNCML)
        .body(body);
    let answer = request.send().await.unwrap();
    let told_when = answer.headers().contains_key("retry-after");
    (
        answer.status().as_u16(),
        told_when,
        answer.text().await.unwrap(),
    )
}

fn package(source: &str, session: usize) -> String {
    let data = BASE64_STANDARD.encode("u:secret-password");
    let cred = format!(
        "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format>\
         <Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
    );
    let alert = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    message_with(source, &session.to_string(), 1, &cred, alert)
}
