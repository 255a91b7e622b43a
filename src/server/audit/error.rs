//! Why the log cannot be opened for sealing.

use std::path::PathBuf;

use crate::key_file::KeyFileError;
use modegate_store::StoreError;

/// Why the log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The audit key is gone, and the log records one.
    #[error(
        "the audit key {0} is missing, but the log records the key that signs it: put the file back from its backup. \
         If it is lost for good, `modegate audit key replace-lost --reason TEXT` makes a new one, and the log says so"
    )]
    MissingKey(PathBuf),
    /// The log was not signed with this key.
    #[error(
        "the audit key {0} is not the one that signs this database's log: put the right file there. \
         If that is lost for good, move this one away and use `modegate audit key replace-lost`"
    )]
    WrongKey(PathBuf),
    /// A key is to be replaced that is not lost.
    #[error(
        "the audit key {0} is not lost: it signs the log, or the log records no key yet. `modegate audit key rotate` \
         changes a key that is there"
    )]
    NoneLost(PathBuf),
    /// A file of the key cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The library refuses the seed.
    #[error("the file {0}: expected the seed of an Ed25519 key")]
    Seed(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
