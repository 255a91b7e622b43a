//! What a store does with hourly counts: it merges them by hour and key, gives back those of
//! a span, and deletes old ones; and what the server's counter in front of it does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use modegate_core::context::{Family, Mode};
use modegate_core::event::EventType;
use modegate_core::installs::InstallState;
use modegate_core::tally::{Hour, HourlyCount, TallyKey};
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::config::Retention;
use modegate_server::tally::PendingCounts;
use modegate_store::Store;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::tally::TallyStore;

const MACHINE: TallyKey = TallyKey::Sessions(Family::Windows81, Mode::Machine);
const INSTALLED: TallyKey = TallyKey::Installs(InstallState::Installed);
const DEPTH: TallyKey = TallyKey::QueueDepth;
/// The first hour of a day.
const FIRST: Hour = Hour(490_008);

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(&dir.join("db"), Keys::from_bytes(&[3; 32]).unwrap()).unwrap()
}

fn count(hour: Hour, key: TallyKey, n: u64) -> HourlyCount {
    HourlyCount { hour, key, n }
}

async fn all(store: &dyn Store) -> Vec<HourlyCount> {
    store.tally(Hour(i64::MIN), Hour(i64::MAX)).await.unwrap()
}

async fn counts_of_an_hour_are_merged(store: &dyn Store) {
    let first = vec![
        count(FIRST, MACHINE, 2),
        count(FIRST, DEPTH, 5),
        count(FIRST.plus(1), DEPTH, 0),
    ];
    store.add_to_tally(first).await.unwrap();
    let second = vec![
        count(FIRST, MACHINE, 3),
        count(FIRST, DEPTH, 4),
        count(FIRST, INSTALLED, u64::MAX),
        count(FIRST.plus(1), DEPTH, 7),
    ];
    store.add_to_tally(second).await.unwrap();
    store.add_to_tally(Vec::new()).await.unwrap();
    let most = i64::MAX as u64;
    let expected = [
        count(FIRST, INSTALLED, most),
        count(FIRST, DEPTH, 5),
        count(FIRST, MACHINE, 5),
        count(FIRST.plus(1), DEPTH, 7),
    ];
    assert_eq!(all(store).await, expected);
    let span = store.tally(FIRST.plus(1), FIRST.plus(2)).await.unwrap();
    assert_eq!(span, expected[3..]);
    assert_eq!(store.tally(FIRST.plus(2), FIRST).await.unwrap(), []);
}

async fn old_counts_are_deleted_a_few_at_a_time(store: &dyn Store) {
    let hours = (0..10).map(|at| count(FIRST.plus(at), MACHINE, 1));
    store.add_to_tally(hours.collect()).await.unwrap();
    let before = FIRST.plus(5);
    let mut deleted = Vec::new();
    for _ in 0..3 {
        let purged = store.purge_tally(before, 3).await.unwrap();
        deleted.push((purged.count, purged.more));
    }
    assert_eq!(deleted, [(3, true), (2, false), (0, false)]);
    let left: Vec<Hour> = all(store).await.iter().map(|count| count.hour).collect();
    assert_eq!(left, [5, 6, 7, 8, 9].map(|at| FIRST.plus(at)));
}

#[tokio::test]
async fn sqlite_keeps_hourly_counts() {
    let own = tempfile::tempdir().unwrap();
    for (name, step) in [("a", true), ("b", false)] {
        let dir = own.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        let store = open(&dir);
        match step {
            true => counts_of_an_hour_are_merged(&store).await,
            false => old_counts_are_deleted_a_few_at_a_time(&store).await,
        }
    }
}

