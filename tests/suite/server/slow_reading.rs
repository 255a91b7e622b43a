//! What is made to take long costs its sender time, and nobody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Server, package1};
use crate::wait::{DEADLINE, eventually, seen};

/// Elements nested so that each declares a namespace of its own: 61 KB.
fn nested() -> String {
    let open: String = (0..2_300)
        .map(|n| format!("<a xmlns:n{n}=\"u\">"))
        .collect();
    format!("{open}{}", "</a>".repeat(2_300))
}

/// A profile as long as it may be, and well-formed: many elements, all of one namespace.
fn long() -> String {
    let entry = "<p:e p:a=\"1\">text &amp; more</p:e>";
    format!(
        "<p:x xmlns:p=\"u\">{}</p:x>",
        entry.repeat(60_000 / entry.len())
    )
}

#[tokio::test]
async fn a_nested_profile_is_refused_at_once() {
    let server = Server::start();
    let device = server.register(json!({"source": "t"})).await;
    let path = format!("/devices/{device}/commands");
    for (text, expected) in [(nested(), 422), (long(), 201)] {
        let body = json!({"type": "wifi_profile", "name": "n", "profile": text});
        let begun = Instant::now();
        let (status, answer) = server.api("POST", &path, Some(body)).await;
        assert_eq!(status, expected, "{answer}");
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }
    let licence = json!({"name": "n", "version": "1", "licence": nested()});
    let (status, answer) = server.api("POST", "/apps", Some(licence)).await;
    assert_eq!((status, &answer["field"]), (422, &json!("licence")));
}

#[tokio::test]
async fn a_batch_of_long_commands_holds_up_no_session() {
    let server = Server::start();
    for n in 0..40 {
        let body = json!({"source": format!("t{n}"), "groups": ["slow"]});
        server.register(body).await;
    }
    let profile = json!({"type": "wifi_profile", "name": "n", "profile": long()});
    let body = json!({"to": {"groups": ["slow"]}, "command": profile});
    let (status, batch) = server.api("POST", "/commands", Some(body)).await;
    assert_eq!(status, 202, "{batch}");
    let path = format!("/batches/{}", batch["id"].as_str().unwrap());
    let mut longest = Duration::ZERO;
    let look = async || {
        let begun = Instant::now();
        server
            .sync("Machine", &package1("other", "1", 1, "none"))
            .await;
        longest = longest.max(begun.elapsed());
        seen(server.get(&path).await, |batch| batch["state"] != "running")
    };
    let done = eventually(DEADLINE, look).await;
    assert_eq!(done["progress"]["queued"], 40, "{done}");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    let list = server.get(&format!("{path}/commands?limit=200")).await;
    let mut devices: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| command["device"].as_str().unwrap())
        .collect();
    devices.sort_unstable();
    devices.dedup();
    assert_eq!(devices.len(), 40, "each device has its command once");
}

#[tokio::test]
async fn a_try_out_with_faults_ends_soon_and_holds_up_nobody() {
    let server = Server::start();
    let text = "[[rule]]\nid = 'same'\neffect = 'nonsense'\nmode = ['x']\n".repeat(4_500);
    let files: Vec<Value> = (0..4)
        .map(|n| json!({"name": format!("{n}.toml"), "text": text}))
        .collect();
    let body = json!({"files": files});
    let begun = Instant::now();
    let tries = (0..4).map(|_| server.api("POST", "/policies/try", Some(body.clone())));
    let tries: Vec<_> = tries.collect();
    let mut longest = Duration::ZERO;
    let syncs = async {
        for _ in 0..20 {
            let begun = Instant::now();
            server.sync("Machine", &package1("t", "1", 1, "none")).await;
            longest = longest.max(begun.elapsed());
        }
    };
    let mut statuses = Vec::new();
    let all = async {
        for tried in tries {
            let (status, answer) = tried.await;
            assert!(
                answer.to_string().len() < 64 * 1024,
                "{}",
                answer.to_string().len()
            );
            if status == 422 {
                assert_eq!(answer["errors"].as_array().unwrap().len(), 100);
            }
            statuses.push(status);
        }
    };
    tokio::join!(all, syncs);
    assert!(
        statuses.iter().all(|status| matches!(status, 422 | 429)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&422), "{statuses:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert!(longest < Duration::from_secs(2), "{longest:?}");
}
