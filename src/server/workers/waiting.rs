//! Looks at what waits on all devices, and why, a few devices at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::app::waiting::{LatestCensus, WaitingCensus, look};
use crate::clock::Clock;
use crate::supervisor::Worker;
use crate::sync::SyncService;
use modegate_core::waiting::Waiting;
use modegate_store::{Store, StoreError};

/// How often all devices are looked at, where one pass takes less.
const EVERY: Duration = Duration::from_secs(5);
/// Devices in one read.
const DEVICES: usize = 64;
/// The least time between two reads: 256 devices a second.
const PAUSE: Duration = Duration::from_millis(250);
/// How many times as long as it worked it pauses at least.
const REST: u32 = 9;

/// The worker.
pub(super) struct WaitingWorker {
    pub(super) store: Arc<dyn Store>,
    pub(super) sync: Arc<SyncService>,
    pub(super) clock: Clock,
    pub(super) latest: Arc<LatestCensus>,
    pub(super) pass: Option<Pass>,
}

/// One pass over all devices, under way.
pub(super) struct Pass {
    begun: Instant,
    after: u64,
    waiting: Waiting,
}

#[async_trait]
impl Worker for WaitingWorker {
    /// After an error the pass begins anew.
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let begun = Instant::now();
        let mut pass = self.pass.take().unwrap_or_else(|| Pass {
            begun,
            after: 0,
            waiting: Waiting::default(),
        });
        let found = self.store.devices(pass.after, DEVICES).await?;
        let (policies, now) = (self.sync.policies(), self.clock.now());
        for device in &found {
            look(&*self.store, &mut pass.waiting, device, &policies, now).await?;
            pass.after = device.number;
        }
        let rest = PAUSE.max(begun.elapsed() * REST);
        if found.len() == DEVICES {
            self.pass = Some(pass);
            return Ok(rest);
        }
        self.latest.replace(Arc::new(Some(Arc::new(WaitingCensus {
            waiting: pass.waiting,
            at: now,
            is_whole: true,
        }))));
        Ok(EVERY.saturating_sub(pass.begun.elapsed()).max(rest))
    }
}
