//! Seals the log from time to time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::sealer::Sealer;
use crate::supervisor::Worker;
use modegate_store::StoreError;

/// Seals what is new, at every interval.
pub(crate) struct SealWorker {
    sealer: Arc<Sealer>,
}

impl SealWorker {
    pub(crate) fn new(sealer: Arc<Sealer>) -> Self {
        SealWorker { sealer }
    }
}

#[async_trait]
impl Worker for SealWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        self.sealer.seal().await?;
        Ok(self.sealer.interval())
    }
}
