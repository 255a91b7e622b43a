//! The worker of wakes: whoever is due in the outbox is looked after, a bounded
//! number at once.
//!
//! An attempt is on record before the request leaves. So a server that dies in
//! between finds it, and it counts as sent: one wish is one notification.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::supervisor::{KeyedTasks, Worker, next_commit};
use crate::wns::send;
use crate::wns::service::Push;
use modegate_core::ids::DeviceId;
use modegate_store::StoreError;

/// Devices read from the outbox at once.
const BATCH: usize = 256;
/// The outbox is looked at this often at least: clocks jump.
const LOOK: Duration = Duration::from_millis(500);
/// And after a commit not sooner than this: under load they come by the hundreds.
const REST: Duration = Duration::from_millis(3);
/// How long a device rests after the store failed for it.
const FAILED: Duration = Duration::from_secs(1);

/// The worker.
pub struct WakeWorker {
    push: Arc<Push>,
    most: usize,
    commits: watch::Receiver<u64>,
    /// Devices that are due and wait for one of those under way to end.
    due: VecDeque<DeviceId>,
    sending: KeyedTasks<DeviceId>,
}

impl WakeWorker {
    /// Looks after `most` devices at once, at least one.
    pub fn new(push: Arc<Push>, most: usize) -> Self {
        WakeWorker {
            commits: push.store.commits(),
            push,
            most: most.max(1),
            due: VecDeque::new(),
            sending: KeyedTasks::default(),
        }
    }

    /// Devices that are due and not under way, the longest due first.
    async fn fresh(&self) -> Result<VecDeque<DeviceId>, StoreError> {
        let most = BATCH + self.sending.len();
        let due = self.push.store.wakes_due(self.push.clock.now(), most);
        let fresh = due.await?.into_iter().map(|(device, _)| device);
        Ok(fresh
            .filter(|device| !self.sending.contains(device))
            .collect())
    }
}

#[async_trait]
impl Worker for WakeWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        if self.due.is_empty() {
            // Marked as seen before the outbox is read: what comes after wakes again.
            self.commits.borrow_and_update();
            self.due = self.fresh().await?;
            if self.due.is_empty() {
                return Ok(LOOK);
            }
        }
        while self.sending.len() < self.most
            && let Some(device) = self.due.pop_front()
        {
            let task = look_after(Arc::clone(&self.push), device);
            self.sending.spawn(device, task);
        }
        // Once all have their task, there may be more in the outbox.
        let all = self.due.is_empty();
        Ok(if all { Duration::ZERO } else { Duration::MAX })
    }

    async fn woken(&mut self) {
        if !self.due.is_empty() {
            return self.sending.ended().await;
        }
        loop {
            tokio::select! {
                () = next_commit(&mut self.commits) => return sleep(REST).await,
                // It committed its outcome before.
                () = self.sending.ended() => {}
            }
        }
    }

    async fn finish(&mut self) {
        self.sending.all_ended().await;
    }
}

async fn look_after(push: Arc<Push>, device: DeviceId) {
    if let Err(error) = send::look_after(&push, device).await {
        tracing::error!(%error, "a wake was not looked after; it is tried again");
        sleep(FAILED).await;
    }
}
