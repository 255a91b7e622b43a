//! Why the store does not do as asked.

use std::sync::Arc;

use modegate_core::change::Refusal;
use modegate_core::ids::DeviceId;
use modegate_core::tlog::entry::EVENT_BYTES;

/// What a store answers when it cannot do as asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The session, or a command that the exchange touches, changed since load:
    /// run the exchange again.
    #[error("the device changed since it was loaded")]
    Changed,
    /// An API write was refused by its own rule.
    #[error("the change was rejected")]
    Refused(Refusal),
    /// The source is registered already.
    #[error("the source is already registered")]
    SourceTaken(DeviceId),
    /// No such device.
    #[error("no such device")]
    NoDevice,
    /// An event is longer than an entry of the log may be; nothing was changed.
    #[error("an event of {0} bytes is too long for the log: at most {most}", most = EVENT_BYTES)]
    EventTooLarge(usize),
    /// A write of this name was done meanwhile: its answer is kept.
    #[error("already done")]
    Done,
    /// The disk is full or not writable; nothing was changed.
    #[error("could not write to the database: {0}")]
    Unwritable(Arc<str>),
    /// Another process uses the database.
    #[error("the database {0} is in use by another server or command: stop that one first")]
    InUse(Arc<str>),
    /// A file of the database is not the one that was opened. What was just written may
    /// be lost with it.
    #[error(
        "the database {0} or its log was moved, deleted or replaced while the server runs, so nothing is read or \
         written any more: put the right database in place, then restart the server"
    )]
    Replaced(Arc<str>),
    /// An entry was redacted, but others still read the file that has its text too.
    #[error(
        "entry {0} of the log was redacted, but its text is still in the write-ahead log beside the database, because \
         a backup, an export or another program reads the database: redact it again when that has ended"
    )]
    LogInUse(u64),
    /// Anything else of the store's own; nothing was changed.
    #[error("the database operation failed: {0}")]
    Failed(Arc<str>),
}

impl StoreError {
    /// There is no such thing as a write names.
    pub(crate) fn missing(what: &str) -> StoreError {
        StoreError::Refused(Refusal::Missing(format!("there is no such {what}")))
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> StoreError {
        StoreError::Refused(refusal)
    }
}
