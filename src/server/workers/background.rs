//! What the server does beside serving: counts are written down, queues looked at.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Retention;
use crate::metrics::Metrics;
use crate::sync::Way;
use modegate_core::command::QueueSample;
use modegate_store::{Store, StoreError};

/// How often the counts of auth_failures are written down.
const STRANGERS: Duration = Duration::from_secs(60);
/// How often all queues are looked at, where that takes less.
const QUEUES: Duration = Duration::from_secs(5);
/// Devices looked at in one read, some milliseconds.
const DEVICES: usize = 256;
/// Between two such reads: a thousand devices a second.
const PAUSE: Duration = Duration::from_millis(250);

/// Tasks that end with this.
#[derive(Debug)]
pub(super) struct Background(Vec<JoinHandle<()>>);

impl Background {
    /// Starts them.
    pub(super) fn start(
        way: Arc<Way>,
        store: Arc<dyn Store>,
        clock: Clock,
        retention: Retention,
        metrics: Arc<Metrics>,
    ) -> Self {
        let auth_failures = write_auth_failures_down(way, Arc::clone(&store), clock.clone());
        Background(vec![
            tokio::spawn(auth_failures),
            tokio::spawn(look_at_queues(Arc::clone(&store), clock.clone(), metrics)),
            tokio::spawn(super::retention::run(retention, store, clock)),
        ])
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

async fn write_auth_failures_down(way: Arc<Way>, store: Arc<dyn Store>, clock: Clock) {
    let mut ticks = tokio::time::interval(STRANGERS);
    loop {
        ticks.tick().await;
        if let Err(error) = store.log(way.auth_failures().take(clock.now())).await {
            tracing::error!(%error, "the count of auth_failures is not on record");
        }
    }
}

async fn look_at_queues(store: Arc<dyn Store>, clock: Clock, metrics: Arc<Metrics>) {
    loop {
        let begun = Instant::now();
        match walk(&*store).await {
            Ok(found) => metrics.queues(&found, clock.now()),
            Err(error) => tracing::warn!(%error, "the queues could not be looked at"),
        }
        tokio::time::sleep(QUEUES.saturating_sub(begun.elapsed()).max(PAUSE)).await;
    }
}

/// Walks over all devices, a few at a time.
async fn walk(store: &dyn Store) -> Result<QueueSample, StoreError> {
    let (mut all, mut after) = (QueueSample::default(), 0);
    loop {
        let found = store.sample_queues(after, DEVICES).await?;
        for (sum, count) in all.commands.iter_mut().zip(found.commands) {
            *sum += count;
        }
        all.oldest = [all.oldest, found.oldest].into_iter().flatten().min();
        match found.next {
            Some(next) => after = next,
            None => return Ok(all),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
