//! How many alerts are open.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use modegate_core::alert::AlertKind;

/// The open alerts by kind and severity.
#[derive(Debug, Default)]
pub(super) struct OpenAlerts(Family<[(&'static str, &'static str); 2], Gauge>);

impl OpenAlerts {
    pub(super) fn name(&self, to: &mut Registry) {
        to.register(
            "alerts",
            "Alerts that are open, by kind and severity",
            self.0.clone(),
        );
    }
}

impl Metrics {
    /// So many alerts of this kind are open.
    pub(crate) fn alerts_open(&self, kind: AlertKind, count: usize) {
        let label = [("kind", kind.name()), ("severity", kind.severity().name())];
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.alerts.0.get_or_create(&label).set(count);
    }
}
