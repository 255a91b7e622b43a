//! The tree over the log, as every store keeps it. The conformance suite runs these.

use std::sync::Arc;

use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::event::{Event, EventType};
use modegate_core::log_record::LogRecord;
use modegate_core::time::Timestamp;
use modegate_core::tlog::entry::{EVENT_BYTES, Entry, hash_of};
use modegate_core::tlog::note::KeyId;
use modegate_core::tlog::{Frontier, Growth, Hash, Note, NoteSignature, TileId};
use modegate_store::proof::{AuditKey, NewEpoch, ProofStore, Pruned, Seal};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store, StoreError};

use super::conformance::{AT, register};

const HOUR: i64 = 60 * 60 * 1000;

/// Logs so many events of that time.
pub async fn happen(store: &dyn Store, count: usize, at: Timestamp) {
    let event = |_| Event::new(at, "test", None, EventType::ServerStarted);
    store.log((0..count).map(event).collect()).await.unwrap();
}

/// What seals the log from where it is up to `size`.
async fn next_seal(store: &dyn Store, size: u64, at: Timestamp) -> Seal {
    let tree = store.tree().await.unwrap();
    let from = tree.size();
    let mut growth = Growth::from(tree.frontier);
    let count = (size - from) as usize;
    let entries = store.entries(from, count, u64::MAX).await.unwrap();
    assert_eq!(entries.len(), count);
    for entry in entries {
        growth.push(hash_of(&entry).unwrap());
    }
    Seal {
        epoch: tree.epoch,
        from,
        frontier: growth.frontier().clone(),
        appends: growth.appends().to_vec(),
        note: format!("note of {size}"),
        at,
    }
}

/// Seals the log up to `size`.
pub async fn seal(store: &dyn Store, size: u64, at: Timestamp) {
    let seal = next_seal(store, size, at).await;
    store.seal(seal).await.unwrap();
}

/// Seals and exports all of the log.
pub async fn export(store: &dyn Store, at: Timestamp) {
    let size = store.tree().await.unwrap().entries;
    seal(store, size, at).await;
    let event = Event::new(at, "auditor", None, EventType::AuditExported);
    store.record_export(size, event).await.unwrap();
}

async fn leaves(store: &dyn Store) -> Vec<Hash> {
    let entries = store.entries(0, usize::MAX, u64::MAX).await.unwrap();
    entries.iter().map(|e| hash_of(e).unwrap()).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    leaves.iter().for_each(|&leaf| tree.push(leaf, |_, _| {}));
    tree.root()
}

