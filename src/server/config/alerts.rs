//! The section `alerts`.

use serde::{Deserialize, Serialize};

use super::values::number;

/// When alerts are raised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// MiB of the database's disk that are kept for others: alerts about the disk count them
    /// as used. Default 0.
    #[serde(deserialize_with = "number::<_, 0, { u32::MAX }>")]
    pub disk_reserved_mib: u32,
}
