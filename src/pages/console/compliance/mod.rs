//! Whether devices are as baselines ask.

pub mod baseline;
pub mod device;
pub mod devices;
pub mod overview;

use modegate_core::compliance::ComplianceState;

/// A state as a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing(pub ComplianceState);

impl Standing {
    /// The state in words.
    pub fn text(&self) -> String {
        self.0.name().replace('_', " ")
    }

    /// The end of its badge's class.
    pub fn tone(&self) -> &'static str {
        match self.0 {
            ComplianceState::Compliant => "good",
            ComplianceState::Exempt => "quiet",
            ComplianceState::InGrace => "info",
            ComplianceState::Unknown => "warn",
            ComplianceState::NotCompliant => "bad",
        }
    }
}

/// How many devices are in each state, the best first.
#[derive(Debug, Clone)]
pub struct StateCount {
    /// The state.
    pub state: Standing,
    /// How many devices.
    pub devices: u64,
}
