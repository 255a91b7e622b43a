//! `/console/compliance`: whether devices are as baselines ask.

pub(in crate::http::pages) mod baseline;
pub(in crate::http::pages) mod device;
pub(in crate::http::pages) mod devices;
pub(in crate::http::pages) mod overview;

use std::collections::BTreeMap;

use modegate_core::compliance::{Baseline, ComplianceState};
use modegate_pages::console::compliance::{Standing, StateCount};

/// How many devices are in each state, the best first.
fn counts(counts: &BTreeMap<String, u64>) -> Vec<StateCount> {
    let count = |state: ComplianceState| StateCount {
        state: Standing(state),
        devices: counts.get(state.name()).copied().unwrap_or(0),
    };
    ComplianceState::ALL.map(count).into()
}

/// The families that a baseline covers.
fn families(baseline: &Baseline) -> String {
    let names = baseline.families.iter().map(|family| family.name());
    names.collect::<Vec<_>>().join(", ")
}
