//! Which workers are down, for `/readyz`.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The workers of one server that failed and do not run again yet.
#[derive(Debug, Default)]
pub struct WorkerStatus {
    down: Mutex<BTreeSet<&'static str>>,
}

impl WorkerStatus {
    /// Whether all workers run.
    ///
    /// # Errors
    /// Some are down; the message names them.
    pub fn check(&self) -> Result<(), String> {
        let down: Vec<&str> = self.down().iter().copied().collect();
        match down[..] {
            [] => Ok(()),
            [one] => Err(format!("the background worker {one} failed and is down")),
            _ => Err(format!(
                "the background workers {} failed and are down",
                down.join(", ")
            )),
        }
    }

    pub(super) fn set_down(&self, worker: &'static str) {
        self.down().insert(worker);
    }

    pub(super) fn set_up(&self, worker: &'static str) {
        self.down().remove(worker);
    }

    fn down(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
