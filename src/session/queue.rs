//! API writes on a device's queue, as pure functions of the device as it stands.

use crate::clock::Timestamp;
use crate::command::{CommandBody, CommandState, OpenCommand, Operation};
use crate::device::State;
use crate::ids::CommandSeq;
use crate::kind::Leaf;
use crate::store::{Change, Device, Refusal};

/// The leaves that a policy looks at, one per different (verb, kind, class), groups opened.
pub fn leaves_of(_operations: &[Operation]) -> Vec<Leaf> {
    Vec::new()
}

/// Queues a command: the change, and the number that it gets.
/// Refused where the queue is full.
pub fn queue(_device: &Device, _body: CommandBody) -> Result<(Change, CommandSeq), Refusal> {
    Err(Refusal::Missing(String::new()))
}

/// Cancels an open command; refused once it is final.
pub fn cancel(
    _device: &Device,
    _seq: CommandSeq,
    _actor: &str,
    _now: Timestamp,
) -> Result<Change, Refusal> {
    Err(Refusal::Missing(String::new()))
}

/// The state that an open command has at `now`, when what time alone changes
/// (a session that fell silent, an expiry, a deadline) is taken in.
pub fn state_at(_state: &State, command: &OpenCommand, _now: Timestamp) -> CommandState {
    command.state
}
