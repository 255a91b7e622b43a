//! What was redacted is in no file of the database, whoever reads it meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_store::proof::ProofStore as _;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store as _, StoreError};
use rusqlite::Connection;

use super::conformance::AT;

const NAME: &str = "Example Street";

async fn with_a_name(dir: &Path) -> Arc<SqliteStore> {
    let keys = Keys::from_bytes(&[1; 32]).unwrap();
    let store = Arc::new(SqliteStore::open(&dir.join("m.db"), keys).unwrap());
    log_name(&store).await;
    store
}

async fn log_name(store: &SqliteStore) {
    let name = format!("Mrs. Example of {NAME} ").repeat(200);
    let event = Event::new(AT, "x", None, EventType::ServerStarted).detail(name);
    store.log(vec![event]).await.unwrap();
}

/// Whether a file of the directory has the text.
fn found(dir: &Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let mut windows = bytes.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    })
}

/// A program that reads the database as it is now, until it is dropped.
fn reader(dir: &Path) -> Connection {
    let db = Connection::open(dir.join("m.db")).unwrap();
    db.execute_batch("BEGIN; SELECT count(*) FROM event;")
        .unwrap();
    let count = |db: &Connection| db.query_row("SELECT count(*) FROM event", [], |row| row.get(0));
    let _: i64 = count(&db).unwrap();
    db
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redaction_waits_for_who_reads_the_text_still() {
    let own = tempfile::tempdir().unwrap();
    let store = with_a_name(own.path()).await;
    let reading = reader(own.path());
    let redacting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.redact(0, "a name", "me", AT).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!redacting.is_finished(), "its text is still in a file");
    assert!(found(own.path(), NAME));
    // Nobody who writes waits for it.
    let event = Event::new(AT, "x", None, EventType::ServerStarted);
    store.log(vec![event]).await.unwrap();
    drop(reading);
    redacting.await.unwrap().unwrap();
    assert!(!found(own.path(), NAME) && found(own.path(), "server.started"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redaction_says_that_the_text_is_still_read_and_ends_when_asked_again() {
    let own = tempfile::tempdir().unwrap();
    let store = with_a_name(own.path()).await;
    let reading = reader(own.path());
    let redacted = store.redact(0, "a name", "me", AT).await;
    assert!(matches!(redacted, Err(StoreError::LogInUse(0))));
    assert!(found(own.path(), NAME));
    let shown = store.all_events(0, 9).await.unwrap();
    assert_eq!(shown[0].event.what, EventType::Redacted);
    drop(reading);
    let again = store.redact(0, "a name", "me", AT).await;
    let refused = |again| matches!(again, Err(StoreError::Refused(Refusal::Conflict(_))));
    assert!(refused(again));
    assert!(!found(own.path(), NAME));
}

/// Another checkpoint that is under way refuses one at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_redaction_among_checkpoints_and_readers_leaves_nothing() {
    let own = tempfile::tempdir().unwrap();
    let store = with_a_name(own.path()).await;
    let ends = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = [
        "PRAGMA wal_checkpoint(PASSIVE)",
        "SELECT count(*) FROM event",
    ]
    .into_iter()
    .map(|sql| {
        let (ends, path) = (Arc::clone(&ends), own.path().join("m.db"));
        std::thread::spawn(move || {
            let db = Connection::open(path).unwrap();
            while !ends.load(Ordering::Relaxed) {
                let _ = db.query_row(sql, [], |_| Ok(()));
            }
        })
    })
    .collect();
    let mut entry = 0;
    for _ in 0..40 {
        store.redact(entry, "a name", "me", AT).await.unwrap();
        assert!(!found(own.path(), NAME), "entry {entry}");
        log_name(&store).await;
        // Behind the redaction's own event.
        entry += 2;
    }
    ends.store(true, Ordering::Relaxed);
    busy.into_iter().for_each(|busy| busy.join().unwrap());
}
