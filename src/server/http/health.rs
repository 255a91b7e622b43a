//! Whether the server is ready to serve.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use super::tls::Validity;
use crate::app::input::Time;
use crate::app::server::{CertificateView, Condition, WorkerView};
use crate::supervisor::WorkerStatus;
use modegate_core::alert::{Finding, Subject};
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// How long the store may take to show that it works.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds: probing writes, and anybody may ask.
const FRESH: Duration = Duration::from_secs(1);

/// A certificate in use.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Its name in metrics and alerts.
    pub name: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// When it is valid.
    pub validity: Validity,
    /// The names in it, of the server's own.
    pub names: Vec<String>,
}

/// Whether the server is ready to serve.
#[derive(Debug, Default)]
pub struct Health {
    draining: AtomicBool,
    workers: Arc<WorkerStatus>,
    certificates: Lock<Vec<Certificate>>,
    probed: Mutex<Option<(Instant, Result<(), String>)>>,
    changed: Notify,
}

impl Health {
    /// Of a server whose background workers report to `workers`.
    pub fn new(workers: Arc<WorkerStatus>) -> Self {
        Health {
            workers,
            ..Health::default()
        }
    }

    /// These are the certificates in use.
    pub fn set_certificates(&self, certificates: Vec<Certificate>) {
        let kept = self.certificates.lock();
        *kept.unwrap_or_else(PoisonError::into_inner) = certificates;
        self.changed.notify_one();
    }

    /// Returns once other certificates are in use since the last time. For one waiter.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What an operator should look at although the server is ready.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let found = self.findings(now).into_iter();
        found.map(|finding| finding.message).collect()
    }

    /// The same, as what alerts are raised from.
    pub fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let certificates = self.certificates.lock();
        let certificates = certificates.unwrap_or_else(PoisonError::into_inner);
        let found = certificates.iter().filter_map(|certificate| {
            let (kind, remark) = certificate.validity.fault(now)?;
            let subject = Subject::Certificate(certificate.name.to_owned());
            let message = format!("{} {remark}", certificate.what);
            Some(Finding::new(kind, subject, message))
        });
        found.collect()
    }

    /// From now on the server is ending, and says so.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the background workers run and `store` can be written and read
    /// now; if not, why in words.
    pub async fn ready(&self, store: &dyn Store) -> Result<(), String> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("the server is shutting down: it finishes open requests".to_owned());
        }
        self.workers.check()?;
        let mut probed = self.probed.lock().await;
        if let Some((at, found)) = &*probed
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = match tokio::time::timeout(PATIENCE, store.probe()).await {
            Err(_) => Err(format!(
                "the store did not complete a write within {} s",
                PATIENCE.as_secs()
            )),
            Ok(Err(error @ StoreError::Unwritable(_))) => Err(format!(
                "{error}; free disk space or make the disk writable: the server recovers by itself"
            )),
            Ok(answer) => answer.map_err(|error| error.to_string()),
        };
        *probed = Some((Instant::now(), found.clone()));
        found
    }
}

#[async_trait]
impl Condition for Health {
    async fn ready(&self, store: &dyn Store) -> Result<(), String> {
        Health::ready(self, store).await
    }

    fn warnings(&self, now: Timestamp) -> Vec<String> {
        Health::warnings(self, now)
    }

    fn certificates(&self, now: Timestamp) -> Vec<CertificateView> {
        let certificates = self.certificates.lock();
        let certificates = certificates.unwrap_or_else(PoisonError::into_inner);
        let view = |one: &Certificate| CertificateView {
            name: one.name,
            names: one.names.clone(),
            valid_from: Time(one.validity.not_before),
            expires_at: Time(one.validity.not_after),
            remark: one.validity.remark(now),
        };
        certificates.iter().map(view).collect()
    }

    fn workers(&self) -> Vec<WorkerView> {
        let down = self.workers.down();
        let view = |(name, failures)| WorkerView {
            name,
            is_running: !down.contains(&name),
            failures,
        };
        self.workers.failures().into_iter().map(view).collect()
    }
}
