//! Webhooks: signed, at least once, and to nowhere that they may not go.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::api::installs::{app, pick};
use crate::files::files;
use crate::harness::Server;
use crate::receiver::Received;
use crate::server::metrics;
use crate::wait::{DEADLINE, eventually, seen};

/// A receiver that answers by what it is told, then 200.
pub struct Receiver {
    pub url: String,
    got: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub fn start(answers: &[&str]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (seen, mut answers) = (
            Arc::clone(&got),
            answers.iter().map(|&a| a.to_owned()).collect::<Vec<_>>(),
        );
        answers.reverse();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let Some(request) = Received::read(&stream) else {
                    continue;
                };
                seen.lock().unwrap().push(request);
                let answer = answers.pop().unwrap_or_else(|| "200 OK".to_owned());
                let _ = write!(
                    stream,
                    "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            }
        });
        Receiver { url, got }
    }

    /// Waits until so many came.
    pub async fn until(&self, count: usize) -> Vec<Received> {
        let look = async || seen(self.got.lock().unwrap().clone(), |got| got.len() >= count);
        eventually(DEADLINE, look).await
    }
}

pub async fn hook(server: &Server, body: Value) -> Value {
    let (status, answer) = server.api("POST", "/webhooks", Some(body)).await;
    assert_eq!(status, 201, "{answer}");
    answer
}

#[tokio::test]
async fn every_step_is_told_and_signed() {
    let server = Server::start();
    let receiver = Receiver::start(&[]);
    let made = hook(
        &server,
        json!({"url": format!("{}/distinct-path", receiver.url)}),
    )
    .await;
    let secret = made["secret"].as_str().unwrap();
    let device = server
        .register(json!({"source": "t", "user": "ann@contoso.test"}))
        .await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    let (_, gone) = server.api("DELETE", &format!("/installs/{id}"), None).await;
    let steps = gone["steps"].as_array().unwrap();
    let got = receiver.until(steps.len()).await;
    for (got, step) in got.iter().zip(steps) {
        let event = format!("install.{}", step["state"].as_str().unwrap());
        assert_eq!(
            (got.path.as_str(), got.header("modegate-event")),
            ("/distinct-path", event.as_str())
        );
        assert_eq!(got.header("modegate-signature"), signed(secret, got));
        let body = got.json();
        assert_eq!((&body["type"], &body["at"]), (&json!(event), &step["at"]));
        assert_eq!(body["id"], format!("{id}-{}", step["step"]));
        assert_eq!(body["install"]["id"], id);
        assert_eq!(body["install"]["user"], "ann@contoso.test");
    }
    // Secret and path are shown nowhere, and lie sealed.
    let list = server.get("/webhooks").await;
    assert_eq!(list["items"][0]["host"], receiver.url);
    let shown = [list, server.get("/events?limit=200").await];
    for text in [secret, "distinct-path"] {
        assert!(shown.iter().all(|shown| !shown.to_string().contains(text)));
        for path in files(&server.dir) {
            let bytes = std::fs::read(path).unwrap();
            assert!(
                !bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes()),
                "{text}"
            );
        }
    }
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(server.api("DELETE", &path, None).await.0, 204);
    assert_eq!(server.api("DELETE", &path, None).await.0, 404);
}

