//! SIGHUP: policies, baselines and the server's certificate are read again. What is wrong is rejected,
//! logged, and raised as an alert; what was in force stays.

use super::{Running, ServeError, certificates, expiry, preflight};
use crate::app::{baseline_reload, policy_reload};
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::time::Timestamp;

/// How the log calls whoever sends the signal: nobody knows who it was.
const SIGHUP: &str = "operator:SIGHUP";

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
        if let Err(error) = policy_reload::reload(&self.shared.app, SIGHUP).await {
            tracing::error!(%error, "could not load the policy files again");
        }
        if let Err(error) = baseline_reload::reload(&self.shared.app, SIGHUP).await {
            tracing::error!(%error, "could not load the baselines again");
        }
        let refused = self.reload_certificate(now).err().map(|error| {
            tracing::error!(%error, "could not load the server's certificate; the old one stays in use");
            error.to_string()
        });
        self.settle(AlertKind::CertificateRefused, certificate(), refused)
            .await;
    }

    fn reload_certificate(&self, now: Timestamp) -> Result<(), ServeError> {
        let settings = &self.options.settings;
        let certified =
            certificates::server_certificate(self.dir.path(), settings, &self.provider)?;
        for remark in preflight::remarks_on_server(&certified.cert, settings, now) {
            tracing::warn!("{remark}");
        }
        expiry::watch(&self.shared, &certified.cert, self.issuers_validity);
        self.certificate.replace(certified);
        Ok(())
    }

    /// Raises the alert for what was refused, or clears it where nothing was.
    async fn settle(&self, kind: AlertKind, subject: Subject, refused: Option<String>) {
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
