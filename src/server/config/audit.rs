//! The section `audit`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{File, number, optional};

/// How the audit log is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// A file with the audit key, 64 hexadecimal digits, instead of the data directory's
    /// `audit-key`.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub key_file: Option<PathBuf>,
    /// At most so many seconds pass until what is new in the log is signed. Default 10.
    #[serde(deserialize_with = "number::<_, 1, 3_600>")]
    pub seal_seconds: u32,
}

impl Default for AuditSettings {
    fn default() -> Self {
        AuditSettings {
            key_file: None,
            seal_seconds: 10,
        }
    }
}
