//! All devices as one: what is said of each of them by a flag, how many have it, and how
//! a name is looked for.

mod census;
mod flag;

pub use census::{CHANNEL_DAYS, Census, GROUPS};
pub use flag::DeviceFlag;

use crate::compliance::ComplianceState;
use crate::device::Device;
use crate::installs::InstallState;
use crate::time::Timestamp;

/// A device with what is kept beside its row, as a walk over all devices reads it.
#[derive(Debug, Clone)]
pub struct SurveyedDevice {
    /// The device.
    pub device: Device,
    /// When the first of its commands that waits was queued; `None` where none waits.
    pub waits_since: Option<Timestamp>,
    /// Its worst state by all baselines; `None` where none covers it, or none was looked at.
    pub compliance: Option<ComplianceState>,
    /// The states of its installs that are not final.
    pub open_installs: Vec<InstallState>,
}

/// A name as it is looked for: letter case does not matter.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}
