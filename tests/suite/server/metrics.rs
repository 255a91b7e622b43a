//! `/healthz`, `/readyz`, `/metrics`: what the server says of itself.

use std::time::Instant;

use serde_json::json;

use crate::harness::{Server, answers, demo_queue, message, package1};
use crate::wait::{DEADLINE, eventually, seen};

pub async fn get(server: &Server, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{}{path}", server.http))
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The value of the series that is written so.
pub fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    let line = line.unwrap_or_else(|| panic!("no {series} in:\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_fresh_server_is_alive_and_ready() {
    let server = Server::start();
    assert_eq!(get(&server, "/healthz").await.0, 200);
    for _ in 0..3 {
        let (status, body) = get(&server, "/readyz").await;
        assert_eq!((status, body.as_str()), (200, r#"{"status":"ready"}"#));
    }
}

#[tokio::test]
async fn exchanges_decisions_and_sessions_are_counted() {
    let server = Server::start();
    let (_, _) = demo_queue(&server, "counted-device").await;
    let reply = server
        .sync("Machine", &package1("counted-device", "1", 1, "none"))
        .await;
    assert_eq!(reply.commands.len(), 2);
    server
        .sync(
            "Machine",
            &message("counted-device", "1", 2, &answers(&reply, 200)),
        )
        .await;
    let stranger = server.post("mode=Apps", "text/plain", Vec::new()).await;
    assert_eq!(stranger.0, 415);

    let (status, text) = get(&server, "/metrics").await;
    assert_eq!(status, 200);
    for (series, expected) in [
        ("modegate_exchanges_total{mode=\"Machine\"}", 2.0),
        ("modegate_exchanges_total{mode=\"Apps\"}", 0.0),
        (
            "modegate_exchange_duration_seconds_count{mode=\"Machine\"}",
            2.0,
        ),
        (
            "modegate_decisions_total{kind=\"inventory\",outcome=\"delivered\"}",
            1.0,
        ),
        (
            "modegate_decisions_total{kind=\"app_install\",outcome=\"withheld\"}",
            1.0,
        ),
        (
            "modegate_decisions_total{kind=\"app_install\",outcome=\"delivered\"}",
            0.0,
        ),
        ("modegate_sessions_begun_total", 1.0),
        ("modegate_sessions_ended_total", 1.0),
        ("modegate_store_load_duration_seconds_count", 2.0),
        (
            "modegate_api_requests_total{method=\"POST\",class=\"2xx\"}",
            5.0,
        ),
        ("modegate_policy_reloads_total{result=\"loaded\"}", 0.0),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }
    assert!(value(&text, "modegate_store_commit_duration_seconds_count") >= 7.0);
    assert!(value(&text, "modegate_store_syncs_total{of=\"commit\"}") >= 1.0);
    assert!(value(&text, "modegate_http_requests_total{class=\"4xx\"}") >= 1.0);
    assert!(
        !text.contains("counted-device"),
        "no device may be a label:\n{text}"
    );
}

#[tokio::test]
async fn queues_are_looked_at_in_the_background() {
    let server = Server::start();
    let device = server.register(json!({"source": "waiting"})).await;
    server
        .queue(
            &device,
            json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
        )
        .await;
    let is_counted =
        |text: &String| value(text, "modegate_queue_commands{state=\"queued\"}") == 1.0;
    let look = async || seen(get(&server, "/metrics").await.1, is_counted);
    let text = eventually(DEADLINE, look).await;
    assert!(value(&text, "modegate_queue_oldest_age_seconds") >= 0.0);
}

#[tokio::test]
async fn strangers_are_counted_by_reason_and_a_proxy_needs_the_token() {
    let server = Server::start_with(&[]);
    let query = "mode=Machine&Platform=WoA";
    let body = package1("nobody", "1", 1, "none").into_bytes();
    let (status, _, _) = server.post(query, crate::harness::SYNCML, body).await;
    assert_eq!(status, 403);
    let (_, text) = get(&server, "/metrics").await;
    assert_eq!(
        value(&text, "modegate_strangers_total{reason=\"unknown\"}"),
        1.0
    );

    let client = reqwest::Client::new();
    let passed_on = || {
        client
            .get(format!("{}/metrics", server.http))
            .header("x-forwarded-for", "192.0.2.7")
    };
    assert_eq!(passed_on().send().await.unwrap().status(), 401);
    let with_token = passed_on().bearer_auth(&server.token).send().await;
    assert_eq!(with_token.unwrap().status(), 200);
}

#[tokio::test]
async fn refused_handshakes_are_counted() {
    use std::io::{Read, Write};
    let server = Server::start();
    let address = server.https.trim_start_matches("https://").to_owned();
    let answered = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        answer
    });
    answered.await.unwrap();
    let (_, text) = get(&server, "/metrics").await;
    let refused = text
        .lines()
        .filter(|line| line.starts_with("modegate_tls_handshakes_refused_total{reason="))
        .count();
    assert_eq!(refused, 1, "{text}");
}

/// A server inside this process, so that it can be asked while it ends.
#[test]
fn readyz_says_when_the_server_is_ending() {
    let own = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut options = modegate_server::serve::Options::new(own.path());
    options.settings.compliance.enabled = false;
    options.settings.listen = "127.0.0.1:0".parse().unwrap();
    options.settings.insecure_http = Some("127.0.0.1:0".parse().unwrap());
    options.drain = std::time::Duration::from_secs(60);
    actix_web::rt::System::new().block_on(async move {
        let running = modegate_server::serve::start(options).await.unwrap();
        let url = format!("http://{}/readyz", running.http.unwrap());
        assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
        let ending = actix_web::rt::spawn(running.stop());
        let begun = Instant::now();
        loop {
            let answer = reqwest::get(&url).await.unwrap();
            if answer.status() == 503 {
                assert!(answer.text().await.unwrap().contains("shutting down"));
                break;
            }
            assert!(begun.elapsed() < DEADLINE, "it never said so");
        }
        ending.abort();
    });
}
