//! Writes what was counted by the hour.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::metrics::Metrics;
use crate::supervisor::Worker;
use modegate_store::{Store, StoreError};

/// How often: as much is missing at most where the server is killed.
const EVERY: Duration = Duration::from_secs(60);

/// The worker.
pub(super) struct TallyWorker {
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: Arc<Metrics>,
}

#[async_trait]
impl Worker for TallyWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let (store, metrics) = (Arc::clone(&self.store), Arc::clone(&self.metrics));
        // To its end, even where this worker is stopped: what is taken is not lost.
        let flushing = tokio::spawn(async move { metrics.hourly.flush(&*store).await });
        if let Ok(flushed) = flushing.await {
            flushed?;
        }
        Ok(EVERY)
    }
}