#[tokio::test]
async fn only_what_it_wants_and_only_of_its_groups() {
    let server = Server::start();
    let (all, some, other) = (
        Receiver::start(&[]),
        Receiver::start(&[]),
        Receiver::start(&[]),
    );
    hook(&server, json!({"url": all.url})).await;
    hook(
        &server,
        json!({"url": some.url, "events": ["install.cancelled"], "groups": ["sales"]}),
    )
    .await;
    hook(&server, json!({"url": other.url, "groups": ["it"]})).await;
    let device = server
        .register(json!({"source": "t", "groups": ["sales"]}))
        .await;
    app(&server, "erp", "1.0").await;
    let id = pick(&server, &device, "erp").await;
    let (_, gone) = server.api("DELETE", &format!("/installs/{id}"), None).await;
    all.until(gone["steps"].as_array().unwrap().len()).await;
    let got = some.until(1).await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].header("modegate-event"), "install.cancelled");
    assert!(other.got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_taken_comes_again_over_a_kill_too() {
    let own = tempfile::tempdir().unwrap();
    let mut server = Server::in_dir(&own.path().join("data"), &["--accept-unknown-devices"]);
    // A redirect is no success, and is not followed.
    let receiver = Receiver::start(&["302 Found\r\nlocation: /elsewhere", "500 No"]);
    let body = json!({"url": format!("{}/hook", receiver.url), "events": ["install.requested"], "secret": "0123456789abcdef"});
    let made = hook(&server, body).await;
    assert_eq!(
        made["secret"],
        Value::Null,
        "one that was given is not repeated"
    );
    let device = server.register(json!({"source": "t"})).await;
    app(&server, "erp", "1.0").await;
    pick(&server, &device, "erp").await;
    receiver.until(1).await;
    server.kill_and_restart();
    assert_eq!(server.get("/webhooks").await["items"][0]["waiting"], 1);
    let got = receiver.until(3).await;
    assert!(got.iter().all(|got| got.path == "/hook"));
    assert_eq!(
        got[0].json()["id"],
        got[2].json()["id"],
        "by its id it is known again"
    );
    let look = async || {
        seen(server.get("/webhooks").await, |all| {
            all["items"][0]["waiting"] == 0
        })
    };
    eventually(DEADLINE, look).await;
}

#[tokio::test]
async fn webhooks_do_not_reach_inside() {
    let server = Server::start();
    for url in [
        "http://hooks.contoso.test/",
        "https://10.0.0.1/",
        "https://192.168.0.1:8443/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0xA000001/",
        "https://user:pass@hooks.contoso.test/",
        "file:///etc/passwd",
        "https://",
    ] {
        let (status, refused) = server
            .api("POST", "/webhooks", Some(json!({"url": url})))
            .await;
        assert_eq!(
            (status, &refused["field"]),
            (422, &json!("url")),
            "{url} {refused}"
        );
    }
    for (body, field) in [
        (
            json!({"url": "https://hooks.contoso.test/", "events": ["install.*", "x"]}),
            "events[1]",
        ),
        (
            json!({"url": "https://hooks.contoso.test/", "events": []}),
            "events",
        ),
        (
            json!({"url": "https://hooks.contoso.test/", "secret": "short"}),
            "secret",
        ),
        (json!({"events": ["install.*"]}), "url"),
    ] {
        let (status, refused) = server.api("POST", "/webhooks", Some(body)).await;
        assert_eq!(
            (status, &refused["field"]),
            (422, &json!(field)),
            "{refused}"
        );
    }
    assert_eq!(server.get("/webhooks").await["items"], json!([]));
}

/// The signature by that secret, worked out here once more.
fn signed(secret: &str, got: &Received) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let text = format!("{}.{}", got.header("modegate-timestamp"), got.body);
    let tag = hmac::sign(&key, text.as_bytes());
    let digits: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("v1={digits}")
}

#[tokio::test]
async fn deliveries_are_listed_tested_and_sent_again() {
    let server = Server::start();
    let receiver = Receiver::start(&["500 Internal Server Error"]);
    let made = hook(&server, json!({"url": receiver.url})).await;
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    let (status, test) = server.api("POST", &format!("{path}/test"), None).await;
    assert_eq!((status, &test["state"]), (202, &json!("waiting")), "{test}");
    // The first attempt fails: it is written down why, and it is tried again.
    let list = format!("{path}/deliveries");
    let failed = async || {
        let all = server.get(&list).await;
        seen(all["items"][0].clone(), |one| one["attempts"] == 1)
    };
    let failed = eventually(DEADLINE, failed).await;
    assert_eq!(failed["state"], "waiting", "{failed}");
    assert!(
        failed["error"].as_str().unwrap().contains("500"),
        "{failed}"
    );
    assert_eq!(failed["body"]["type"], "webhook.test");
    // Once more by hand, which does not wait for the pause.
    let id = failed["id"].as_str().unwrap();
    let again = format!("{list}/{id}/redelivery");
    let (status, copy) = server.api("POST", &again, None).await;
    assert_eq!((status, &copy["body"]), (202, &failed["body"]), "{copy}");
    let got = receiver.until(2).await;
    assert_eq!(got[0].body, got[1].body);
    let delivered = async || {
        let all = server.get(&list).await;
        seen(all["items"][0].clone(), |one| one["state"] == "delivered")
    };
    let delivered = eventually(DEADLINE, delivered).await;
    assert!(delivered["ended_at"].is_string() && delivered["due_at"].is_null());
    let (status, _) = server
        .api("POST", &format!("{list}/999/redelivery"), None)
        .await;
    assert_eq!(status, 404);
    let log = server.get("/events?type=webhook.delivery_requested").await;
    assert_eq!(log["items"].as_array().unwrap().len(), 2, "{log}");
}

