//! Looks after the push profiles: checks the credentials of all of them once, when the
//! server starts, and takes in what devices report of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::supervisor::Worker;
use crate::wns::service::Push;
use modegate_store::StoreError;

/// The worker.
pub struct ProfileWorker {
    push: Arc<Push>,
    is_checked: bool,
}

impl ProfileWorker {
    /// Looks after the profiles of `push`.
    pub fn new(push: Arc<Push>) -> Self {
        ProfileWorker {
            push,
            is_checked: false,
        }
    }
}

#[async_trait]
impl Worker for ProfileWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        if !self.is_checked {
            // Later checks follow changes of a profile and answers of WNS.
            self.push.check_all().await;
            self.is_checked = true;
        }
        while let Some(report) = self.push.in_force.next_report() {
            self.push
                .learn(report.profile, report.event, &report.words)
                .await;
        }
        Ok(Duration::MAX)
    }

    async fn woken(&mut self) {
        self.push.in_force.arrived().await;
    }
}
