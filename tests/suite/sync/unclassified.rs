//! A command's kind is that of what leaves, and what nobody classifies does not swell what
//! every exchange reads and writes.

use std::path::Path;

use serde_json::json;

use crate::harness::{Server, answers, message, package1};

/// The shipped policies and one file more.
fn policies(dir: &Path, own: &str) {
    let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/policies"));
    std::fs::create_dir(dir).unwrap();
    for entry in std::fs::read_dir(shipped).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            std::fs::copy(&file, dir.join(file.file_name().unwrap())).unwrap();
        }
    }
    std::fs::write(dir.join("own.toml"), own).unwrap();
}

/// Bytes of the state of the only device.
fn state_bytes(server: &Server) -> i64 {
    let db = rusqlite::Connection::open(server.dir.join("modegate.db")).unwrap();
    let sql = "SELECT length(state) FROM device";
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// An address of 2,000 bytes that nothing ships a classification for.
fn node(nth: usize) -> String {
    format!("./Vendor/Contoso/{nth}-{}", "x".repeat(1_970))
}

async fn queue_unclassified(server: &Server, device: &str, commands: usize) -> Vec<String> {
    let mut queued = Vec::new();
    for nth in 0..commands {
        let raw = json!({"type": "raw", "verb": "Replace", "loc_uri": node(nth), "data": "1"});
        queued.push(server.queue(device, raw).await);
    }
    queued
}

#[tokio::test]
async fn nodes_that_nobody_classifies_do_not_swell_a_devices_state() {
    let server = Server::start();
    let device = server.register(json!({"source": "t"})).await;
    queue_unclassified(&server, &device, 200).await;
    server
        .sync("Maintenance", &package1("t", "1", 1, "user"))
        .await;
    let bytes = state_bytes(&server);
    println!("state of a device with 200 unclassified nodes of 2,000 bytes: {bytes} bytes");
    assert!(bytes < 60_000, "{bytes}");
}

#[tokio::test]
async fn a_policy_file_still_classifies_all_of_them() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("policies");
    let text =
        "[[classify]]\nloc_uri = './Vendor/Contoso/*'\nverb = ['Replace']\nkind = 'setting'\n";
    policies(&dir, text);
    let arguments = [
        "--policies",
        dir.to_str().unwrap(),
        "--accept-unknown-devices",
    ];
    let server = Server::start_with(&arguments);
    let device = server.register(json!({"source": "t"})).await;
    let queued = queue_unclassified(&server, &device, 90).await;
    assert!(state_bytes(&server) < 60_000);
    // Machine carries none of them, wherever their addresses are kept.
    let machine = server.sync("Machine", &package1("t", "1", 1, "none")).await;
    assert_eq!(machine.commands, []);
    let mut sent = 0;
    for session in 2..12 {
        let session = session.to_string();
        let mut reply = server
            .sync("Maintenance", &package1("t", &session, 1, "user"))
            .await;
        for msg_id in 2..30 {
            if reply.commands.is_empty() {
                break;
            }
            sent += reply.commands.len();
            let answer = message("t", &session, msg_id, &answers(&reply, 200));
            reply = server.sync("Maintenance", &answer).await;
        }
    }
    assert_eq!(sent, 90);
    for command in queued {
        assert_eq!(server.state(&command).await, "succeeded");
    }
}

#[tokio::test]
async fn what_a_late_key_makes_of_a_command_is_what_is_decided_on() {
    let text = "[templates]\ndevice_client_id_key = '{device_client_id}'\n";
    let server = Server::configured(text, &["--accept-unknown-devices"]);
    let device = server.register(json!({"source": "t"})).await;
    let reset = json!({"type": "reset_user_password", "user": "ann", "password": "p"});
    let reset = server.queue(&device, reset).await;
    let path = format!("/devices/{device}");
    // Without the quotes of the shipped text, such a key ends early.
    for key in ["x/Exec=LockWorkstation", "x/y"] {
        let patch = json!({"device_client_id": key});
        let (status, answer) = server.api("PATCH", &path, Some(patch)).await;
        assert_eq!(status, 200, "{answer}");
        for (session, mode) in [("1", "Machine"), ("2", "Apps"), ("3", "Maintenance")] {
            let session = format!("{session}{}", key.len());
            let reply = server.sync(mode, &package1("t", &session, 1, "user")).await;
            assert_eq!(reply.commands, [], "{mode}: {}", reply.text);
        }
        assert_eq!(server.state(&reset).await, "queued");
    }
    let events = server.get(&format!("{path}/events?limit=100")).await;
    let items = events["items"].as_array().unwrap();
    let withheld = |event: &&serde_json::Value| {
        event["withheld"].as_array().is_some_and(|all| {
            all.iter()
                .any(|group| group["kind"] == "unclassified" && group["command"] == json!(reset))
        })
    };
    assert!(items.iter().any(|event| withheld(&event)), "{events}");
    // It goes as soon as it is a password reset again.
    let patch = json!({"device_client_id": "good"});
    assert_eq!(server.api("PATCH", &path, Some(patch)).await.0, 200);
    let reply = server.sync("Apps", &package1("t", "9", 1, "user")).await;
    assert_eq!(reply.commands.len(), 1, "{}", reply.text);
}
