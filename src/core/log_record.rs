//! What an event says about the audit log itself: what was redacted, exported or deleted,
//! where an epoch began, which key signs.

use serde::{Deserialize, Serialize};

use crate::ids::DeviceId;
use crate::time::Timestamp;
use crate::tlog::Hash;

/// A statement about the log. Which one an event carries follows from its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogRecord {
    /// `audit.redacted`: the text of an entry was removed; its leaf hash stays.
    Redaction {
        /// The entry's number in the tree, from 0.
        entry: u64,
        /// Its leaf hash in base64.
        leaf_hash: String,
        /// The device that its event concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
        /// The number that its event had there.
        seq: u64,
    },
    /// `audit.exported`: the log was exported up to this tree.
    Export(TreeHead),
    /// `log.forked` and `database.restored`: the log goes on under another origin.
    Epoch(EpochRecord),
    /// `audit.key_changed`: another key signs checkpoints.
    Key {
        /// The verifier key of the new one.
        vkey: String,
        /// Until when the old key signs too.
        both_until: Timestamp,
    },
    /// `retention.applied`: entries were deleted from the beginning of the log.
    Pruned {
        /// The number of the first entry that is left.
        minimum: u64,
        /// The newest tree that was sealed, over what was deleted too.
        sealed: TreeHead,
    },
}

/// A tree by its size and its root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeHead {
    /// How many entries it has.
    pub size: u64,
    /// Its root in base64, as in a checkpoint.
    pub root: String,
}

impl TreeHead {
    /// Of a tree with so many entries and this root.
    pub fn new(size: u64, root: &Hash) -> Self {
        TreeHead {
            size,
            root: root.base64(),
        }
    }
}

/// Where an epoch of the log begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The origin that signs nothing any more.
    pub old_origin: String,
    /// The origin from now on.
    pub origin: String,
    /// What the database kept of the old origin's tree: the last checkpoint in it.
    pub kept: TreeHead,
    /// A checkpoint of the old origin, or of one in between, that is known elsewhere and is
    /// not in this database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<TreeHead>,
    /// How many entries were lost, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}
