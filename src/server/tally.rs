//! What was counted by the hour and is not in the database yet. Counting takes a lock for
//! some ten nanoseconds and writes nothing; a worker writes what there is once a minute, and
//! the end of the server the rest. A server that is killed loses that minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Clock;
use modegate_core::tally::{Hour, HourlyCount, TallyKey};
use modegate_store::{Store, StoreError};

/// Counts that wait to be written.
#[derive(Debug)]
pub struct PendingCounts {
    clock: Clock,
    counts: Mutex<Counts>,
    /// Held while counts are on their way into the database, so that whoever reads finds
    /// each once.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Counts {
    pending: BTreeMap<(Hour, TallyKey), u64>,
    /// Of what keeps the greatest count: the hour and the count that were written last.
    written: BTreeMap<TallyKey, (Hour, u64)>,
}

impl Counts {
    fn merge(&mut self, hour: Hour, key: TallyKey, n: u64) {
        let entry = self.pending.entry((hour, key));
        entry
            .and_modify(|before| *before = key.merged(*before, n))
            .or_insert(n);
    }

    fn all(&self) -> Vec<HourlyCount> {
        let pending = self.pending.iter();
        let all = pending.map(|(&(hour, key), &n)| HourlyCount { hour, key, n });
        all.collect()
    }
}

impl PendingCounts {
    /// None yet, by the hours of this clock.
    pub fn new(clock: Clock) -> Self {
        PendingCounts {
            clock,
            counts: Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
        }
    }

    /// Counts one more.
    pub fn add(&self, key: TallyKey) {
        let hour = Hour::containing(self.clock.now());
        self.with(|counts| counts.merge(hour, key, 1));
    }

    /// Counts what was found now of something of which the greatest count is kept.
    pub fn raise(&self, key: TallyKey, n: u64) {
        let hour = Hour::containing(self.clock.now());
        self.with(|counts| {
            let written = counts.written.get(&key);
            if written.is_none_or(|&(of, most)| of != hour || most < n) {
                counts.merge(hour, key, n);
            }
        });
    }

    /// Writes what there is; what cannot be written waits for the next time.
    pub async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _turn = self.flushing.lock().await;
        let all = self.with(|counts| {
            let all = counts.all();
            counts.pending.clear();
            all
        });
        let added = store.add_to_tally(all.clone()).await;
        self.with(|counts| {
            for HourlyCount { hour, key, n } in all {
                match &added {
                    Ok(()) if key.keeps_greatest() => {
                        counts.written.insert(key, (hour, n));
                    }
                    Ok(()) => {}
                    Err(_) => counts.merge(hour, key, n),
                }
            }
        });
        added
    }

    /// The counts from that hour until before the other: those that are written and those
    /// that are not yet.
    pub async fn with_written(
        &self,
        store: &dyn Store,
        from: Hour,
        to: Hour,
    ) -> Result<Vec<HourlyCount>, StoreError> {
        let _turn = self.flushing.lock().await;
        let mut all = store.tally(from, to).await?;
        all.extend(self.with(|counts| counts.all()));
        all.retain(|count| count.hour >= from && count.hour < to);
        Ok(all)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
