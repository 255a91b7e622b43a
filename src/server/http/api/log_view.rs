//! What an event says about the audit log itself, as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::Time;
use modegate_core::log_record::{LogRecord, TreeHead};

/// A statement about the log.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum LogView {
    /// The text of an entry was removed.
    Redaction {
        /// The entry's number in the tree, from 0.
        entry: u64,
        /// Its leaf hash, which stays, in base64.
        leaf_hash: String,
        /// The device that its event concerned.
        #[serde(skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// The number that its event has there.
        seq: u64,
    },
    /// The log was exported up to this tree.
    Export(TreeView),
    /// The log goes on under another origin.
    Epoch {
        /// The origin that signs nothing any more.
        old_origin: String,
        /// The origin from then on.
        origin: String,
        /// The last checkpoint that the database had.
        kept: TreeView,
        /// A checkpoint that is known elsewhere and is not in the database.
        #[serde(skip_serializing_if = "Option::is_none")]
        known: Option<TreeView>,
        /// How many entries were lost, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        lost: Option<u64>,
    },
    /// Another key signs checkpoints.
    Key {
        /// The new verifier key.
        vkey: String,
        /// Until when the old key signs too.
        both_until: Time,
    },
    /// Entries were deleted from the beginning of the log.
    Pruned {
        /// The number of the first entry that is left.
        minimum: u64,
        /// The newest checkpoint then.
        sealed: TreeView,
    },
}

/// A tree by its size and its root.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct TreeView {
    size: u64,
    /// In base64.
    root: String,
}

impl From<&TreeHead> for TreeView {
    fn from(head: &TreeHead) -> Self {
        TreeView {
            size: head.size,
            root: head.root.clone(),
        }
    }
}

impl From<&LogRecord> for LogView {
    fn from(record: &LogRecord) -> Self {
        match record {
            LogRecord::Redaction {
                entry,
                leaf_hash,
                device,
                seq,
            } => LogView::Redaction {
                entry: *entry,
                leaf_hash: leaf_hash.clone(),
                device: device.map(|device| device.to_string()),
                seq: *seq,
            },
            LogRecord::Export(head) => LogView::Export(head.into()),
            LogRecord::Epoch(epoch) => LogView::Epoch {
                old_origin: epoch.old_origin.clone(),
                origin: epoch.origin.clone(),
                kept: (&epoch.kept).into(),
                known: epoch.known.as_ref().map(TreeView::from),
                lost: epoch.lost,
            },
            LogRecord::Key { vkey, both_until } => LogView::Key {
                vkey: vkey.clone(),
                both_until: Time(*both_until),
            },
            LogRecord::Pruned { minimum, sealed } => LogView::Pruned {
                minimum: *minimum,
                sealed: sealed.into(),
            },
        }
    }
}
