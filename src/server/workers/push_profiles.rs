//! Checks the credentials of all push profiles once, when the server starts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::supervisor::Worker;
use crate::wns::service::Push;
use modegate_store::StoreError;

/// The worker.
pub(super) struct ProfileCheck(pub(super) Arc<Push>);

#[async_trait]
impl Worker for ProfileCheck {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        self.0.check_all().await;
        // Later checks follow changes of a profile and answers of WNS.
        Ok(Duration::MAX)
    }
}
