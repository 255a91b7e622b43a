//! Why a log is not exported.

use std::io;
use std::path::PathBuf;

use crate::audit::database::LogFault;
use modegate_core::tlog::TileId;
use modegate_core::tlog::proof::MakeFault;
use modegate_store::StoreError;

/// Why a log is not exported. What was in the directory before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogFault),
    /// Nothing of it is sealed.
    #[error("the log has no checkpoint yet: start the server, and it signs one within seconds")]
    NoCheckpoint,
    /// A checkpoint in the database that is none.
    #[error("the newest checkpoint of the database cannot be read: {0}")]
    Checkpoint(String),
    /// The entries do not lead to the root that was signed.
    #[error(
        "the log is damaged: {0} does not have the hash that was sealed. Run `modegate audit verify` on the data directory"
    )]
    Damaged(String),
    /// The range begins behind the end.
    #[error("--since {since}: the log has {size} sealed entries")]
    Since {
        /// Where it should begin.
        since: u64,
        /// Where the log ends.
        size: u64,
    },
    /// The log has no events of such a device.
    #[error("the log has no sealed entries of the device {0}")]
    NoDevice(String),
    /// A file of the export.
    #[error("could not use {0}: {1}")]
    File(PathBuf, io::Error),
    /// Another export is being written there.
    #[error("another export is being written to {0}")]
    Busy(PathBuf),
    /// Something else is there.
    #[error("{0} is not empty and is no export of modegate: name a directory that is new or empty")]
    NotAnExport(PathBuf),
    /// What is there is not as an export of this log leaves it.
    #[error(
        "{path} has an export that this one cannot go on from: {why}. Export to a new directory"
    )]
    Other {
        /// The directory.
        path: PathBuf,
        /// What is different.
        why: String,
    },
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        LogFault::from(error).into()
    }
}

impl From<MakeFault<LogFault>> for ExportError {
    fn from(fault: MakeFault<LogFault>) -> Self {
        match fault {
            MakeFault::Read { why, .. } => why.into(),
            MakeFault::Width { tile, .. } => damaged(tile),
        }
    }
}

/// What to say of a tile that does not have the hash that it should.
pub(super) fn damaged(tile: TileId) -> ExportError {
    ExportError::Damaged(tile.path())
}
