//! A database that is older than what was published of its log, or another one, goes on
//! under another origin and says so.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::sealing::{everything_is_sealed, serve, stop};
use super::{Database, clone_of, newest, published, root_of};
use crate::harness::Server;
use crate::program::program;
use crate::wait::{DEADLINE, eventually, seen};

/// The events of this type.
async fn of_type(server: &Server, name: &str) -> Vec<Value> {
    let events = server.get("/events?limit=200").await;
    let mut events = events["items"].as_array().unwrap().clone();
    events.retain(|event| event["type"] == name);
    events
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join("modegate.db"), to).unwrap();
}

fn run(arguments: &[&str]) {
    let done = program().args(arguments).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// A server that registers this device and ends.
async fn live(dir: &Path, source: &str) {
    let server = serve(dir, 3_600);
    server.register(json!({"source": source})).await;
    stop(server);
}

#[tokio::test]
async fn an_older_database_in_its_place_is_noticed() {
    let own = tempfile::tempdir().unwrap();
    let (dir, older) = (own.path().join("data"), own.path().join("older"));
    live(&dir, "a").await;
    copy(&dir, &older);
    let kept = newest(&dir, 1).unwrap();
    live(&dir, "b").await;
    let known = newest(&dir, 1).unwrap();
    // Twice: the second time, the epoch that began is what is known elsewhere.
    for epoch in [2, 3] {
        std::fs::copy(&older, dir.join("modegate.db")).unwrap();
        let server = serve(&dir, 3_600);
        let forked = of_type(&server, "log.forked").await;
        assert_eq!(forked.len(), 1);
        let record = &forked[0]["log"]["epoch"];
        assert_eq!(record["old_origin"], kept.origin.to_string());
        assert_eq!(record["origin"], kept.origin.in_epoch(epoch).to_string());
        assert_eq!(record["kept"]["size"], kept.size);
        assert_eq!(record["kept"]["root"], kept.root.base64());
        if epoch == 2 {
            assert_eq!(record["known"]["size"], known.size);
            assert_eq!(record["known"]["root"], known.root.base64());
            assert_eq!(record["lost"], known.size - kept.size);
        }
        server.register(json!({"source": "c"})).await;
        server.logged("the log goes on in another epoch");
        let alerts = async || {
            let alerts = server.get("/alerts?state=open").await["items"].clone();
            let mut kinds = alerts
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["kind"].clone());
            seen(kinds.any(|kind| kind == "log.forked"), |is_open| *is_open)
        };
        eventually(DEADLINE, alerts).await;
        stop(server);
        everything_is_sealed(&dir, epoch);
    }
    // What was published of the epochs before is evidence, and stays.
    let published = published(&dir);
    assert_eq!(published.len(), 3);
    assert_eq!(published[&known.origin.to_string()].0, known);
    // Nothing is noticed twice.
    let server = serve(&dir, 3_600);
    assert_eq!(of_type(&server, "log.forked").await.len(), 1);
}

#[tokio::test]
async fn a_clone_that_lived_on_is_noticed_in_its_originals_place() {
    let own = tempfile::tempdir().unwrap();
    let (dir, clone) = (own.path().join("data"), own.path().join("clone"));
    live(&dir, "a").await;
    clone_of(&dir, &clone);
    live(&dir, "b").await;
    live(&clone, "c").await;
    live(&clone, "d").await;
    let known = newest(&dir, 1).unwrap();
    copy(&clone, &dir.join("modegate.db"));
    let clones = Database::of(&dir).entries();
    assert!(clones.len() as u64 > known.size);
    assert_ne!(root_of(&clones, known.size), known.root);
    let server = serve(&dir, 3_600);
    let forked = of_type(&server, "log.forked").await;
    assert_eq!(forked[0]["log"]["epoch"]["known"]["size"], known.size);
    assert_eq!(forked[0]["log"]["epoch"].get("lost"), None);
    stop(server);
    everything_is_sealed(&dir, 2);
}

