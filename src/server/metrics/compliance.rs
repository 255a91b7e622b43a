//! What is counted of compliance.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Histogram, Labelled, Metrics};
use modegate_core::compliance::{ComplianceState, NOT_COVERED};
use modegate_core::time::Timestamp;
use modegate_store::compliance::{Backlog, StateCount};

/// What became of reading the policy files, or the baselines, again.
pub(super) const RELOADS: [&str; 2] = ["loaded", "refused"];

/// The states of a device as all baselines have it.
fn states() -> [&'static str; ComplianceState::ALL.len() + 1] {
    let mut names = [NOT_COVERED; ComplianceState::ALL.len() + 1];
    for (name, state) in names.iter_mut().zip(ComplianceState::ALL) {
        *name = state.name();
    }
    names
}

/// The metrics of compliance.
#[derive(Debug)]
pub(super) struct ComplianceMetrics {
    devices: Labelled<Gauge>,
    waiting: Gauge,
    judged: Counter,
    snapshot: Gauge,
    snapshot_seconds: Histogram,
    reloads: Labelled<Counter>,
}

impl ComplianceMetrics {
    pub(super) fn new() -> Self {
        ComplianceMetrics {
            devices: Labelled::one(&["state"], states(), Gauge::default),
            waiting: Gauge::default(),
            judged: Counter::default(),
            snapshot: Gauge::default(),
            snapshot_seconds: Histogram::of_seconds(),
            reloads: Labelled::one(&["result"], RELOADS, Counter::default),
        }
    }

    pub(super) fn name(&self, to: &mut Registry) {
        to.register(
            "compliance_devices",
            "Devices by their state of compliance, when they were last counted",
            self.devices.clone(),
        );
        to.register(
            "compliance_devices_waiting",
            "Devices that wait to be judged, when they were last counted",
            self.waiting.clone(),
        );
        to.register(
            "compliance_judged",
            "Devices that were judged, each as often as it was",
            self.judged.clone(),
        );
        to.register_with_unit(
            "compliance_snapshot_timestamp",
            "When the devices were last listed with their states, in Unix time",
            Unit::Seconds,
            self.snapshot.clone(),
        );
        to.register_with_unit(
            "compliance_snapshot_duration",
            "The time of listing all devices",
            Unit::Seconds,
            self.snapshot_seconds.clone(),
        );
        to.register(
            "baseline_reloads",
            "Reloads of the baselines of compliance, by result",
            self.reloads.clone(),
        );
    }
}

impl Metrics {
    /// So many devices are in each state, and wait.
    pub(crate) fn compliance(&self, counts: &[StateCount], backlog: Backlog) {
        for (at, state) in states().into_iter().enumerate() {
            let all = counts.iter().filter(|count| count.baseline.is_empty());
            let own = all.filter(|count| count.state == state);
            let devices = own.map(|count| count.devices).sum::<u64>();
            let devices = i64::try_from(devices).unwrap_or(i64::MAX);
            self.compliance.devices.at(at).set(devices);
        }
        let waiting = i64::try_from(backlog.moved).unwrap_or(i64::MAX);
        self.compliance.waiting.set(waiting);
    }

    /// So many devices were judged.
    pub(crate) fn judged(&self, devices: u64) {
        self.compliance.judged.inc_by(devices);
    }

    /// The devices were listed.
    pub(crate) fn listed(&self, at: Timestamp, took: Duration) {
        self.compliance.snapshot.set(at.0 / 1000);
        self.compliance.snapshot_seconds.observe(took);
    }

    /// The baselines were read again, and put in force or refused.
    pub(crate) fn baselines_reloaded(&self, in_force: bool) {
        self.compliance.reloads.at(usize::from(!in_force)).inc();
    }
}
