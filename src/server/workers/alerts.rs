//! Looks at the conditions that alerts are raised for, as far as nobody reports them when
//! they come about.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::app::alerts::{Alerts, Open};
use crate::audit::{Sealer, health};
use crate::clock::Clock;
use crate::http::health::Health;
use crate::metrics::{self, Metrics};
use crate::supervisor::{Worker, WorkerStatus};
use crate::wns::service::Push;
use modegate_core::alert::{AlertKind, Finding, OPEN_OF_DEVICES, Subject, low_disk};
use modegate_core::log_health;
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// How often the server's own conditions are looked at.
const EVERY: Duration = Duration::from_secs(60);
/// How often all devices are looked at.
const DEVICES_EVERY: Duration = Duration::from_secs(15 * 60);
/// Devices in one read, which takes some milliseconds.
const DEVICES: usize = 256;
/// Between two reads: a thousand devices a second.
const PAUSE: Duration = Duration::from_millis(250);

/// The kinds that one look at the server finds all of.
const OF_SERVER: [AlertKind; 7] = [
    AlertKind::CertificateExpiring,
    AlertKind::CertificateInvalid,
    AlertKind::ProfileMisconfigured,
    AlertKind::ProfileBlocked,
    AlertKind::ProfileDegraded,
    AlertKind::WorkerDown,
    AlertKind::DiskLow,
];

/// Where conditions are seen.
pub(crate) struct Conditions {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) push: Arc<Push>,
    /// The background workers.
    pub(crate) workers: Arc<WorkerStatus>,
    /// Knows the certificates in use.
    pub(crate) health: Arc<Health>,
    /// Seals the log.
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) metrics: Arc<Metrics>,
    /// The file of the database.
    pub(crate) database: PathBuf,
    /// Bytes of its disk that are kept for others.
    pub(crate) reserved_bytes: u64,
    /// For how long events may wait for a checkpoint.
    pub(crate) patience: Duration,
}

impl Conditions {
    /// Looks at the server, and raises and clears alerts by what it finds.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut found = self.health.findings(now);
        let profiles = self.push.profiles();
        found.extend(profiles.iter().filter_map(|profile| profile.finding(now)));
        found.extend(self.workers.down().into_iter().map(|name| {
            let message = format!("the background worker {name} failed and is down");
            let subject = Subject::Worker(name.to_owned());
            Finding::new(AlertKind::WorkerDown, subject, message)
        }));
        let disk = metrics::disk(&self.database);
        let disk = disk.map(|(free, size)| (free.saturating_sub(self.reserved_bytes), size));
        found.extend(disk.and_then(|(free, database)| low_disk(free, database)));
        self.alerts.settle(&OF_SERVER, found).await?;
        let (free, patience) = (disk.map(|(free, _)| free), self.patience);
        let found = health::findings(&self.sealer, free, patience, &self.metrics, now).await?;
        self.alerts.settle(&log_health::KINDS, found).await?;
        self.forget_webhooks().await
    }

    /// Clears what is open about webhooks that were deleted: they take nothing any more.
    async fn forget_webhooks(&self) -> Result<(), StoreError> {
        let open = self.alerts.open(&[AlertKind::WebhookGivenUp]).await;
        if open.is_empty() {
            return Ok(());
        }
        let webhooks = self.store.webhooks().await?;
        let is_there = |of: &Subject| {
            let mut all = webhooks.iter();
            all.any(|webhook| *of == Subject::Webhook(webhook.id.0))
        };
        for (kind, subject) in open.into_iter().filter(|(_, of)| !is_there(of)) {
            self.alerts.clear(kind, subject).await?;
        }
        Ok(())
    }
}

/// The worker.
pub(super) struct AlertWorker {
    conditions: Arc<Conditions>,
    /// When the server is looked at again. A look at all devices takes many turns, each of
    /// which would read the log and the disk, too.
    server_at: Instant,
    /// The look at all devices that is under way.
    pass: Pass,
    /// When it goes on, or the next one begins.
    devices_at: Instant,
}

/// A look at all devices.
#[derive(Default)]
struct Pass {
    after: u64,
    /// What was open when it began.
    open: Open,
    found: Vec<Finding>,
    /// How many of `found` are not open yet.
    new: usize,
}

impl Pass {
    /// Takes over what was found: all that is open and lasts, which would be cleared
    /// otherwise, and of the rest as much as may be open.
    fn take(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            let is_open = self.open.contains(&(finding.kind, finding.subject.clone()));
            if is_open || self.new < OPEN_OF_DEVICES {
                self.new += usize::from(!is_open);
                self.found.push(finding);
            }
        }
    }
}

impl AlertWorker {
    pub(super) fn new(conditions: Arc<Conditions>) -> Self {
        let now = Instant::now();
        AlertWorker {
            conditions,
            server_at: now,
            pass: Pass::default(),
            devices_at: now,
        }
    }

    /// Looks at the next devices; how long until those after them.
    async fn devices(&mut self, now: Timestamp) -> Result<Duration, StoreError> {
        let Conditions { store, alerts, .. } = &*self.conditions;
        let kinds = &AlertKind::OF_DEVICES;
        if self.pass.after == 0 {
            self.pass.open = alerts.open(kinds).await;
        }
        let devices = store.devices(self.pass.after, DEVICES).await?;
        let found = devices.iter().flat_map(|device| device.findings(now));
        self.pass.take(found);
        if let Some(last) = devices.last().filter(|_| devices.len() == DEVICES) {
            self.pass.after = last.number;
            return Ok(PAUSE);
        }
        let found = std::mem::take(&mut self.pass).found;
        alerts.settle(kinds, found).await?;
        Ok(DEVICES_EVERY)
    }
}

#[async_trait]
impl Worker for AlertWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        if Instant::now() >= self.server_at {
            self.conditions.settle().await?;
            self.server_at = Instant::now() + EVERY;
        }
        if Instant::now() >= self.devices_at {
            let now = self.conditions.clock.now();
            self.devices_at = Instant::now() + self.devices(now).await?;
        }
        let next = self.server_at.min(self.devices_at);
        let rest = next.saturating_duration_since(Instant::now());
        Ok(rest.max(Duration::from_millis(1)))
    }

    async fn woken(&mut self) {
        tokio::select! {
            () = self.conditions.push.changed() => {}
            () = self.conditions.workers.changed() => {}
            () = self.conditions.health.changed() => {}
        }
        self.server_at = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use modegate_core::ids::DeviceId;
    use uuid::Uuid;

    #[test]
    fn what_is_open_and_lasts_is_found_behind_more_news_than_there_is_room_for() {
        let of = |device: u128| {
            let subject = Subject::Device(DeviceId(Uuid::from_u128(device)));
            Finding::new(AlertKind::DeviceOnlyMachine, subject, "")
        };
        let many = OPEN_OF_DEVICES as u128 + 5;
        let last = of(many);
        let mut pass = Pass {
            open: [(last.kind, last.subject.clone())].into(),
            ..Pass::default()
        };
        pass.take((0..=many).map(of));
        assert_eq!(pass.found.len(), OPEN_OF_DEVICES + 1);
        assert_eq!(pass.found.last(), Some(&last));
    }
}
