//! Sealing that ends before any of its steps, and what the next start makes of it.

use std::path::Path;
use std::sync::Arc;

use modegate_core::time::Timestamp;
use modegate_core::tlog::Hash;
use modegate_server::audit::{KeyFile, SealStep, Sealer, Setup};
use modegate_server::clock::Clock;
use modegate_server::metrics::Metrics;
use modegate_store::Store;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;

use super::{is_signed, newest, published, root_of};
use crate::store::proof::happen;

const AT: Timestamp = Timestamp(1_790_000_000_000);
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The store of a data directory.
fn store(dir: &Path) -> Arc<dyn Store> {
    let keys = Keys::from_bytes(&[3; 32]).unwrap();
    Arc::new(SqliteStore::open(&dir.join("modegate.db"), keys).unwrap())
}

/// What its log is opened with, at this time.
fn setup(dir: &Path, store: &Arc<dyn Store>, now: Timestamp) -> Setup {
    Setup {
        store: Arc::clone(store),
        key_file: KeyFile::at(dir.join("audit-key")),
        data: dir.to_owned(),
        host: "test.example".to_owned(),
        interval: std::time::Duration::from_secs(10),
        clock: Clock::new(move || now),
        metrics: Arc::new(Metrics::new()),
    }
}

/// Its log, opened as the server does.
async fn sealer(dir: &Path, store: &Arc<dyn Store>, now: Timestamp) -> Arc<Sealer> {
    let setup = setup(dir, store, now);
    Arc::new(Sealer::open(setup).await.unwrap())
}

/// A log with so many sealed entries, and what sealed them.
async fn begun(dir: &Path, count: usize) -> (Arc<dyn Store>, Arc<Sealer>) {
    let store = store(dir);
    let sealer = sealer(dir, &store, AT).await;
    happen(&*store, count, AT).await;
    sealer.seal().await.unwrap();
    (store, sealer)
}

async fn root(store: &dyn Store, size: usize) -> Hash {
    let entries = store.entries(0, size, u64::MAX).await.unwrap();
    root_of(&entries, size as u64)
}

#[tokio::test]
async fn sealing_that_breaks_off_anywhere_goes_on() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path();
    let mut all = 0;
    for step in [SealStep::Sign, SealStep::Commit, SealStep::Publish] {
        for count in [1, 300, 9_000] {
            let before = newest(dir, 1).map(|mark| mark.size);
            let (broken, durable) = {
                let store = store(dir);
                let sealer = sealer(dir, &store, AT).await;
                happen(&*store, count, AT).await;
                all += count;
                sealer.stop_before(Some(step));
                let broken = sealer.seal().await.is_err();
                (broken, store.tree().await.unwrap().size())
            };
            assert!(broken);
            // Nothing is published, and nothing but the last step's is durable.
            assert_eq!(newest(dir, 1).map(|mark| mark.size), before);
            let expected = match step {
                SealStep::Publish => all as u64,
                _ => (all - count) as u64,
            };
            assert_eq!(durable, expected, "{step:?}");
            let store = store(dir);
            let sealer = sealer(dir, &store, AT).await;
            assert_eq!(sealer.origin().epoch(), 1, "no fork");
            // One more, so that a checkpoint follows in any case.
            happen(&*store, 1, AT).await;
            all += 1;
            assert_eq!(sealer.seal().await.unwrap(), all as u64);
            let mark = newest(dir, 1).unwrap();
            assert_eq!(mark.size, all as u64);
            assert_eq!(mark.root, root(&*store, all).await);
        }
    }
}

/// The mark of a checkpoint that was not kept is compared by a proof.
#[tokio::test]
async fn an_older_mark_is_known_again_though_its_checkpoint_is_gone() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path();
    let (store, first) = begun(dir, 700).await;
    for _ in 0..3 {
        happen(&*store, 100, AT).await;
        first.stop_before(Some(SealStep::Publish));
        assert!(first.seal().await.is_err());
    }
    assert_eq!(newest(dir, 1).unwrap().size, 700);
    assert!(store.checkpoint_of(700).await.unwrap().is_none());
    let again = sealer(dir, &store, AT).await;
    assert_eq!(again.origin(), first.origin());
    // Another root of that size is another log.
    let mark = std::fs::read_to_string(dir.join("audit/last-checkpoint")).unwrap();
    let other = root(&*store, 699).await.base64();
    let forged = mark.replace(&newest(dir, 1).unwrap().root.base64(), &other);
    std::fs::write(dir.join("audit/last-checkpoint"), forged).unwrap();
    let forked = sealer(dir, &store, AT).await;
    assert_eq!(forked.origin().epoch(), 2);
    let log = store.all_events(1_000, 9).await.unwrap();
    assert_eq!(log[0].event.what.name(), "log.forked");
}

/// What cannot be read says nothing, and doubt is no reason to sign on.
#[tokio::test]
async fn a_mark_that_cannot_be_read_begins_an_epoch() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path();
    let (store, first) = begun(dir, 5).await;
    std::fs::write(dir.join("audit/last-checkpoint"), "{").unwrap();
    let second = sealer(dir, &store, AT).await;
    assert_eq!(second.origin(), first.origin().in_epoch(2));
    second.seal().await.unwrap();
    assert_eq!(newest(dir, 2).unwrap().size, 6);
    assert_eq!(sealer(dir, &store, AT).await.origin().epoch(), 2);
}

/// The first start with another key puts it on record, and for thirty days both sign.
#[tokio::test]
async fn both_keys_sign_for_thirty_days() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path();
    let (store, first) = begun(dir, 5).await;
    let old = first.verifiers(AT)[0].clone();
    KeyFile::at(dir.join("audit-key")).change().unwrap();
    let note = || published(dir).into_values().last().unwrap().1;
    let mut new = None;
    for (days, signs) in [(0, true), (29, true), (31, false)] {
        let at = AT.plus_ms(days * DAY);
        let sealer = sealer(dir, &store, at).await;
        assert_eq!(sealer.origin().epoch(), 1);
        happen(&*store, 1, at).await;
        sealer.seal().await.unwrap();
        let key = sealer.verifiers(at)[0].clone();
        assert_eq!(new.get_or_insert_with(|| key.clone()), &key);
        assert!(key != old && is_signed(&note(), &key));
        assert_eq!(is_signed(&note(), &old), signs, "{days}");
    }
    let log = store.all_events(0, 99).await.unwrap();
    let changed: Vec<_> = log
        .iter()
        .filter(|stored| stored.event.what.name() == "audit.key_changed")
        .collect();
    assert_eq!(changed.len(), 1);
    let record = serde_json::to_value(changed[0].event.log.as_deref()).unwrap();
    assert_eq!(record["key"]["vkey"], new.unwrap().to_string());
    // The old key does not come back.
    std::fs::rename(dir.join("audit-key.old"), dir.join("audit-key")).unwrap();
    let refused = Sealer::open(setup(dir, &store, AT)).await.err().unwrap();
    assert!(refused.to_string().contains("not the one"), "{refused}");
}