#[tokio::test]
async fn a_secret_is_changed_without_losing_a_delivery() {
    let server = Server::start();
    let receiver = Receiver::start(&[]);
    let old = "the secret of before";
    let made = hook(&server, json!({"url": receiver.url, "secret": old})).await;
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    let rotate = format!("{path}/secret");
    let (status, changed) = server.api("POST", &rotate, Some(json!({}))).await;
    assert_eq!(status, 200, "{changed}");
    let new = changed["secret"].as_str().unwrap();
    assert!(changed["previous_secret_until"].is_string());
    server.api("POST", &format!("{path}/test"), None).await;
    let got = receiver.until(1).await.remove(0);
    let both = format!("{},{}", signed(new, &got), signed(old, &got));
    assert_eq!(got.header("modegate-signature"), both);
    // Without overlap the old one is void at once.
    let body = json!({"secret": "another of one's own", "overlap_s": 0});
    let (status, changed) = server.api("POST", &rotate, Some(body)).await;
    assert_eq!((status, changed.get("secret")), (200, None), "{changed}");
    server.api("POST", &format!("{path}/test"), None).await;
    let got = receiver.until(2).await.remove(1);
    let own = signed("another of one's own", &got);
    assert_eq!(got.header("modegate-signature"), own);
    let log = server.get("/events?type=webhook.changed").await;
    assert_eq!(log["items"].as_array().unwrap().len(), 2, "{log}");
    assert!(!log.to_string().contains("secret of before"));
}

#[tokio::test]
async fn attempts_and_what_waits_are_counted() {
    let server = Server::start();
    let receiver = Receiver::start(&["500 Internal Server Error"; 8]);
    hook(&server, json!({"url": receiver.url})).await;
    let device = server.register(json!({"source": "t"})).await;
    app(&server, "erp", "1.0").await;
    // Two steps: it is requested, and waits for a channel.
    pick(&server, &device, "erp").await;
    let waits = |text: &String| {
        let counted =
            |series: &str| metrics::value(text, &format!("modegate_webhook_deliveries_{series}"));
        counted("total{result=\"failed\"}") >= 1.0 && counted("waiting") == 2.0
    };
    let look = async || seen(metrics::get(&server, "/metrics").await.1, waits);
    eventually(DEADLINE, look).await;

    // Another one is taken at the first attempt.
    let server = Server::start();
    let receiver = Receiver::start(&[]);
    hook(&server, json!({"url": receiver.url})).await;
    let device = server.register(json!({"source": "t"})).await;
    app(&server, "erp", "1.0").await;
    pick(&server, &device, "erp").await;
    let is_taken = |text: &String| {
        let counted =
            |series: &str| metrics::value(text, &format!("modegate_webhook_deliveries_{series}"));
        let told = receiver.got.lock().unwrap().len() as f64;
        told >= 1.0 && counted("total{result=\"delivered\"}") == told && counted("waiting") == 0.0
    };
    let look = async || seen(metrics::get(&server, "/metrics").await.1, is_taken);
    let text = eventually(DEADLINE, look).await;
    let given_up = "modegate_webhook_deliveries_total{result=\"given_up\"}";
    assert_eq!(metrics::value(&text, given_up), 0.0);
}
