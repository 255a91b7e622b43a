//! A real server seals its log within the interval, at its end, and after being killed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use super::{Database, is_signed, newest, published, root_of};
use crate::harness::{Server, serve_command};
use crate::wait::{DEADLINE, eventually, seen};

/// A server in that directory that seals so often.
pub fn serve(dir: &Path, seconds: u32) -> Server {
    serve_with(dir, seconds, &[])
}

/// The same with more settings of `[audit]`.
pub fn serve_with(dir: &Path, seconds: u32, settings: &[(&str, &str)]) -> Server {
    let arguments = vec!["--accept-unknown-devices".to_owned()];
    let mut command = serve_command(dir, &arguments);
    command.env("MODEGATE_AUDIT_SEAL_SECONDS", seconds.to_string());
    for (name, value) in settings {
        command.env(format!("MODEGATE_AUDIT_{name}"), value);
    }
    Server::by(command, dir, arguments)
}

/// Ends it as an operator would.
pub fn stop(mut server: Server) {
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0), "{}", server.log());
}

/// All that the database has is sealed, and the newest checkpoint of this epoch says so.
pub fn everything_is_sealed(dir: &Path, epoch: u64) -> u64 {
    let database = Database::of(dir);
    let entries = database.entries();
    let checkpoint = newest(dir, epoch).unwrap();
    assert_eq!(database.sealed(), entries.len() as u64);
    assert_eq!(checkpoint.size, entries.len() as u64);
    assert_eq!(checkpoint.root, root_of(&entries, checkpoint.size));
    let (_, note) = &published(dir)[&checkpoint.origin.to_string()];
    let mut keys = database.keys();
    keys.retain(|key| key.name() == checkpoint.origin.to_string());
    assert!(!keys.is_empty() && keys.iter().all(|key| is_signed(note, key)));
    checkpoint.size
}

async fn metrics_of(server: &Server) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{}/metrics", server.http)).send().await;
    answer.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn what_happens_is_sealed_within_the_interval() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let server = serve(&dir, 1);
    for n in 0..3 {
        server.register(json!({"source": format!("d{n}")})).await;
        let all = Database::of(&dir).entries().len() as u64;
        let look = async || {
            seen(newest(&dir, 1), |newest| {
                newest.as_ref().is_some_and(|c| c.size >= all)
            })
        };
        let newest = eventually(DEADLINE, look).await.unwrap();
        let entries = Database::of(&dir).entries();
        assert_eq!(newest.root, root_of(&entries, newest.size));
    }
    let key = std::fs::metadata(dir.join("audit-key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let metrics = metrics_of(&server).await;
    let value = |name: &str| {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name}: {metrics}"))[name.len() + 1..]
            .parse::<f64>()
            .unwrap()
    };
    let size = value("modegate_audit_log_sealed_entries");
    assert_eq!(size, value("modegate_audit_log_entries"));
    assert_eq!(size, value("modegate_audit_events_sealed_total"));
    assert!(value("modegate_audit_checkpoint_timestamp_seconds") > 1.7e9);
    assert!(value("modegate_audit_seal_duration_seconds_count") >= 2.0);
    stop(server);
    everything_is_sealed(&dir, 1);
}

#[tokio::test]
async fn a_server_that_ends_has_sealed_everything() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut before = 0;
    for n in 0..3 {
        let server = serve(&dir, 3_600);
        server.register(json!({"source": format!("d{n}")})).await;
        stop(server);
        let size = everything_is_sealed(&dir, 1);
        assert!(size > before);
        before = size;
    }
    assert_eq!(published(&dir).len(), 1);
    let key = |dir: &Path| std::fs::read_to_string(dir.join("audit-key")).unwrap();
    let (main, audit) = (std::fs::read_to_string(dir.join("key")).unwrap(), key(&dir));
    assert_ne!(main, audit);
    assert_eq!(Database::of(&dir).keys().len(), 1);
}

/// A log with a key that is gone is served by none, and another key is no help.
#[tokio::test]
async fn a_missing_or_another_audit_key_stops_the_server() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    stop(serve(&dir, 3_600));
    let (key, kept) = (dir.join("audit-key"), own.path().join("kept"));
    std::fs::rename(&key, &kept).unwrap();
    let refused = |expected: &str| {
        let mut command = serve_command(&dir, &[]);
        let ended = command
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success() && told.contains(expected), "{told}");
    };
    refused("audit-key is missing, but the log records the key that signs it");
    assert!(!key.exists());
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    refused("is not the one that signs this database's log");
    std::fs::write(&key, "07\n").unwrap();
    refused("expected 64 hexadecimal digits");
    std::fs::rename(&kept, &key).unwrap();
    stop(serve(&dir, 3_600));
    everything_is_sealed(&dir, 1);
}

/// Killed at any time, whatever was published stays true, and what was acknowledged is
/// sealed at last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_no_entry_and_sign_no_size_twice() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut seen_roots: BTreeMap<u64, String> = BTreeMap::new();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut size = 0;
    for round in 0..6 {
        let mut server = serve(&dir, 1);
        let ends = Arc::new(AtomicBool::new(false));
        let load = tokio::spawn({
            let (ends, acknowledged) = (Arc::clone(&ends), Arc::clone(&acknowledged));
            let (http, token) = (server.http.clone(), server.token.clone());
            async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                for n in 0.. {
                    let body = json!({"source": format!("d{round}.{n}"), "family": "windows81"});
                    let asked = client.post(format!("{http}/api/v1/devices"));
                    let asked = asked.bearer_auth(&token).json(&body).send().await;
                    match asked {
                        Ok(answer) if answer.status() == 201 => {
                            acknowledged.fetch_add(1, Ordering::Relaxed)
                        }
                        _ if ends.load(Ordering::Relaxed) => return,
                        other => panic!("{other:?}"),
                    };
                }
            }
        });
        // Somewhere before, within or behind the next checkpoint.
        let grown = size + 1 + round * 17;
        let look = async || {
            let newest = newest(&dir, 1);
            if let Some(newest) = &newest {
                let root = newest.root.base64();
                let other = seen_roots.insert(newest.size, root.clone());
                assert!(other.is_none_or(|other| other == root), "{newest:?}");
                assert!(newest.size >= size);
            }
            seen(newest, |newest| {
                newest.as_ref().is_some_and(|c| c.size >= grown)
            })
        };
        size = eventually(DEADLINE, look).await.unwrap().size;
        ends.store(true, Ordering::Relaxed);
        server.signal("KILL");
        server.wait();
        load.await.unwrap();
    }
    stop(serve(&dir, 3_600));
    everything_is_sealed(&dir, 1);
    let entries = Database::of(&dir).entries();
    for (size, root) in &seen_roots {
        assert_eq!(&root_of(&entries, *size).base64(), root);
    }
    let registered = entries
        .iter()
        .filter(|entry| String::from_utf8_lossy(entry).contains("device.registered"))
        .count() as u64;
    assert!(registered >= acknowledged.load(Ordering::Relaxed));
    assert!(seen_roots.len() >= 6);
}
