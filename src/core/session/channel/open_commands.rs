//! The open commands that look after a channel.

use crate::command::{CommandState, ServerPurpose};
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::session::closing;
use crate::session::event_recorder::EventRecorder;

/// Who queues the commands.
pub(super) const ACTOR: &str = "server";

/// The open set of a device's channel.
pub(in crate::session) fn open_set(state: &DeviceState) -> Option<CommandSeq> {
    find(state, ServerPurpose::ChannelSet)
}

/// Every open command that sets a channel, whoever queued it.
pub(in crate::session) fn open_sets(state: &DeviceState) -> Vec<CommandSeq> {
    let sets = state.open.iter().filter(|command| command.sets_channel());
    sets.map(|command| command.seq).collect()
}

/// The open command that serves so.
pub(super) fn find(state: &DeviceState, serves: ServerPurpose) -> Option<CommandSeq> {
    let open = state.open.iter();
    let mut of_it = open.filter(|command| command.options.purpose == Some(serves));
    of_it.next().map(|command| command.seq)
}

/// Closes the open commands for the channel that `which` takes.
pub(super) fn close(
    state: &mut DeviceState,
    serves: ServerPurpose,
    which: impl Fn(CommandState) -> bool,
    how: CommandState,
    why: &str,
    recorder: &mut EventRecorder,
) {
    for command in &mut state.open {
        if command.options.purpose == Some(serves) && which(command.state) {
            recorder.set_state(command, how, why);
        }
    }
    closing::close_finished(state, recorder);
}
