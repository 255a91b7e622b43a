//! Alerts: the one way to raise and clear them, and the list.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Mutex;
use uuid::Uuid;

use super::list::{ScanBounds, scan};
use super::word::words;
use super::{App, AppError, Listed, Page, Principal, push_profiles};
use crate::clock::Clock;
use crate::metrics::Metrics;
use modegate_core::alert::{
    Alert, AlertId, AlertKind, Finding, OPEN_OF_DEVICES, Severity, Subject,
};
use modegate_store::{Chunk, Store, StoreError};

/// What is open.
pub(crate) type Open = BTreeSet<(AlertKind, Subject)>;

/// Bytes of an alert in a list, about.
const BYTES: u64 = 512;

/// The alerts of one server. Which are open is kept in memory, too, so that a condition
/// that was looked at again and is as it was costs nothing.
pub(crate) struct Alerts {
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    open: Mutex<Open>,
}

impl Alerts {
    /// Those of this store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let open = store.open_alerts().await?.into_iter();
        let open = open.map(|alert| (alert.finding.kind, alert.finding.subject));
        let alerts = Alerts {
            store,
            clock,
            metrics,
            open: Mutex::new(open.collect()),
        };
        for kind in AlertKind::ALL {
            alerts.count(&*alerts.open.lock().await, kind);
        }
        Ok(alerts)
    }

    /// Raises an alert for this. Where one of its kind and subject is open nothing changes.
    ///
    /// # Errors
    /// The store failed: it is to be tried again.
    pub(crate) async fn raise(&self, finding: Finding) -> Result<(), StoreError> {
        let mut open = self.open.lock().await;
        self.raise_in(&mut open, finding).await
    }

    /// Clears the alert of this kind and subject. Where none is open nothing changes.
    ///
    /// # Errors
    /// The store failed: it is to be tried again.
    pub(crate) async fn clear(&self, kind: AlertKind, subject: Subject) -> Result<(), StoreError> {
        let mut open = self.open.lock().await;
        self.clear_in(&mut open, (kind, subject)).await
    }

    /// Takes over what was found of these kinds: raises what is new, and clears what was not
    /// found any more.
    ///
    /// # Errors
    /// The store failed: it is to be tried again.
    pub(crate) async fn settle(
        &self,
        kinds: &[AlertKind],
        found: Vec<Finding>,
    ) -> Result<(), StoreError> {
        let mut open = self.open.lock().await;
        let lasting: BTreeSet<_> = found.iter().map(|one| (one.kind, &one.subject)).collect();
        let is_over = |(kind, subject): &&(AlertKind, Subject)| {
            kinds.contains(kind) && !lasting.contains(&(*kind, subject))
        };
        let over: Vec<_> = open.iter().filter(is_over).cloned().collect();
        for of in over {
            self.clear_in(&mut open, of).await?;
        }
        for finding in found {
            self.raise_in(&mut open, finding).await?;
        }
        Ok(())
    }

    /// What is open of these kinds.
    pub(crate) async fn open(&self, kinds: &[AlertKind]) -> Open {
        let open = self.open.lock().await;
        let of_kinds = open.iter().filter(|(kind, _)| kinds.contains(kind));
        of_kinds.cloned().collect()
    }

    async fn raise_in(&self, open: &mut Open, finding: Finding) -> Result<(), StoreError> {
        let of = (finding.kind, finding.subject.clone());
        let is_full = |open: &Open| {
            let devices = open.iter().filter(|(_, of)| of.is_device()).count();
            finding.subject.is_device() && devices >= OPEN_OF_DEVICES
        };
        if open.contains(&of) || is_full(open) {
            return Ok(());
        }
        let alert = Alert::raised(AlertId(Uuid::now_v7()), finding, self.clock.now());
        if self.store.raise_alert(alert.clone()).await? {
            let (kind, subject) = (alert.finding.kind, &alert.finding.subject);
            let (name, message) = (kind.name(), &alert.finding.message);
            match kind.severity() {
                Severity::Critical => {
                    tracing::error!(alert = name, %subject, "alert raised: {message}");
                }
                Severity::Warning => {
                    tracing::warn!(alert = name, %subject, "alert raised: {message}");
                }
            }
        }
        let kind = of.0;
        open.insert(of);
        self.count(open, kind);
        Ok(())
    }

    async fn clear_in(&self, open: &mut Open, of: (AlertKind, Subject)) -> Result<(), StoreError> {
        if !open.contains(&of) {
            return Ok(());
        }
        let (kind, subject) = of.clone();
        let now = self.clock.now();
        if self.store.clear_alert(kind, subject, now).await?.is_some() {
            let (name, subject) = (of.0.name(), &of.1);
            tracing::info!(alert = name, %subject, "alert cleared");
        }
        open.remove(&of);
        self.count(open, of.0);
        Ok(())
    }

    fn count(&self, open: &Open, kind: AlertKind) {
        let count = open.iter().filter(|(of, _)| *of == kind).count();
        self.metrics.alerts_open(kind, count);
    }
}

