//! Lists the devices that each baseline covers with their states, once a day: the list is a
//! file, its root is in the log.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::compliance::Judge;
use crate::audit::lists::Lists;
use crate::supervisor::Worker;
use modegate_core::compliance::BaselineSet;
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_store::StoreError;

/// How often is looked whether a list is to be made.
const LOOK: Duration = Duration::from_secs(60);
/// How often while devices wait to be judged.
const SOON: Duration = Duration::from_millis(500);
/// How long a list waits for those.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long it waits after the disk or the store failed.
const LATER: Duration = Duration::from_secs(10 * 60);

/// The worker.
pub(super) struct SnapshotWorker {
    judge: Judge,
    lists: Lists,
    /// How long a list lasts, milliseconds.
    every: i64,
    /// Since when one is to be made, and waits for devices to be judged.
    waits_since: Option<Instant>,
}

impl SnapshotWorker {
    pub(super) fn new(judge: Judge, lists: Lists, every: i64) -> Self {
        SnapshotWorker {
            judge,
            lists,
            every,
            waits_since: None,
        }
    }

    /// Whether the list of any baseline is too old, or of a time that has yet to come.
    async fn is_due(&self, set: &BaselineSet, now: Timestamp) -> Result<bool, StoreError> {
        let made = self.judge.store.snapshots().await?;
        let is_due = |id: &str| {
            let latest = made.iter().find(|(of, _)| of == id);
            latest.is_none_or(|(_, at)| !(0..self.every).contains(&now.ms_since(*at)))
        };
        Ok(set
            .baselines()
            .iter()
            .any(|baseline| is_due(&baseline.id.0)))
    }

    /// Whether devices wait to be judged that the list should have as they are.
    async fn waits(&mut self) -> Result<bool, StoreError> {
        let since = *self.waits_since.get_or_insert_with(Instant::now);
        let backlog = self.judge.store.compliance_backlog().await?;
        let is_behind = backlog.sweeping || backlog.moved > 0;
        Ok(is_behind && since.elapsed() < PATIENCE)
    }

    async fn list(&self, set: Arc<BaselineSet>, now: Timestamp) -> Result<(), StoreError> {
        let (store, lists) = (Arc::clone(&self.judge.store), self.lists.clone());
        let of = Arc::clone(&set);
        let written = tokio::task::spawn_blocking(move || lists.write(&*store, &of, now));
        let ended = |_| StoreError::Failed("a list was interrupted".into());
        let begun = Instant::now();
        for record in written.await.map_err(ended)?? {
            let id = record.baseline.id.clone();
            tracing::info!(
                baseline = id,
                devices = record.devices,
                "listed the devices"
            );
            let event = Event::of_snapshot(now, record);
            self.judge.store.put_snapshot(&id, now, event).await?;
        }
        self.judge.metrics.listed(now, begun.elapsed());
        if let Err(error) = self.lists.drop_older(&set) {
            tracing::warn!(%error, "could not delete older lists of devices");
        }
        Ok(())
    }
}

#[async_trait]
impl Worker for SnapshotWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let (set, now) = (self.judge.baselines.get(), self.judge.clock.now());
        if !self.is_due(&set, now).await? {
            self.waits_since = None;
            return Ok(LOOK);
        }
        if self.waits().await? {
            return Ok(SOON);
        }
        match self.list(set, now).await {
            Ok(()) => Ok(Duration::ZERO),
            Err(error) => {
                tracing::error!(%error, "could not list the devices with their states; retrying later");
                Ok(LATER)
            }
        }
    }

    async fn woken(&mut self) {
        let mut commits = self.judge.store.commits();
        crate::supervisor::next_commit(&mut commits).await;
        tokio::time::sleep(LOOK / 60).await;
    }
}
