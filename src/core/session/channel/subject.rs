//! The device and profile of a channel, and what is to be recorded of it.

use crate::command::CommandBody;
use crate::device::DeviceRecord;
use crate::ids::{CommandSeq, DeviceId};
use crate::push::record::ProfileReport;
use crate::secret::Secret;

/// What is to be recorded besides the state.
#[derive(Debug, Default)]
pub(in crate::session) struct ChannelChanges {
    /// The URI afterwards, where it is another: none to delete the one that is kept.
    pub(in crate::session) uri: Option<Option<Secret>>,
    /// What was queued.
    pub(in crate::session) queued: Vec<(CommandSeq, CommandBody)>,
    /// What the device says of the push profile.
    pub(in crate::session) against: Option<ProfileReport>,
}

/// The device of a session.
pub(in crate::session) struct DeviceContext<'a> {
    /// Its public id.
    pub(in crate::session) id: DeviceId,
    /// Its record, with what this message taught.
    pub(in crate::session) record: &'a DeviceRecord,
    /// The set that was open before this message's answers.
    pub(in crate::session) set: Option<CommandSeq>,
    /// Every set that was, whoever queued it.
    pub(in crate::session) sets: &'a [CommandSeq],
    /// Whether this message begins a session in its order.
    pub(in crate::session) begins: bool,
}
