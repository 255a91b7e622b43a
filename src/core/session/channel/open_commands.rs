//! The open commands that look after a channel.

use crate::command::{CommandState, Serves};
use crate::device::State;
use crate::ids::CommandSeq;
use crate::session::closing;
use crate::session::ledger::Ledger;

/// Who queues the commands.
pub(super) const ACTOR: &str = "server";

/// The open set of a device's channel.
pub(in crate::session) fn open_set(state: &State) -> Option<CommandSeq> {
    find(state, Serves::ChannelSet)
}

/// The open command that serves so.
pub(super) fn find(state: &State, serves: Serves) -> Option<CommandSeq> {
    let open = state.open.iter();
    let mut of_it = open.filter(|command| command.manner.serves == Some(serves));
    of_it.next().map(|command| command.seq)
}

/// Closes the open commands for the channel that `which` takes.
pub(super) fn close(
    state: &mut State,
    serves: Serves,
    which: impl Fn(CommandState) -> bool,
    how: CommandState,
    why: &str,
    ledger: &mut Ledger,
) {
    for command in &mut state.open {
        if command.manner.serves == Some(serves) && which(command.state) {
            ledger.set_state(command, how, why);
        }
    }
    closing::sweep(state, ledger);
}