#[tokio::test]
async fn whole_days_of_counts_are_deleted_once_they_are_old_and_the_log_says_so_once_a_day() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let hours = (0..48).map(|at| count(FIRST.plus(at), MACHINE, 1));
    store.add_to_tally(hours.collect()).await.unwrap();
    let retention = Retention {
        tally_days: 10,
        ..Retention::FOREVER
    };
    let at = |hours: i64| FIRST.plus(10 * 24 + hours).begins();
    let mut deleted = Vec::new();
    for hours in [0, 23, 24, 25, 47] {
        let applied = retention.apply(&store, at(hours)).await.unwrap();
        deleted.push(applied.hourly_counts);
    }
    assert_eq!(deleted, [0, 0, 24, 0, 0]);
    let left = all(&store).await;
    assert_eq!((left.len(), left[0].hour), (24, FIRST.plus(24)));
    let events = store.all_events(0, 100).await.unwrap();
    let [event] = &events[..] else {
        panic!("{events:?}");
    };
    let event = &event.event;
    assert_eq!(
        (event.what, event.count),
        (EventType::RetentionApplied, Some(24))
    );
    let kept = Retention::FOREVER.apply(&store, at(10_000)).await.unwrap();
    assert_eq!((kept.hourly_counts, all(&store).await.len()), (0, 24));
    assert_eq!(Retention::default().tally_days, 400);
}

/// A counter whose clock shows what the number says.
fn counter() -> (PendingCounts, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(FIRST.begins().0));
    let shown = Arc::clone(&now);
    let clock = Clock::new(move || Timestamp(shown.load(Ordering::Relaxed)));
    (PendingCounts::new(clock), now)
}

#[tokio::test]
async fn a_count_belongs_to_the_hour_in_which_it_was_made_and_is_read_before_it_is_written() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (counter, now) = counter();
    let read = async || {
        let found = counter.with_written(&store, FIRST, FIRST.plus(2)).await;
        let found = found.unwrap().into_iter();
        found
            .map(|count| (count.hour.0 - FIRST.0, count.key, count.n))
            .collect::<Vec<_>>()
    };
    counter.add(MACHINE);
    counter.add(MACHINE);
    counter.raise(DEPTH, 9);
    now.store(FIRST.plus(1).begins().0, Ordering::Relaxed);
    counter.add(MACHINE);
    counter.raise(DEPTH, 4);
    let expected = [
        (0, MACHINE, 2),
        (0, DEPTH, 9),
        (1, MACHINE, 1),
        (1, DEPTH, 4),
    ];
    assert_eq!(read().await, expected);
    assert_eq!(all(&store).await, [], "nothing is written before its time");
    counter.flush(&store).await.unwrap();
    assert_eq!(all(&store).await.len(), 4);
    let mut written = read().await;
    written.sort_by_key(|&(hour, key, _)| (hour, key));
    assert_eq!(written, expected, "each once");

    // What is no more than what is written waits for nothing.
    counter.raise(DEPTH, 4);
    counter.raise(DEPTH, 3);
    assert_eq!(read().await.len(), 4);
    counter.raise(DEPTH, 6);
    counter.add(INSTALLED);
    now.store(FIRST.plus(5).begins().0, Ordering::Relaxed);
    counter.add(INSTALLED);
    counter.flush(&store).await.unwrap();
    let second = store.tally(FIRST.plus(1), FIRST.plus(2)).await.unwrap();
    let of = |key| second.iter().find(|count| count.key == key).map(|c| c.n);
    assert_eq!(
        (of(DEPTH), of(MACHINE), of(INSTALLED)),
        (Some(6), Some(1), Some(1))
    );
    assert_eq!(all(&store).await.len(), 6);
}

#[tokio::test]
async fn what_cannot_be_written_waits_and_is_written_once() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (counter, _) = counter();
    counter.add(MACHINE);
    counter.raise(DEPTH, 2);
    store.pretend_read_only(true);
    counter.flush(&store).await.unwrap_err();
    counter.add(MACHINE);
    counter.flush(&store).await.unwrap_err();
    store.pretend_read_only(false);
    counter.flush(&store).await.unwrap();
    counter.flush(&store).await.unwrap();
    let expected = [count(FIRST, DEPTH, 2), count(FIRST, MACHINE, 2)];
    assert_eq!(all(&store).await, expected);
}
