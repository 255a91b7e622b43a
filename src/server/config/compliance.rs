//! The section `compliance`.

use serde::{Deserialize, Serialize};

use super::values::number;

/// How devices are judged by baselines of compliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplianceSettings {
    /// Whether devices are judged. Without it no baseline is in force, and no device is
    /// covered. Default true.
    pub enabled: bool,
    /// After how many hours a device is asked again for a reading that a control lacks; 0:
    /// nothing is read of its own accord. Default 24.
    #[serde(deserialize_with = "number::<_, 0, 8_760>")]
    pub read_hours: u32,
    /// After how many hours all devices are listed with their states again; 0: never.
    /// Default 24.
    #[serde(deserialize_with = "number::<_, 0, 8_760>")]
    pub snapshot_hours: u32,
}

impl Default for ComplianceSettings {
    fn default() -> Self {
        ComplianceSettings {
            enabled: true,
            read_hours: 24,
            snapshot_hours: 24,
        }
    }
}

impl ComplianceSettings {
    /// How long a list lasts, milliseconds; `None` where none is made.
    pub fn snapshot_ms(&self) -> Option<i64> {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        (self.snapshot_hours > 0).then(|| i64::from(self.snapshot_hours) * HOUR_MS)
    }
}
