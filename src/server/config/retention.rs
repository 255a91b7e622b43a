//! The section `retention`.

use serde::{Deserialize, Serialize};

use super::values;

/// How long things are kept, in days; 0 is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Events of the log. Default 0.
    #[serde(deserialize_with = "values::days")]
    pub events_days: u32,
    /// What devices answered to commands that are final. The command, its state
    /// and when it changed stay. Default 90.
    #[serde(deserialize_with = "values::days")]
    pub results_days: u32,
    /// Deliveries to webhooks, since they ended or were due. Default 30.
    #[serde(deserialize_with = "values::days")]
    pub deliveries_days: u32,
    /// Changes of inventories. Default 365.
    #[serde(deserialize_with = "values::days")]
    pub inventory_changes_days: u32,
    /// What was counted by the hour (`GET /history`). Default 400.
    #[serde(deserialize_with = "values::days")]
    pub tally_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            events_days: 0,
            results_days: 90,
            deliveries_days: 30,
            inventory_changes_days: 365,
            tally_days: 400,
        }
    }
}

impl Retention {
    /// Everything is kept for ever.
    pub const FOREVER: Retention = Retention {
        events_days: 0,
        results_days: 0,
        deliveries_days: 0,
        inventory_changes_days: 0,
        tally_days: 0,
    };
}
