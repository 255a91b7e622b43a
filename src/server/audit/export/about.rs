//! What an export says about itself beside its manifest: `export-SIZE.json`. The manifest
//! names the one that belongs to it, so that both change at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// When an export was made, by which program, and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct About {
    /// The program and its version.
    pub(super) program: String,
    /// When it was made or last continued (RFC 3339).
    pub(super) at: String,
    /// How many entries are in it.
    pub(super) entries: u64,
    /// How many of them are redacted.
    pub(super) redacted: u64,
    /// How many events of each type are in it.
    pub(super) types: BTreeMap<String, u64>,
    /// Digests of policy sets that events name and the database does not have.
    pub(super) missing_policy_sets: Vec<String>,
    /// Digests of baselines of compliance that events name and the database does not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) missing_baselines: Vec<String>,
    /// Baselines whose newest list of devices is not in it, with the root of each: the data
    /// directory does not have it any more.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missing_lists: BTreeMap<String, String>,
    /// The size of the export that this one continued.
    pub(super) previous: Option<u64>,
    /// For each view (`jsonl`, `csv`): the entry that it goes on from next time.
    pub(super) views: BTreeMap<String, u64>,
    /// For a device's part of the log: the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<String>,
}

impl About {
    /// The name of the file in an export up to this size.
    pub(super) fn file(size: u64) -> String {
        format!("export-{size}.json")
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        // Numbers and text only: writing to memory cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
