//! What is counted of the log and its sealing.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Histogram, Metrics};
use modegate_core::time::Timestamp;

/// The metrics of the log.
#[derive(Debug)]
pub(super) struct AuditMetrics {
    entries: Gauge,
    sealed: Gauge,
    checkpoint: Gauge<f64, AtomicU64>,
    seconds: Histogram,
    events: Counter,
    growth: Gauge,
    cosigned: Family<[(&'static str, String); 1], Gauge<f64, AtomicU64>>,
}

impl AuditMetrics {
    pub(super) fn new() -> Self {
        AuditMetrics {
            entries: Gauge::default(),
            sealed: Gauge::default(),
            checkpoint: Gauge::default(),
            seconds: Histogram::of_seconds(),
            events: Counter::default(),
            growth: Gauge::default(),
            cosigned: Family::default(),
        }
    }

    pub(super) fn name(&self, to: &mut Registry) {
        to.register(
            "audit_log_entries",
            "Entries of the audit log, deleted ones too, when it was last looked at",
            self.entries.clone(),
        );
        to.register(
            "audit_log_sealed_entries",
            "Entries of the audit log that a signed checkpoint covers",
            self.sealed.clone(),
        );
        to.register_with_unit(
            "audit_checkpoint_timestamp",
            "When the newest checkpoint was signed, in Unix time; 0 if there is none",
            Unit::Seconds,
            self.checkpoint.clone(),
        );
        to.register_with_unit(
            "audit_seal_duration",
            "Time to seal the new entries of the log",
            Unit::Seconds,
            self.seconds.clone(),
        );
        to.register(
            "audit_events_sealed",
            "Entries of the log that were sealed since the start",
            self.events.clone(),
        );
        to.register_with_unit(
            "audit_log_daily_growth",
            "How much of the disk the log takes in a day, by the last week; 0 in its first day",
            Unit::Bytes,
            self.growth.clone(),
        );
        to.register_with_unit(
            "audit_cosignature_timestamp",
            "When a witness cosigned a checkpoint last, in Unix time",
            Unit::Seconds,
            self.cosigned.clone(),
        );
    }
}

impl Metrics {
    /// The witness of this name cosigned then.
    pub(crate) fn cosigned(&self, witness: &str, at: Timestamp) {
        let label = [("witness", witness.to_owned())];
        let cosigned = self.audit.cosigned.get_or_create(&label);
        cosigned.set(at.0 as f64 / 1000.0);
    }

    /// The log has so many entries, so many of them sealed, the newest checkpoint of then.
    pub(crate) fn audit_log(&self, entries: u64, sealed: u64, newest: Option<Timestamp>) {
        let gauge = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.audit.entries.set(gauge(entries));
        self.audit.sealed.set(gauge(sealed));
        let at = newest.map_or(0.0, |newest| newest.0 as f64 / 1000.0);
        self.audit.checkpoint.set(at);
    }

    /// The log grows by so many bytes a day.
    pub(crate) fn audit_growth(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.audit.growth.set(bytes);
    }

    /// So many entries were sealed, which took this long.
    pub(crate) fn audit_sealed(&self, entries: u64, took: Duration) {
        self.audit.events.inc_by(entries);
        self.audit.seconds.observe(took);
    }
}
