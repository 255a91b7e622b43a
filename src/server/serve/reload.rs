//! SIGHUP: policies, baselines and the server's certificate are read again. What is wrong is rejected,
//! logged, and raised as an alert; what was in force stays.

use std::sync::Arc;

use super::{Running, ServeError, certificates, expiry, policy_set, preflight};
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::event::{Event, EventType};
use modegate_core::policy::{Fault, PolicySet};
use modegate_core::time::Timestamp;

/// Who sends a signal, as the log names it.
const OPERATOR: &str = "operator:SIGHUP";

/// The alerts that a reload raises and the next good one clears.
pub(super) const REFUSALS: [(AlertKind, fn() -> Subject); 3] = [
    (AlertKind::PolicyRefused, || Subject::Server),
    (AlertKind::CertificateRefused, certificate),
    (AlertKind::BaselineRefused, || Subject::Server),
];

fn certificate() -> Subject {
    Subject::Certificate(expiry::SERVER.0.to_owned())
}

impl Running {
    /// Reads policies, baselines and the server's certificate again. What is wrong is
    /// rejected and logged; what was in force stays.
    pub async fn reload(&self) {
        let now = self.options.clock.now();
        self.reload_policies(now).await;
        self.reload_baselines(OPERATOR, now).await;
        let refused = self.reload_certificate(now).err().map(|error| {
            tracing::error!(%error, "could not load the server's certificate; the old one stays in use");
            error.to_string()
        });
        self.settle(AlertKind::CertificateRefused, certificate(), refused)
            .await;
    }

    async fn reload_policies(&self, now: Timestamp) {
        let set = policy_set(&self.options.settings);
        self.shared.metrics.reloaded(set.is_ok());
        let reloaded = match set {
            Ok(set) => self.enforce(set).await,
            Err(faults) => Some(rejected(&faults)),
        };
        let Some((event_type, detail)) = reloaded else {
            return;
        };
        let refused = (event_type == EventType::PolicyRefused).then(|| detail.clone());
        let event = Event::new(now, OPERATOR, None, event_type).detail(detail);
        if let Err(error) = self.shared.app.store.log(vec![event]).await {
            tracing::error!(%error, "could not log the reload");
        }
        self.settle(AlertKind::PolicyRefused, Subject::Server, refused)
            .await;
    }

    /// Puts the policy set in force, and describes it for the event log; `None` where
    /// it could not be stored, and the old one stays.
    async fn enforce(&self, set: PolicySet) -> Option<(EventType, String)> {
        tracing::info!(digest = set.digest(), "the policy set is in force");
        let detail = format!("policy set {}", set.digest());
        let files = set.files().to_vec();
        let store = &self.shared.app.store;
        if let Err(error) = store.keep_policy_set(set.digest(), files).await {
            tracing::error!(%error, "could not store the policy set; the old one stays in force");
            return None;
        }
        self.shared.app.sync.enforce(Arc::new(set));
        Some((EventType::PolicyLoaded, detail))
    }

    fn reload_certificate(&self, now: Timestamp) -> Result<(), ServeError> {
        let settings = &self.options.settings;
        let certified =
            certificates::server_certificate(self.dir.path(), settings, &self.provider)?;
        for remark in preflight::remarks_on_server(&certified.cert, settings, now) {
            tracing::warn!("{remark}");
        }
        let validity = expiry::first_to_expire(&certified.cert);
        expiry::watch(&self.shared, validity, self.issuers_validity);
        self.certificate.replace(certified);
        Ok(())
    }

    /// Raises the alert for what was refused, or clears it where nothing was.
    pub(super) async fn settle(&self, kind: AlertKind, subject: Subject, refused: Option<String>) {
        let alerts = &self.shared.app.alerts;
        let settled = match refused {
            Some(why) => alerts.raise(Finding::new(kind, subject, why)).await,
            None => alerts.clear(kind, subject).await,
        };
        if let Err(error) = settled {
            tracing::error!(%error, alert = kind.name(), "could not store an alert");
        }
    }
}

/// Logs why policy files are rejected, and says so for the event log.
fn rejected(faults: &[Fault]) -> (EventType, String) {
    for fault in faults {
        tracing::error!("{fault}");
    }
    tracing::error!("the policy files are invalid; the policy set in force stays");
    let detail = format!("{} faults, the first: {}", faults.len(), faults[0]);
    (EventType::PolicyRefused, detail)
}
