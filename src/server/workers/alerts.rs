//! Looks at the conditions that alerts are raised for, as far as nobody reports them when
//! they come about.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::app::alerts::Alerts;
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
        found.extend(disk.and_then(|(free, database)| low_disk(free, database)));
        self.alerts.settle(&OF_SERVER, found).await?;
        let (sealer, metrics) = (&self.sealer, &self.metrics);
        let found = health::findings(sealer, &self.database, metrics, now).await?;
        self.alerts.settle(&log_health::KINDS, found).await?;
        self.forget_webhooks().await
    }

    /// Clears what is open about webhooks that were deleted: they take nothing any more.
    async fn forget_webhooks(&self) -> Result<(), StoreError> {
        let open = self.alerts.subjects(AlertKind::WebhookGivenUp).await;
        if open.is_empty() {
            return Ok(());
        }
        let webhooks = self.store.webhooks().await?;
        let is_there = |of: &Subject| {
            let mut all = webhooks.iter();
            all.any(|webhook| *of == Subject::Webhook(webhook.id.0))
        };
        for subject in open.into_iter().filter(|of| !is_there(of)) {
            let kind = AlertKind::WebhookGivenUp;
            self.alerts.clear(kind, subject).await?;
        }
        Ok(())
    }
}

/// The worker.
pub(super) struct AlertWorker {
    conditions: Arc<Conditions>,
    /// The look at all devices that is under way.
    pass: Pass,
    /// When it goes on, or the next one begins.
    devices_at: Instant,
}

/// A look at all devices.
#[derive(Default)]
struct Pass {
    after: u64,
    found: Vec<Finding>,
}

impl AlertWorker {
    pub(super) fn new(conditions: Arc<Conditions>) -> Self {
        AlertWorker {
            conditions,
            pass: Pass::default(),
            devices_at: Instant::now(),
        }
    }

    /// Looks at the next devices; how long until those after them.
    async fn devices(&mut self, now: Timestamp) -> Result<Duration, StoreError> {
        let Conditions { store, alerts, .. } = &*self.conditions;
        let devices = store.devices(self.pass.after, DEVICES).await?;
        let room = OPEN_OF_DEVICES.saturating_sub(self.pass.found.len());
        let found = devices.iter().flat_map(|device| device.findings(now));
        self.pass.found.extend(found.take(room));
        if let Some(last) = devices.last().filter(|_| devices.len() == DEVICES) {
            self.pass.after = last.number;
            return Ok(PAUSE);
        }
        let found = std::mem::take(&mut self.pass).found;
        alerts.settle(&AlertKind::OF_DEVICES, found).await?;
        Ok(DEVICES_EVERY)
    }
}

#[async_trait]
impl Worker for AlertWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        self.conditions.settle().await?;
        if Instant::now() >= self.devices_at {
            let now = self.conditions.clock.now();
            self.devices_at = Instant::now() + self.devices(now).await?;
        }
        let rest = self.devices_at.saturating_duration_since(Instant::now());
        Ok(rest.min(EVERY).max(Duration::from_millis(1)))
    }

    async fn woken(&mut self) {
        tokio::select! {
            () = self.conditions.push.changed() => {}
            () = self.conditions.workers.changed() => {}
            () = self.conditions.health.changed() => {}
        }
    }
}
