//! Deleting old events that ends anywhere: whatever was deleted is on record after the next
//! run, nothing goes that was not exported, and what is left verifies.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use modegate_core::event::Event;
use modegate_core::log_record::LogRecord;
use modegate_core::time::Timestamp;
use modegate_server::config::Retention;
use modegate_store::Store as _;
use modegate_store::proof::{ProofStore as _, Pruned};
use modegate_store::sqlite::SqliteStore;
use rusqlite::Connection;
use serde_json::Value;

use super::exports::{audit, open_store, vkey};
use super::sealing::{serve, stop};
use crate::store::proof::happen;
use crate::wait::{DEADLINE, eventually, seen};

/// Long ago: a day is enough to be old.
const AT: Timestamp = Timestamp(1_790_000_000_000);
const RETENTION: Retention = Retention {
    events_days: 1,
    results_days: 0,
    deliveries_days: 0,
    inventory_changes_days: 0,
    tally_days: 0,
};

/// A data directory with so many old events, exported.
async fn exported(dir: &Path, out: &Path, events: usize) {
    std::fs::create_dir(dir).unwrap();
    let key = dir.join("key");
    std::fs::write(&key, "09".repeat(32)).unwrap();
    std::fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
    let store = open_store(dir);
    // They are the first of the log: whatever a server says at its start is young.
    happen(&store, events, AT).await;
    store.close().await;
    drop(store);
    let server = serve(dir, 3_600);
    let export = [
        "export",
        out.to_str().unwrap(),
        "--data",
        dir.to_str().unwrap(),
    ];
    let (code, _, why) = audit(&export);
    assert_eq!(code, 0, "{why}");
    stop(server);
}

/// The entries below which it is on record that all were deleted, and how many those were, of
/// each record.
async fn on_record(store: &SqliteStore) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let events = store.all_events(after, 1_000).await.unwrap();
        let Some(last) = events.last() else {
            return found;
        };
        after = last.place;
        found.extend(events.iter().filter_map(|stored| pruned(&stored.event)));
    }
}

fn pruned(event: &Event) -> Option<(u64, u64)> {
    match event.log.as_deref() {
        Some(LogRecord::Pruned { minimum, .. }) => Some((*minimum, event.count.unwrap())),
        _ => None,
    }
}

/// Both databases and exports verify from the first entry that is left.
fn verifies(dir: &Path, minimum: u64) {
    let first = minimum.to_string();
    let data = dir.to_str().unwrap();
    let (code, said, why) = audit(&["verify", "--data", data, "--accept-first", &first]);
    assert_eq!(code, 0, "{said}{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_deleted_that_broke_off_is_put_on_record_by_the_next() {
    let own = tempfile::tempdir().unwrap();
    let (dir, out) = (own.path().join("data"), own.path().join("out"));
    exported(&dir, &out, 2_000).await;
    let now = AT.plus_ms(2 * 24 * 60 * 60 * 1_000);
    let store = open_store(&dir);
    // It ends behind the third tile, before it says anything.
    for tile in 1..=3 {
        let deleted = Pruned::Deleted {
            minimum: tile * 256,
            count: 256,
        };
        assert_eq!(store.purge_events(now).await.unwrap(), deleted);
    }
    store.close().await;
    drop(store);
    verifies(&dir, 768);
    let store = open_store(&dir);
    let applied = RETENTION.apply(&store, now).await.unwrap();
    assert_eq!(applied.events, 4 * 256);
    let minimum = store.tree().await.unwrap().minimum;
    assert_eq!(minimum, 7 * 256);
    assert_eq!(on_record(&store).await, [(minimum, minimum)]);
    // It is said once.
    RETENTION.apply(&store, now).await.unwrap();
    assert_eq!(on_record(&store).await, [(minimum, minimum)]);
    store.close().await;
    drop(store);
    // What broke off when nothing was left to delete is put on record, too.
    let sql = "UPDATE tree SET recorded = 1024";
    let db = Connection::open(dir.join("modegate.db")).unwrap();
    db.execute(sql, []).unwrap();
    drop(db);
    let store = open_store(&dir);
    RETENTION.apply(&store, now).await.unwrap();
    let record = on_record(&store).await;
    assert_eq!(record.last(), Some(&(minimum, minimum - 1_024)));
    store.close().await;
}

/// The first entry that is left, and up to which one that is on record.
fn tree(dir: &Path) -> (u64, u64) {
    let db = Connection::open(dir.join("modegate.db")).unwrap();
    let numbers = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let sql = "SELECT minimum, recorded FROM tree";
    let (minimum, recorded) = db.query_row(sql, [], numbers).unwrap();
    (minimum as u64, recorded as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_deletes_the_next_server_goes_on() {
    let own = tempfile::tempdir().unwrap();
    let (dir, out) = (own.path().join("data"), own.path().join("out"));
    exported(&dir, &out, 10_000).await;
    let key = vkey(&dir);
    let old = 10_000 / 256 * 256;
    let retained = || {
        let arguments = vec!["--accept-unknown-devices".to_owned()];
        let mut command = crate::harness::serve_command(&dir, &arguments);
        command.env("MODEGATE_RETENTION_EVENTS_DAYS", "1");
        crate::harness::Server::by(command, &dir, arguments)
    };
    let mut before = 0;
    for part in [1, 4, 9, 16] {
        let mut server = retained();
        let look = async || seen(tree(&dir).0, |minimum| *minimum >= part * 2 * 256);
        eventually(DEADLINE, look).await;
        server.signal("KILL");
        server.wait();
        let (minimum, recorded) = tree(&dir);
        assert!(minimum >= before && recorded <= minimum && minimum % 256 == 0);
        before = minimum;
        verifies(&dir, minimum);
    }
    let server = retained();
    let look = async || {
        seen(tree(&dir), |(minimum, recorded)| {
            *minimum == old && recorded == minimum
        })
    };
    eventually(DEADLINE, look).await;
    let applied = server.get("/events?type=retention.applied").await;
    let counts = applied["items"].as_array().unwrap().iter();
    let deleted: u64 = counts
        .map(|event: &Value| event["count"].as_u64().unwrap())
        .sum();
    assert_eq!(deleted, old, "{applied}");
    stop(server);
    verifies(&dir, old);
    // Proofs above what was deleted are made; the export has all of it.
    let data = dir.to_str().unwrap();
    let entry = (old + 1).to_string();
    let (code, _, why) = audit(&["prove", "--event", &entry, "--data", data]);
    assert_eq!(code, 0, "{why}");
    let (code, said, why) = audit(&["verify", out.to_str().unwrap(), "--key", &key]);
    assert_eq!(code, 0, "{said}{why}");
}
