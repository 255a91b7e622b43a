//! Writes the counts of failed authentications to the log.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::supervisor::Worker;
use crate::sync::SyncService;
use modegate_store::{Store, StoreError};

/// How often is looked whether counts are to be written; each reason is, once an hour.
const EVERY: Duration = Duration::from_secs(60);

/// The worker.
pub(super) struct AuthFailureLog {
    pub(super) sync: Arc<SyncService>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
}

#[async_trait]
impl Worker for AuthFailureLog {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let failures = self.sync.auth_failures();
        let now = self.clock.now();
        let counted = failures.take_due(now);
        let logged = self.store.log(counted.events(now)).await;
        logged.inspect_err(|_| self.sync.auth_failures().restore(counted))?;
        Ok(EVERY)
    }
}
