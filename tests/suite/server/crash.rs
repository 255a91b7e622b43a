//! What was acknowledged survives `kill -9`, and what is final stays final.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::harness::{Server, answers, message, package1};
use crate::wait::{DEADLINE, eventually, seen};

const DEVICES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_kills_under_load_lose_nothing_and_repeat_nothing() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut server = Server::in_dir(&dir, &["--accept-unknown-devices"]);
    let mut devices = Vec::new();
    for n in 0..DEVICES {
        devices.push(
            server
                .register(json!({"source": format!("d{n}"), "family": "windows81"}))
                .await,
        );
    }
    // Command id to what is known of it: queued (acknowledged), or final.
    let known: Arc<Mutex<HashMap<String, bool>>> = Arc::default();
    for round in 0..12 {
        let (http, token) = (server.http.clone(), server.token.clone());
        let mut load = tokio::task::JoinSet::new();
        for (n, device) in devices.iter().enumerate() {
            load.spawn(work(
                http.clone(),
                token.clone(),
                device.clone(),
                format!("d{n}"),
                round,
                Arc::clone(&known),
            ));
        }
        // Killed once a good part of the round is done, whatever the machine's speed.
        let enough = known.lock().unwrap().len() + DEVICES * 3;
        let look = async || seen(known.lock().unwrap().len(), |count| *count >= enough);
        eventually(DEADLINE, look).await;
        server.kill_and_restart();
        load.abort_all();
        while load.join_next().await.is_some() {}
        check(&server, &known).await;
    }
    let total = known.lock().unwrap().len();
    let finished = known
        .lock()
        .unwrap()
        .values()
        .filter(|is_final| **is_final)
        .count();
    assert!(
        total >= 12 * DEVICES && finished > 0,
        "{finished} of {total}"
    );
    // What is final is never delivered again.
    for n in 0..DEVICES {
        let reply = server
            .sync("Machine", &package1(&format!("d{n}"), "last", 1, "none"))
            .await;
        let again = server
            .sync(
                "Machine",
                &message(&format!("d{n}"), "last", 2, &answers(&reply, 200)),
            )
            .await;
        assert!(again.commands.is_empty());
    }
    check(&server, &known).await;
    for device in &devices {
        nothing_follows_its_final_status(&server, device).await;
    }
}

/// Reads the device's whole log: once a command is final, no later exchange carries it.
async fn nothing_follows_its_final_status(server: &Server, device: &str) {
    let (mut after, mut finished) = ("0".to_owned(), std::collections::HashSet::new());
    loop {
        let page = server
            .get(&format!("/devices/{device}/events?limit=200&after={after}"))
            .await;
        for event in page["items"].as_array().unwrap() {
            for entry in event["delivered"].as_array().into_iter().flatten() {
                assert!(
                    !finished.contains(entry["command"].as_str().unwrap()),
                    "{event}"
                );
            }
            for outcome in event["outcomes"].as_array().into_iter().flatten() {
                if outcome["state"] == "succeeded" {
                    finished.insert(outcome["command"].as_str().unwrap().to_owned());
                }
            }
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert!(!finished.is_empty());
}

/// Queues inventory and syncs it, over and over, noting what was acknowledged.
async fn work(
    http: String,
    token: String,
    device: String,
    source: String,
    round: usize,
    known: Arc<Mutex<HashMap<String, bool>>>,
) -> Option<()> {
    let client = reqwest::Client::builder().no_proxy().build().ok()?;
    for turn in 0.. {
        let queued: serde_json::Value = client
            .post(format!("{http}/api/v1/devices/{device}/commands"))
            .bearer_auth(&token)
            .json(&json!({"type": "inventory", "classes": ["Win32_BIOS"]}))
            .send()
            .await
            .ok()?
            .json()
            .await
            .ok()?;
        let id = queued["id"].as_str()?.to_owned();
        known.lock().unwrap().insert(id.clone(), false);
        let session = format!("{round}.{turn}");
        let sync = |body: String| {
            client
                .post(format!("{http}/sync?mode=Machine&Platform=WoA"))
                .header("content-type", crate::harness::SYNCML)
                .body(body)
                .send()
        };
        let reply = sync(package1(&source, &session, 1, "none"))
            .await
            .ok()?
            .text()
            .await
            .ok()?;
        let reply = crate::harness::Reply::read(reply);
        let end = sync(message(&source, &session, 2, &answers(&reply, 200)))
            .await
            .ok()?;
        if end.status() == 200 && end.text().await.is_ok() && !reply.commands.is_empty() {
            // Everything that was open went with this session, our own command among it.
            known.lock().unwrap().insert(id, true);
        }
    }
    None
}

/// Every acknowledged command is there, and what was final is.
async fn check(server: &Server, known: &Mutex<HashMap<String, bool>>) {
    let known: Vec<(String, bool)> = known
        .lock()
        .unwrap()
        .iter()
        .map(|(id, done)| (id.clone(), *done))
        .collect();
    for (id, is_final) in known {
        let (status, command) = server.api("GET", &format!("/commands/{id}"), None).await;
        assert_eq!(status, 200, "an acknowledged command is gone: {id}");
        if is_final {
            assert_eq!(command["state"], "succeeded", "{command}");
            let delivered = command["decisions"].as_array().unwrap();
            let after: Vec<_> = delivered
                .iter()
                .filter(|decision| decision["verdict"] == "deliver")
                .collect();
            assert!(!after.is_empty(), "{command}");
        }
    }
}
