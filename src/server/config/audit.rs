//! The section `audit`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values::{Directory, File, list, number, optional};
use super::witness::{WitnessAddress, WitnessLine};

/// How the audit log is signed, and who witnesses it.
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
    /// After so many seconds, and three times `seal_seconds`, in which what is new was not
    /// signed or not published, an alert is raised. Default 300.
    #[serde(deserialize_with = "number::<_, 1, 86_400>")]
    pub unsealed_seconds: u32,
    /// A directory to which the server exports what is new in the log every hour, so that
    /// retention can delete it.
    #[serde(deserialize_with = "optional::<Directory, _>")]
    pub export_directory: Option<PathBuf>,
    /// Whether everybody may read the log's checkpoint and its hash tiles, without a token.
    /// Entries are not in them.
    pub public: bool,
    /// The witnesses that checkpoints are handed to, at most [`AuditSettings::WITNESSES`].
    #[serde(deserialize_with = "list::<WitnessLine, _>")]
    pub witnesses: Vec<WitnessAddress>,
    /// How many of them have to cosign a checkpoint. Default 0: all.
    #[serde(deserialize_with = "number::<_, 0, { AuditSettings::WITNESSES as u32 }>")]
    pub witness_quorum: u32,
    /// At most so many seconds pass until a witness is handed what is new. Default 60.
    #[serde(deserialize_with = "number::<_, 1, 3_600>")]
    pub witness_seconds: u32,
    /// Further CAs (PEM) that witnesses may have their certificates from.
    #[serde(deserialize_with = "optional::<File, _>")]
    pub witness_ca: Option<PathBuf>,
}

impl AuditSettings {
    /// Most witnesses.
    pub const WITNESSES: usize = 16;

    /// How many witnesses have to cosign a checkpoint.
    pub fn quorum(&self) -> usize {
        match self.witness_quorum as usize {
            0 => self.witnesses.len(),
            set => set,
        }
    }
}

impl Default for AuditSettings {
    fn default() -> Self {
        AuditSettings {
            key_file: None,
            seal_seconds: 10,
            unsealed_seconds: 300,
            witnesses: Vec::new(),
            witness_quorum: 0,
            witness_seconds: 60,
            witness_ca: None,
            export_directory: None,
            public: false,
        }
    }
}
