//! Samples the queues of all devices for the metrics, a few devices at a time, and the
//! outbox of webhooks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::supervisor::Worker;
use modegate_core::command::QueueSample;
use modegate_store::{Store, StoreError};

/// How often all queues are sampled, where one pass takes less.
const EVERY: Duration = Duration::from_secs(5);
/// Devices in one read, which takes some milliseconds.
const DEVICES: usize = 256;
/// Between two reads: a thousand devices a second.
const PAUSE: Duration = Duration::from_millis(250);

/// The worker.
pub(super) struct QueueSampling {
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    pass: Option<Pass>,
}

/// One pass over all devices, under way.
struct Pass {
    begun: Instant,
    after: u64,
    sum: QueueSample,
}

impl QueueSampling {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock, metrics: Arc<Metrics>) -> Self {
        QueueSampling {
            store,
            clock,
            metrics,
            pass: None,
        }
    }
}

#[async_trait]
impl Worker for QueueSampling {
    /// After an error the pass begins anew.
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let mut pass = self.pass.take().unwrap_or_else(|| Pass {
            begun: Instant::now(),
            after: 0,
            sum: QueueSample::default(),
        });
        let found = self.store.sample_queues(pass.after, DEVICES).await?;
        for (sum, count) in pass.sum.commands.iter_mut().zip(found.commands) {
            *sum += count;
        }
        pass.sum.oldest = [pass.sum.oldest, found.oldest].into_iter().flatten().min();
        let Some(next) = found.next else {
            self.metrics.queues(&pass.sum, self.clock.now());
            let waiting = self.store.waiting_deliveries().await?;
            let deliveries = waiting.iter().map(|(_, count)| count).sum();
            self.metrics.webhooks_wait(deliveries);
            return Ok(EVERY.saturating_sub(pass.begun.elapsed()).max(PAUSE));
        };
        pass.after = next;
        self.pass = Some(pass);
        Ok(PAUSE)
    }
}
