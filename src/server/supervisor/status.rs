//! Which workers are down, for `/readyz` and for alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The workers of one server that failed and do not run again yet.
#[derive(Debug, Default)]
pub struct WorkerStatus {
    down: Mutex<BTreeSet<&'static str>>,
    /// How often each worker failed since the server started.
    failures: Mutex<BTreeMap<&'static str, u64>>,
    changed: Notify,
}

impl WorkerStatus {
    /// Whether all workers run.
    ///
    /// # Errors
    /// Some are down; the message names them.
    pub fn check(&self) -> Result<(), String> {
        let down = self.down();
        match down[..] {
            [] => Ok(()),
            [one] => Err(format!("the background worker {one} failed and is down")),
            _ => Err(format!(
                "the background workers {} failed and are down",
                down.join(", ")
            )),
        }
    }

    /// The workers that are down.
    pub(crate) fn down(&self) -> Vec<&'static str> {
        self.lock().iter().copied().collect()
    }

    /// All workers that were started, by name, each with how often it failed.
    pub(crate) fn failures(&self) -> BTreeMap<&'static str, u64> {
        self.counts().clone()
    }

    pub(super) fn started(&self, worker: &'static str) {
        self.counts().entry(worker).or_default();
    }

    /// Returns once another worker is down, or up again, since the last time. For one waiter.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn set_down(&self, worker: &'static str) {
        *self.counts().entry(worker).or_default() += 1;
        if self.lock().insert(worker) {
            self.changed.notify_one();
        }
    }

    pub(super) fn set_up(&self, worker: &'static str) {
        if self.lock().remove(worker) {
            self.changed.notify_one();
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
