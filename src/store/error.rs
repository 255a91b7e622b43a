//! Why the store does not do as asked.

use std::sync::Arc;

use modegate_core::change::Refusal;
use modegate_core::ids::DeviceId;

/// What a store answers when it cannot do as asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The session, or a command that the exchange touches, changed since load:
    /// run the exchange again.
    #[error("the device changed since it was loaded")]
    Changed,
    /// An API write was refused by its own rule.
    #[error("refused")]
    Refused(Refusal),
    /// The source is registered already.
    #[error("the source is already registered")]
    SourceTaken(DeviceId),
    /// No such device.
    #[error("no such device")]
    NoDevice,
    /// A write of this name was done meanwhile: its answer is kept.
    #[error("already done")]
    Done,
    /// The disk is full or not writable; nothing was changed.
    #[error("the store cannot write: {0}")]
    Unwritable(Arc<str>),
    /// Anything else of the store's own; nothing was changed.
    #[error("the store failed: {0}")]
    Failed(Arc<str>),
}
