//! The part of the log of one device, as it is exported: a directory with the proof of each of
//! its events, and a file that says what is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tlog::Checkpoint;

/// The name of the file with a [`DevicePart`].
pub const DEVICE_PART: &str = "device.json";

/// The name of the file with the proof of the device's event of this number.
pub fn proof_name(seq: u64) -> String {
    format!("proofs/{seq:010}.tlog-proof")
}

/// What the part of a device is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicePart {
    /// The device.
    pub device: String,
    /// The number that its first event has in the export.
    pub first_seq: u64,
    /// The number of its last one.
    pub last_seq: u64,
    /// The size of the tree.
    pub size: u64,
    /// Its root in base64.
    pub root: String,
    /// Each file but this one and the checkpoint: SHA-256, 64 hexadecimal digits.
    pub files: BTreeMap<String, String>,
}

impl DevicePart {
    /// Of the events of a device from one number to another, up to this checkpoint.
    pub fn new(
        device: String,
        (first_seq, last_seq): (u64, u64),
        checkpoint: &Checkpoint,
        files: BTreeMap<String, String>,
    ) -> Self {
        DevicePart {
            device,
            first_seq,
            last_seq,
            size: checkpoint.size,
            root: checkpoint.root.base64(),
            files,
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        // Numbers and text only: writing to memory cannot fail.
        let json = serde_json::to_string_pretty(self).expect("a device's part is plain data");
        json + "\n"
    }
}