#[tokio::test]
async fn a_restored_backup_begins_an_epoch_and_says_from_what() {
    let own = tempfile::tempdir().unwrap();
    let (dir, file) = (own.path().join("data"), own.path().join("b"));
    let (data, backup) = (dir.to_str().unwrap(), file.to_str().unwrap());
    live(&dir, "a").await;
    let kept = newest(&dir, 1).unwrap();
    run(&["backup", backup, "--data", data]);
    live(&dir, "b").await;
    let known = newest(&dir, 1).unwrap();
    for epoch in [2, 3] {
        run(&["restore", backup, "--data", data, "--force"]);
        let server = serve(&dir, 3_600);
        let restored = of_type(&server, "database.restored").await;
        assert_eq!(restored.len(), 1);
        let detail = restored[0]["detail"].as_str().unwrap();
        assert!(detail.contains("from the backup b:"), "{detail}");
        let record = &restored[0]["log"]["epoch"];
        assert_eq!(record["origin"], kept.origin.in_epoch(epoch).to_string());
        assert_eq!(record["kept"]["size"], kept.size);
        if epoch == 2 {
            assert_eq!(record["known"]["size"], known.size);
            assert_eq!(record["lost"], known.size - kept.size);
        }
        // It was said already: nothing else is wrong.
        assert!(of_type(&server, "log.forked").await.is_empty());
        stop(server);
        everything_is_sealed(&dir, epoch);
    }
}

/// Changes the file of marks, each of which is an origin and a note.
fn change_marks(dir: &Path, change: impl Fn(String, String) -> (String, String)) {
    let path = dir.join("audit/last-checkpoint");
    let marks: BTreeMap<String, String> =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(marks.len(), 1);
    let changed: BTreeMap<_, _> = marks
        .into_iter()
        .map(|(of, note)| change(of, note))
        .collect();
    std::fs::write(&path, serde_json::to_vec(&changed).unwrap()).unwrap();
}

/// One entry that was published and is not in the database is enough.
#[tokio::test]
async fn a_mark_that_is_ahead_by_one_is_noticed() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    live(&dir, "a").await;
    let kept = newest(&dir, 1).unwrap();
    let ahead = kept.size + 1;
    change_marks(&dir, |of, note| {
        let size = (format!("\n{}\n", kept.size), format!("\n{ahead}\n"));
        assert!(note.contains(&size.0), "{note}");
        (of, note.replacen(&size.0, &size.1, 1))
    });
    let server = serve(&dir, 3_600);
    let forked = of_type(&server, "log.forked").await;
    assert_eq!(forked.len(), 1);
    let record = &forked[0]["log"]["epoch"];
    assert_eq!(record["origin"], kept.origin.in_epoch(2).to_string());
    assert_eq!(
        (&record["kept"]["size"], &record["lost"]),
        (&json!(kept.size), &json!(1))
    );
    stop(server);
    everything_is_sealed(&dir, 2);
}

/// It says nothing about this log, and is left to the log that it is of.
#[tokio::test]
async fn a_mark_of_another_log_is_none_of_this_one() {
    let own = tempfile::tempdir().unwrap();
    let (dir, other) = (own.path().join("data"), own.path().join("other"));
    live(&dir, "a").await;
    live(&other, "b").await;
    live(&other, "c").await;
    let (of_dir, of_other) = (newest(&dir, 1).unwrap(), newest(&other, 1).unwrap());
    assert!(of_other.size > of_dir.size);
    let mark = |dir: &Path| dir.join("audit/last-checkpoint");
    std::fs::copy(mark(&other), mark(&dir)).unwrap();
    let server = serve(&dir, 3_600);
    assert!(of_type(&server, "log.forked").await.is_empty());
    stop(server);
    let (sealed, marks) = (Database::of(&dir).sealed(), published(&dir));
    assert_eq!(sealed, Database::of(&dir).entries().len() as u64);
    assert_eq!(marks[&of_other.origin.to_string()].0, of_other);
    assert!(sealed > of_dir.size);
    assert_eq!(marks[&of_dir.origin.to_string()].0.size, sealed);
}
