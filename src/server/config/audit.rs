//! The section `audit`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{Directory, File, number, optional};

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
    /// A directory to which the server exports what is new in the log every hour, so that
    /// retention can delete it.
    #[serde(deserialize_with = "optional::<Directory, _>")]
    pub export_directory: Option<PathBuf>,
    /// Whether everybody may read the log's checkpoint and its hash tiles, without a token.
    /// Entries are not in them.
    pub public: bool,
}

impl Default for AuditSettings {
    fn default() -> Self {
        AuditSettings {
            key_file: None,
            seal_seconds: 10,
            export_directory: None,
            public: false,
        }
    }
}
