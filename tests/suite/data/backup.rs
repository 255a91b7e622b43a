//! A backup is consistent, private and useless without the key; a restore checks
//! before it touches anything.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::harness::{Server, package1};
use crate::program::program;
use crate::wait::{DEADLINE, eventually, seen};

fn modegate(arguments: &[&str]) -> Output {
    let mut command = program();
    command.args(arguments).output().unwrap()
}

/// Runs it; it must fail and say why.
fn refused(arguments: &[&str], why: &str) {
    let output = modegate(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    assert!(text.contains(why), "{arguments:?}: {text}");
}

fn done(arguments: &[&str]) {
    let output = modegate(arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {text}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Queues commands on a device until told to stop, noting the acknowledged ones.
async fn load(
    url: String,
    token: String,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
) {
    let client = reqwest::Client::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let loc_uri =
            format!("./cimv2/MDM_WirelessProfileXml/MDM_WirelessProfileXml.Name=n{number}/Xml");
        let body =
            json!({"type": "raw", "verb": "Replace", "loc_uri": loc_uri, "data": "Kept-Pa55word"});
        let answer = client
            .post(&url)
            .bearer_auth(&token)
            .json(&body)
            .send()
            .await;
        let answer: serde_json::Value = answer.unwrap().json().await.unwrap();
        // A full queue says no; that is no acknowledgement.
        if let Some(id) = answer["id"].as_str() {
            acknowledged.lock().unwrap().push(id.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_when_the_backup_began_is_in_it() {
    let server = Server::start();
    let own = tempfile::tempdir().unwrap();
    let (stop, acknowledged) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..4 {
        let device = server.register(json!({"source": format!("d{n}")})).await;
        let url = format!("{}/api/v1/devices/{device}/commands", server.http);
        let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        tasks.spawn(load(url, server.token.clone(), stop, acknowledged));
    }
    let mut backups = Vec::new();
    for n in 1..=3 {
        let look = async || seen(acknowledged.lock().unwrap().len(), |count| *count >= n * 40);
        eventually(DEADLINE, look).await;
        let before = acknowledged.lock().unwrap().clone();
        let file = own.path().join(format!("backup-{n}"));
        let arguments = ["backup", text(&file), "--data", text(&server.dir)].map(str::to_owned);
        tokio::task::spawn_blocking(move || {
            done(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        })
        .await
        .unwrap();
        backups.push((file, before));
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let checked = AtomicUsize::new(0);
    for (n, (file, before)) in backups.iter().enumerate() {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let dir = own.path().join(format!("restored-{n}"));
        std::fs::create_dir(&dir).unwrap();
        for key in ["key", "audit-key"] {
            std::fs::copy(server.dir.join(key), dir.join(key)).unwrap();
        }
        done(&["restore", text(file), "--data", text(&dir)]);
        let restored = Server::in_dir(&dir, &["--accept-unknown-devices"]);
        for id in before {
            let command = restored.get(&format!("/commands/{id}")).await;
            assert_eq!(command["state"], "queued");
            checked.fetch_add(1, Ordering::Relaxed);
        }
        // What is sealed opens: the tablet gets its profiles.
        let reply = restored
            .sync("Maintenance", &package1("d0", "1", 1, "user"))
            .await;
        assert!(reply.text.contains("Kept-Pa55word"), "{}", reply.text);
    }
    assert!(checked.into_inner() >= 3 * 40);
}

#[tokio::test]
async fn a_restore_keeps_the_old_database_and_is_on_record() {
    let mut server = Server::start();
    let own = tempfile::tempdir().unwrap();
    let file = own.path().join("b");
    let early = server.register(json!({"source": "early"})).await;
    let arguments = ["backup", text(&file), "--data", text(&server.dir)];
    done(&arguments);
    refused(&arguments, "exists: name another file");
    done(&[&arguments[..], &["--force"]].concat());
    // Where the data is may be said as it is to `serve`.
    let config = own.path().join("modegate.toml");
    std::fs::write(&config, format!("data = '{}'\n", text(&server.dir))).unwrap();
    let by_config = own.path().join("by-config");
    done(&["backup", text(&by_config), "--config", text(&config)]);
    assert!(by_config.exists());
    let late = server.register(json!({"source": "late"})).await;
    let dir = server.dir.clone();
    let restore = ["restore", text(&file), "--data", text(&dir)];
    refused(&restore, "in use by another server");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    done(&restore);
    refused(&restore, "modegate.db.before-restore exists");
    assert!(server.dir.join("modegate.db.before-restore").exists());
    assert!(!server.dir.join("modegate.db.unfinished").exists());

    let again = Server::in_dir(&server.dir, &[]);
    assert_eq!(
        again.api("GET", &format!("/devices/{early}"), None).await.0,
        200
    );
    assert_eq!(
        again.api("GET", &format!("/devices/{late}"), None).await.0,
        404
    );
    let events = again.get("/events?limit=200").await;
    let types: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].as_str().unwrap())
        .collect();
    assert!(types.contains(&"database.restored"), "{types:?}");
    drop(again);

    // The old one is whole: it can be put back just so.
    std::fs::rename(
        server.dir.join("modegate.db.before-restore"),
        own.path().join("old"),
    )
    .unwrap();
    done(&[
        "restore",
        text(&own.path().join("old")),
        "--data",
        text(&server.dir),
    ]);
    let old = Server::in_dir(&server.dir, &[]);
    assert_eq!(
        old.api("GET", &format!("/devices/{late}"), None).await.0,
        200
    );
}

#[tokio::test]
async fn what_is_not_a_good_backup_is_refused_and_nothing_is_touched() {
    let mut server = Server::start();
    let own = tempfile::tempdir().unwrap();
    let file = own.path().join("b");
    for n in 0..40 {
        server
            .register(json!({"source": format!("device-{n}")}))
            .await;
    }
    done(&["backup", text(&file), "--data", text(&server.dir)]);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    let database = server.dir.join("modegate.db");
    let before = std::fs::read(&database).unwrap();
    let restore = |file: &Path, why: &str| {
        refused(&["restore", text(file), "--data", text(&server.dir)], why);
        assert!(
            std::fs::read(&database).unwrap() == before,
            "{why}: the database was touched"
        );
        assert!(!server.dir.join("modegate.db.unfinished").exists());
    };
    restore(&own.path().join("nowhere"), "nowhere");

    let bytes = std::fs::read(&file).unwrap();
    let damaged = own.path().join("damaged");
    let mut changed = bytes.clone();
    for byte in &mut changed[4096..bytes.len() - 4096] {
        *byte = 0xaa;
    }
    std::fs::write(&damaged, changed).unwrap();
    restore(&damaged, "is damaged");
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    restore(&damaged, "damaged");
    std::fs::write(&damaged, "this is no database, whatever else it may be").unwrap();
    restore(&damaged, "damaged");

    let foreign = own.path().join("foreign");
    rusqlite::Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    restore(&foreign, "not a modegate database");

    let newer = own.path().join("newer");
    std::fs::copy(&file, &newer).unwrap();
    let sql = "INSERT INTO refinery_schema_history SELECT 999, name, applied_on, checksum FROM refinery_schema_history LIMIT 1";
    rusqlite::Connection::open(&newer)
        .unwrap()
        .execute(sql, [])
        .unwrap();
    restore(&newer, "created by a newer modegate");

    let key = server.dir.join("key");
    std::fs::write(&key, "0".repeat(64)).unwrap();
    restore(&file, "the key does not decrypt");
    std::fs::remove_file(&key).unwrap();
    restore(&file, "key");
    assert!(!key.exists(), "a restore makes no key");
}
