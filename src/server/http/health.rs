//! Whether the server is ready to serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::supervisor::WorkerStatus;
use modegate_store::{Store, StoreError};

/// How long the store may take to show that it works.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds: probing writes, and anybody may ask.
const FRESH: Duration = Duration::from_secs(1);

/// Whether the server is ready to serve.
#[derive(Debug, Default)]
pub struct Health {
    draining: AtomicBool,
    workers: Arc<WorkerStatus>,
    probed: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Health {
    /// Of a server whose background workers report to `workers`.
    pub fn new(workers: Arc<WorkerStatus>) -> Self {
        Health {
            workers,
            ..Health::default()
        }
    }

    /// From now on the server is ending, and says so.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the background workers run and `store` can be written and read
    /// now; if not, why in words.
    pub async fn ready(&self, store: &dyn Store) -> Result<(), String> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("the server is shutting down: it finishes open requests".to_owned());
        }
        self.workers.check()?;
        let mut probed = self.probed.lock().await;
        if let Some((at, found)) = &*probed
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = match tokio::time::timeout(PATIENCE, store.probe()).await {
            Err(_) => Err(format!(
                "the store did not complete a write within {} s",
                PATIENCE.as_secs()
            )),
            Ok(Err(error @ StoreError::Unwritable(_))) => Err(format!(
                "{error}; free disk space or make the disk writable: the server recovers by itself"
            )),
            Ok(answer) => answer.map_err(|error| error.to_string()),
        };
        *probed = Some((Instant::now(), found.clone()));
        found
    }
}
