//! Strangers who name a device take nothing of it: not its turn, not its rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::harness::{SYNCML, Server, message_with};
use crate::wait::{DEADLINE, eventually, seen};

const QUERY: &str = "mode=Machine&Platform=WoA";

fn cred(password: &str) -> String {
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{}</Data></Cred>",
        STANDARD.encode(format!("u:{password}"))
    )
}

/// Package 1 of a session of the device, by that password.
fn hello(session: usize, password: &str) -> Vec<u8> {
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    message_with("d", &session.to_string(), 1, &cred(password), body).into_bytes()
}

async fn registered(server: &Server) -> String {
    let credentials = json!({"username": "u", "password": "right"});
    server
        .register(json!({"source": "d", "credentials": credentials}))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_of_a_device_fails_for_strangers_who_name_it() {
    let server = Arc::new(Server::start_with(&[]));
    registered(&server).await;
    let (end, challenged) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let strangers: Vec<_> = (0..24)
        .map(|_| {
            let (server, end, challenged) = (
                Arc::clone(&server),
                Arc::clone(&end),
                Arc::clone(&challenged),
            );
            tokio::spawn(async move {
                while !end.load(Ordering::Relaxed) {
                    let (status, _, _) = server.post(QUERY, SYNCML, hello(1, "wrong")).await;
                    assert!(matches!(status, 200 | 429), "{status}");
                    challenged.fetch_add(usize::from(status == 200), Ordering::Relaxed);
                }
            })
        })
        .collect();
    let look = async || seen(challenged.load(Ordering::Relaxed), |count| *count >= 24);
    eventually(DEADLINE, look).await;
    for session in 0..25 {
        let (status, _, text) = server.post(QUERY, SYNCML, hello(session, "right")).await;
        assert_eq!(status, 200, "{session}: {text}");
        assert!(text.contains("<Data>200</Data>"), "{text}");
    }
    end.store(true, Ordering::Relaxed);
    for stranger in strangers {
        stranger.await.unwrap();
    }
}

#[tokio::test]
async fn a_device_has_its_rate_for_itself() {
    let text = "[limits]\nrequests_per_device_per_minute = 3\n";
    let server = Server::configured(text, &[]);
    registered(&server).await;
    for _ in 0..20 {
        let (status, _, text) = server.post(QUERY, SYNCML, hello(1, "wrong")).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("<Data>401</Data>"), "{text}");
    }
    let mut statuses = Vec::new();
    for session in 0..4 {
        statuses.push(server.post(QUERY, SYNCML, hello(session, "right")).await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
}

#[tokio::test]
async fn what_proves_nothing_counts_for_its_address_and_what_does_for_the_device() {
    let text = "[limits]\nrequests_per_address_per_minute = 10\n";
    let server = Server::configured(text, &[]);
    registered(&server).await;
    // On a connection of its own, which proves itself with the first message.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let say = async |client: &reqwest::Client, session: usize, password: &str| {
        let request = client.post(format!("{}/sync?{QUERY}", server.http));
        let request = request.header("content-type", SYNCML);
        let answer = request.body(hello(session, password)).send().await.unwrap();
        let status = answer.status().as_u16();
        answer.bytes().await.unwrap();
        status
    };
    assert_eq!(say(&client, 0, "right").await, 200);
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(say(&stranger, 1, "wrong").await == 429);
    }
    assert!(refused >= 10, "{refused}");
    for session in 1..20 {
        assert_eq!(say(&client, session, "right").await, 200, "{session}");
    }
    // Whoever has proved something may not say what it likes from then on.
    assert_eq!(say(&client, 30, "wrong").await, 429);
}