/// Whether an alert is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AlertState {
    /// Its condition lasts.
    Open,
    /// Its condition is over.
    Cleared,
}

words!(AlertState {
    Open => "open",
    Cleared => "cleared",
});

impl AlertState {
    /// That of this alert.
    pub(crate) fn of_alert(alert: &Alert) -> Self {
        match alert.cleared_at {
            None => AlertState::Open,
            Some(_) => AlertState::Cleared,
        }
    }
}

/// Which alerts to list; `None` does not filter.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AlertFilter {
    /// Those in this state.
    pub(crate) state: Option<AlertState>,
    /// Those of this severity.
    pub(crate) severity: Option<Severity>,
}

impl AlertFilter {
    fn takes(self, alert: &Alert) -> bool {
        let state = AlertState::of_alert(alert);
        let severity = alert.finding.kind.severity();
        self.state.is_none_or(|wanted| wanted == state)
            && self.severity.is_none_or(|wanted| wanted == severity)
    }
}

/// The alerts that the caller may see, the newest first: for one that is bound to groups
/// those about its devices and push profiles.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    filter: AlertFilter,
    page: Page,
) -> Result<Listed<Alert>, AppError> {
    let page = Page {
        after: Some(page.after.unwrap_or(u64::MAX)),
        ..page
    };
    let read = async |before| {
        let limit = crate::limits::PAGE_ITEMS;
        let mut seen = Vec::new();
        for (number, alert) in app.store.alerts(before, limit).await? {
            let is_seen = filter.takes(&alert) && may_see(app, by, &alert.finding.subject).await?;
            seen.push((number, is_seen, alert));
        }
        Ok(Chunk::of_up_to(limit, seen))
    };
    let bounds = ScanBounds {
        looks: usize::MAX,
        bytes: app.page_bytes,
        weigh: |_| BYTES,
    };
    let number = |(number, _, _): &(u64, bool, Alert)| *number;
    let is_seen = |(_, is_seen, _): &(u64, bool, Alert)| *is_seen;
    let listed = scan(page, bounds, read, number, is_seen).await?;
    Ok(listed.filter_map(|(_, _, alert)| Some(alert)))
}

async fn may_see(app: &App, by: &Principal, subject: &Subject) -> Result<bool, AppError> {
    if by.sees_all() {
        return Ok(true);
    }
    Ok(match subject {
        Subject::Device(id) => {
            let device = app.store.device(*id).await?;
            device.is_some_and(|device| by.may_see(&device))
        }
        Subject::Profile(id) => push_profiles::one(app, by, *id).is_ok(),
        Subject::Server
        | Subject::Certificate(_)
        | Subject::Worker(_)
        | Subject::Webhook(_)
        | Subject::Siem(_) => false,
    })
}
