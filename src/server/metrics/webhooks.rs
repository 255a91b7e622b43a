//! What is counted of webhooks.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Labelled, Metrics};
use modegate_core::webhooks::AttemptResult;

/// What came of an attempt to deliver.
const RESULTS: [&str; 3] = ["delivered", "failed", "given_up"];

/// The metrics of webhooks.
#[derive(Debug)]
pub(super) struct WebhookMetrics {
    deliveries: Labelled<Counter>,
    waiting: Gauge,
}

impl WebhookMetrics {
    pub(super) fn new() -> Self {
        WebhookMetrics {
            deliveries: Labelled::one(&["result"], RESULTS, Counter::default),
            waiting: Gauge::default(),
        }
    }

    pub(super) fn name(&self, to: &mut Registry) {
        to.register(
            "webhook_deliveries",
            "Attempts to deliver an event to a webhook, by result",
            self.deliveries.clone(),
        );
        to.register(
            "webhook_deliveries_waiting",
            "Deliveries to webhooks that are still to be made, at the last scan",
            self.waiting.clone(),
        );
    }
}

impl Metrics {
    /// One attempt to deliver was made, and what came of it is durable.
    pub(crate) fn webhook_attempted(&self, result: &AttemptResult) {
        let place = match result {
            AttemptResult::Delivered { .. } => 0,
            AttemptResult::Failed { again: Some(_), .. } => 1,
            AttemptResult::Failed { again: None, .. } => 2,
            // Not attempted.
            AttemptResult::Postponed { .. } => return,
        };
        self.webhooks.deliveries.at(place).inc();
    }

    /// So many deliveries wait.
    pub(crate) fn webhooks_wait(&self, deliveries: u64) {
        let count = i64::try_from(deliveries).unwrap_or(i64::MAX);
        self.webhooks.waiting.set(count);
    }
}