pub async fn entries_are_salted_events_and_come_in_bounds(store: Arc<dyn Store>) {
    let device = register(&*store, "a").await;
    happen(&*store, 20, AT).await;
    let tree = store.tree().await.unwrap();
    assert_eq!(
        (
            tree.base,
            tree.size(),
            tree.entries,
            tree.minimum,
            tree.epoch
        ),
        (1, 0, 21, 0, 1)
    );
    assert_eq!((tree.origin, tree.exported), (None, 0));
    let entries = store.entries(0, 100, u64::MAX).await.unwrap();
    let events = store.all_events(0, 100).await.unwrap();
    assert_eq!(entries.len(), 21);
    for (entry, stored) in entries.iter().zip(&events) {
        let Ok(Entry::Salted { json, .. }) = Entry::parse(entry) else {
            panic!("{entry:?}");
        };
        assert_eq!(json, stored.event.to_bytes());
    }
    assert_eq!(events[0].event.device, Some(device));
    // Equal events have other leaves.
    assert_eq!(
        events[3].event.to_bytes().len(),
        events[4].event.to_bytes().len()
    );
    let salts: std::collections::HashSet<_> = entries.iter().map(|e| e[1..17].to_vec()).collect();
    assert_eq!(salts.len(), 21);
    assert_eq!(store.entries(5, 3, u64::MAX).await.unwrap(), entries[5..8]);
    assert_eq!(store.entries(5, 9, 1).await.unwrap(), entries[5..6]);
    let two = (entries[5].len() + 1) as u64;
    assert_eq!(store.entries(5, 9, two).await.unwrap(), entries[5..7]);
    assert!(store.entries(21, 9, u64::MAX).await.unwrap().is_empty());
    assert!(
        store
            .entries(u64::MAX, 9, u64::MAX)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn an_event_too_long_for_an_entry_is_refused(store: Arc<dyn Store>) {
    let device = register(&*store, "a").await;
    let long = |device| {
        Event::new(AT, "test", device, EventType::DeviceChanged).detail("x".repeat(EVENT_BYTES))
    };
    let refused = store.log(vec![long(None)]).await;
    assert!(matches!(refused, Err(StoreError::EventTooLarge(bytes)) if bytes > EVENT_BYTES));
    let event = long(Some(device));
    let decide = move |found: &modegate_core::device::Device| {
        Ok(DeviceChange::new(found, found.state.clone()).with_events(vec![event]))
    };
    let refused = store.alter(device, Box::new(decide), None).await;
    assert!(matches!(refused, Err(StoreError::EventTooLarge(_))));
    assert_eq!(store.all_events(0, 10).await.unwrap().len(), 1);
    let rest = Event::new(AT, "test", None, EventType::ServerStarted).detail("");
    let most = "x".repeat(EVENT_BYTES - rest.to_bytes().len());
    store.log(vec![rest.detail(most)]).await.unwrap();
    assert_eq!(store.tree().await.unwrap().entries, 2);
}

pub async fn a_log_is_sealed_in_steps_that_no_other_took(store: Arc<dyn Store>) {
    happen(&*store, 1_000, AT).await;
    for size in [1, 255, 256, 700] {
        seal(&*store, size, AT).await;
    }
    let late = next_seal(&*store, 900, AT).await;
    seal(&*store, 1_000, AT).await;
    assert!(matches!(store.seal(late).await, Err(StoreError::Changed)));
    happen(&*store, 1, AT).await;
    let other_epoch = Seal {
        epoch: 2,
        ..next_seal(&*store, 1_001, AT).await
    };
    let refused = store.seal(other_epoch).await;
    assert!(matches!(refused, Err(StoreError::Changed)));
    let tree = store.tree().await.unwrap();
    assert_eq!((tree.size(), tree.entries), (1_000, 1_001));
    let leaves = leaves(&*store).await;
    assert_eq!(tree.frontier.root(), root(&leaves[..1_000]));
    let newest = store.checkpoint().await.unwrap().unwrap();
    assert_eq!((newest.size, newest.root), (1_000, root(&leaves[..1_000])));
    assert_eq!((newest.note.as_str(), newest.at), ("note of 1000", AT));
    let tile = |width| TileId {
        level: 1,
        index: 0,
        width,
    };
    let whole: Vec<Hash> = leaves.chunks_exact(256).map(root).collect();
    assert_eq!(store.hash_tile(tile(3)).await.unwrap(), Some(whole.clone()));
    let two = store.hash_tile(tile(2)).await.unwrap();
    assert_eq!(two.as_deref(), Some(&whole[..2]));
    assert_eq!(store.hash_tile(tile(4)).await.unwrap(), None);
    let above = TileId {
        level: 2,
        index: 0,
        width: 1,
    };
    assert_eq!(store.hash_tile(above).await.unwrap(), None);
}

pub async fn checkpoints_of_each_hour_and_those_that_left_stay(store: Arc<dyn Store>) {
    happen(&*store, 10, AT).await;
    let begin = Timestamp(AT.0 / HOUR * HOUR);
    for (size, minute) in [(1, 1), (2, 2), (3, 59), (4, 61), (5, 62), (6, 63)] {
        seal(&*store, size, begin.plus_ms(minute * 60_000)).await;
        if size == 4 {
            assert!(store.keep_checkpoint(4).await.unwrap());
        }
    }
    assert!(!store.keep_checkpoint(2).await.unwrap());
    let kept = store.checkpoints(u64::MAX, 10).await.unwrap();
    let sizes = |kept: &[modegate_store::proof::StoredCheckpoint]| {
        kept.iter().map(|one| one.size).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&kept), [6, 4, 3]);
    assert_eq!(sizes(&store.checkpoints(6, 1).await.unwrap()), [4]);
    assert_eq!(store.checkpoint_of(3).await.unwrap().unwrap().size, 3);
    assert_eq!(store.checkpoint_of(5).await.unwrap(), None);
    assert_eq!(store.checkpoint().await.unwrap().unwrap().size, 6);
}

pub async fn cosignatures_join_their_checkpoint(store: Arc<dyn Store>) {
    happen(&*store, 3, AT).await;
    let line = |byte: u8, name: &str| NoteSignature {
        name: name.into(),
        id: KeyId([1; 4]),
        signature: vec![byte; 72],
    };
    let mut sealed = next_seal(&*store, 3, AT).await;
    let note = Note::new("log\n", vec![line(7, "log")]).unwrap();
    sealed.note = note.to_string();
    store.seal(sealed).await.unwrap();
    let before = store.checkpoint().await.unwrap().unwrap();
    let add = async |size, line| store.add_cosignature(size, line).await;
    assert_eq!(add(2, line(1, "w")).await.unwrap(), None);
    let mut expected = note;
    // The third takes the place of the first: it is of the same key.
    for line in [line(1, "a"), line(2, "b"), line(3, "a")] {
        expected.add(line.clone());
        let whole = add(3, line).await.unwrap();
        assert_eq!(whole.as_deref(), Some(expected.to_string().as_str()));
    }
    let after = store.checkpoint_of(3).await.unwrap().unwrap();
    assert_eq!(after.note, expected.to_string());
    assert_eq!((after.root, after.at), (before.root, before.at));
    let many = (0..64).map(|n| line(9, &format!("n{n}")));
    let mut refused = 0;
    for line in many {
        refused += u32::from(add(3, line).await.is_err());
    }
    assert!(
        refused > 0,
        "a note that could not be read back is not kept"
    );
    let after = store.checkpoint_of(3).await.unwrap().unwrap();
    assert!(Note::parse(after.note.as_bytes()).is_ok());
}

pub async fn an_epoch_begins_once_and_keeps_the_last_checkpoint(store: Arc<dyn Store>) {
    let key = |vkey: &str| AuditKey {
        vkey: vkey.into(),
        since: AT,
        until: None,
    };
    let epoch = |from, epoch, vkey: &str| NewEpoch {
        from,
        epoch,
        origin: format!("host/{from}"),
        others_end: None,
        keys: vec![key(vkey)],
        events: vec![Event::new(AT, "server", None, EventType::LogForked)],
    };
    store.begin_epoch(epoch(1, 1, "a")).await.unwrap();
    seal(&*store, 1, AT).await;
    store.begin_epoch(epoch(1, 4, "b")).await.unwrap();
    let refused = store.begin_epoch(epoch(1, 5, "c")).await;
    assert!(matches!(refused, Err(StoreError::Changed)));
    let tree = store.tree().await.unwrap();
    assert_eq!((tree.origin.as_deref(), tree.epoch), (Some("host/1"), 4));
    assert_eq!((tree.size(), tree.entries, tree.began), (1, 2, 1));
    seal(&*store, 2, AT).await;
    assert!(store.checkpoint_of(1).await.unwrap().is_some());

    let until = AT.plus_ms(HOUR);
    let event = Event::new(AT, "operator", None, EventType::AuditKeyChanged);
    let new = AuditKey {
        since: AT.plus_ms(1),
        ..key("n")
    };
    store.change_audit_key(new, until, event).await.unwrap();
    let keys = store.audit_keys().await.unwrap();
    let keys: Vec<_> = keys.iter().map(|k| (&*k.vkey, k.until)).collect();
    assert_eq!(keys, [("a", Some(until)), ("b", Some(until)), ("n", None)]);
    assert_eq!(store.tree().await.unwrap().entries, 3);
}

pub async fn a_redacted_entry_keeps_its_leaf_and_nothing_else(store: Arc<dyn Store>) {
    let device = register(&*store, "a").await;
    let told = Event::new(AT, "x", Some(device), EventType::DeviceChanged).detail("Mrs. Example");
    let decide = move |found: &modegate_core::device::Device| {
        let events = vec![told.clone(), told.clone()];
        Ok(DeviceChange::new(found, found.state.clone()).with_events(events))
    };
    store.alter(device, Box::new(decide), None).await.unwrap();
    let (before, rows) = (leaves(&*store).await, store.all_events(0, 9).await.unwrap());
    seal(&*store, 2, AT).await;
    let later = AT.plus_ms(5);
    for entry in [1, 2] {
        let leaf = store
            .redact(entry, "a name", "api:me", later)
            .await
            .unwrap();
        assert_eq!(leaf, before[entry as usize]);
    }
    let after = leaves(&*store).await;
    assert_eq!(after[..3], before[..]);
    let entries = store.entries(0, 9, u64::MAX).await.unwrap();
    assert_eq!((entries[1].len(), entries.len()), (33, 5));
    // Lists go on, and the device's history is whole.
    let events = store.events(device, 0, 9).await.unwrap();
    assert_eq!(events[0], rows[0]);
    assert_eq!(events[1].event, rows[1].event.stub());
    assert_eq!(events[1].event.what, EventType::Redacted);
    let seqs: Vec<u64> = events.iter().map(|stored| stored.event.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let log = store.all_events(3, 9).await.unwrap();
    assert_eq!(log[0].event.what, EventType::AuditRedacted);
    assert_eq!((&*log[0].event.actor, log[0].event.at), ("api:me", later));
    assert_eq!(log[0].event.detail.as_deref(), Some("a name"));
    let record = LogRecord::Redaction {
        entry: 1,
        device: Some(device),
        seq: 2,
        leaf_hash: before[1].base64(),
    };
    assert_eq!(log[0].event.log.as_deref(), Some(&record));

    let again = store.redact(1, "x", "x", AT).await;
    assert!(matches!(
        again,
        Err(StoreError::Refused(Refusal::Conflict(_)))
    ));
    let needed = store.redact(3, "x", "x", AT).await;
    assert!(matches!(
        needed,
        Err(StoreError::Refused(Refusal::Conflict(_)))
    ));
    for missing in [5, u64::MAX] {
        let missing = store.redact(missing, "x", "x", AT).await;
        assert!(matches!(
            missing,
            Err(StoreError::Refused(Refusal::Missing(_)))
        ));
    }
    assert_eq!(store.tree().await.unwrap().entries, 5);
    seal(&*store, 5, AT).await;
    assert_eq!(
        store.checkpoint().await.unwrap().unwrap().root,
        root(&after)
    );
}

pub async fn only_whole_tiles_that_are_sealed_and_exported_are_deleted(store: Arc<dyn Store>) {
    let young = AT.plus_ms(1);
    assert_eq!(store.purge_events(young).await.unwrap(), Pruned::NothingOld);
    happen(&*store, 700, AT).await;
    assert_eq!(store.purge_events(AT).await.unwrap(), Pruned::NothingOld);
    assert_eq!(store.purge_events(young).await.unwrap(), Pruned::Kept);
    seal(&*store, 300, AT).await;
    let leaves = leaves(&*store).await;
    assert_eq!(store.purge_events(young).await.unwrap(), Pruned::Kept);
    let exported = || Event::new(young, "auditor", None, EventType::AuditExported);
    let unknown = store.record_export(299, exported()).await;
    assert!(matches!(
        unknown,
        Err(StoreError::Refused(Refusal::Missing(_)))
    ));
    store.record_export(300, exported()).await.unwrap();
    let deleted = |minimum| Pruned::Deleted {
        minimum,
        count: 256,
    };
    assert_eq!(store.purge_events(young).await.unwrap(), deleted(256));
    assert_eq!(store.purge_events(young).await.unwrap(), Pruned::Kept);
    let tree = store.tree().await.unwrap();
    assert_eq!((tree.minimum, tree.exported, tree.entries), (256, 300, 701));
    assert!(store.entries(255, 9, u64::MAX).await.unwrap().is_empty());
    let entries = store.entries(256, 1, u64::MAX).await.unwrap();
    assert_eq!(hash_of(&entries[0]), Ok(leaves[256]));
    assert_eq!(store.all_events(0, 1).await.unwrap()[0].place, 257);
    // It is sealed as if nothing had gone; what was exported stays exported.
    seal(&*store, 701, young).await;
    let last = store.entries(700, 1, u64::MAX).await.unwrap();
    let all = [&leaves[..], &[hash_of(&last[0]).unwrap()]].concat();
    assert_eq!(store.checkpoint().await.unwrap().unwrap().root, root(&all));
    store.record_export(701, exported()).await.unwrap();
    store.record_export(300, exported()).await.unwrap();
    assert_eq!(store.tree().await.unwrap().exported, 701);
    assert_eq!(store.purge_events(young).await.unwrap(), deleted(512));
    // The export itself is young.
    assert_eq!(store.purge_events(young).await.unwrap(), Pruned::NothingOld);
    let missing = store.redact(511, "x", "x", AT).await;
    assert!(matches!(
        missing,
        Err(StoreError::Refused(Refusal::Missing(_)))
    ));
    assert!(store.keep_checkpoint(300).await.unwrap());
}

pub async fn the_last_event_stays_though_its_tile_could_go(store: Arc<dyn Store>) {
    happen(&*store, 255, AT).await;
    seal(&*store, 255, AT).await;
    let exported = Event::new(AT, "auditor", None, EventType::AuditExported);
    store.record_export(255, exported.clone()).await.unwrap();
    seal(&*store, 256, AT).await;
    let young = AT.plus_ms(1);
    assert_eq!(store.purge_events(young).await.unwrap(), Pruned::NothingOld);
    store.record_export(256, exported).await.unwrap();
    let deleted = Pruned::Deleted {
        minimum: 256,
        count: 256,
    };
    assert_eq!(store.purge_events(young).await.unwrap(), deleted);
    happen(&*store, 1, AT).await;
    assert_eq!(store.last_place().await.unwrap(), 258);
}

/// A program that is wrong does not change the log; what was redacted is in no file.
#[tokio::test]
async fn sqlite_refuses_to_change_events_and_forgets_what_is_redacted() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("m.db");
    let open = || Arc::new(SqliteStore::open(&path, Keys::from_bytes(&[1; 32]).unwrap()).unwrap());
    let store = open();
    let name = "Mrs. Example of Example Street ".repeat(200);
    let event = Event::new(AT, "x", None, EventType::ServerStarted).detail(name);
    store.log(vec![event]).await.unwrap();
    happen(&*store, 300, AT).await;
    export(&*store, AT).await;
    store.redact(0, "a name", "me", AT).await.unwrap();
    let found = |text: &str| {
        let files = std::fs::read_dir(own.path()).unwrap();
        files.into_iter().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    };
    assert!(found("server.started") && !found("Example Street"));
    drop(store);
    let db = rusqlite::Connection::open(&path).unwrap();
    for wrong in [
        "UPDATE event SET bytes = x'10' WHERE place = 2",
        "UPDATE event SET bytes = x'FF' WHERE place = 1",
        "UPDATE event SET device = 7 WHERE place = 2",
        "UPDATE event SET bytes = x'FF', seq = 7 WHERE place = 2",
        "DELETE FROM event WHERE place = 1",
        "DELETE FROM event",
    ] {
        let refused = db.execute(wrong, []).unwrap_err().to_string();
        assert!(refused.contains("events are"), "{wrong}: {refused}");
    }
    drop(db);
    assert_eq!(open().all_events(0, 999).await.unwrap().len(), 303);
}
