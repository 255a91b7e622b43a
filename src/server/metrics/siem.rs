//! What is counted of systems that events are sent to.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;

/// The sink: few, and named by the settings.
type BySink = [(&'static str, String); 1];

/// The metrics of sinks.
#[derive(Debug, Default)]
pub(super) struct SiemMetrics {
    lines: Family<BySink, Counter>,
    failures: Family<BySink, Counter>,
    waiting: Family<BySink, Gauge<f64, AtomicU64>>,
}

impl SiemMetrics {
    pub(super) fn name(&self, to: &mut Registry) {
        to.register(
            "siem_lines",
            "Lines that a sink has taken",
            self.lines.clone(),
        );
        to.register(
            "siem_failures",
            "Attempts to send to a sink that failed",
            self.failures.clone(),
        );
        to.register_with_unit(
            "siem_oldest_waiting",
            "The age of the oldest event that a sink has not taken; 0 if there is none",
            Unit::Seconds,
            self.waiting.clone(),
        );
    }
}

fn label(sink: &str) -> BySink {
    [("sink", sink.to_owned())]
}

impl Metrics {
    /// The sink of this name took so many lines.
    pub(crate) fn siem_sent(&self, sink: &str, lines: u64) {
        self.siem.lines.get_or_create(&label(sink)).inc_by(lines);
    }

    /// It did not take what it was sent.
    pub(crate) fn siem_failed(&self, sink: &str) {
        self.siem.failures.get_or_create(&label(sink)).inc();
    }

    /// The oldest event that it has not taken is so old.
    pub(crate) fn siem_waits(&self, sink: &str, age: Duration) {
        let waiting = self.siem.waiting.get_or_create(&label(sink));
        waiting.set(age.as_secs_f64());
    }
}
