//! API writes on a device's queue, as pure functions of the device as it stands.

use super::elements::encoded_len;
use super::ledger::Ledger;
use super::settle::{Settled, settled};
use crate::classify::classify;
use crate::clock::Timestamp;
use crate::command::{CommandBody, CommandState, OpenCommand, Operation};
use crate::device::State;
use crate::event::{Event, EventType};
use crate::ids::CommandSeq;
use crate::kind::{Leaf, kind_of};
use crate::limits;
use crate::store::{Change, Device, Refusal};

/// The leaves that a policy looks at, one per different (verb, kind, class), groups opened.
pub fn leaves_of(operations: &[Operation]) -> Vec<Leaf> {
    fn walk(operations: &[Operation], into: &mut Vec<Leaf>) {
        for operation in operations {
            match operation {
                Operation::Node { verb, loc_uri, .. } => {
                    let leaf = classify(*verb, loc_uri);
                    if !into.contains(&leaf) {
                        into.push(leaf);
                    }
                }
                Operation::Group(_, children) => walk(children, into),
            }
        }
    }
    let mut leaves = Vec::new();
    walk(operations, &mut leaves);
    leaves
}

/// Queues a command: the change, and the number that it gets.
/// Refused where the queue is full, or where no reply could hold it.
pub fn queue(device: &Device, body: CommandBody) -> Result<(Change, CommandSeq), Refusal> {
    if device.state.open.len() >= limits::OPEN_COMMANDS {
        return Err(Refusal::Conflict(format!(
            "the device has {} open commands, the most that it may have; cancel some or wait",
            limits::OPEN_COMMANDS
        )));
    }
    let bytes = encoded_len(&body);
    if bytes > limits::REPLY_BYTES - limits::REPLY_BYTES_LEAST {
        return Err(Refusal::Limit(format!(
            "the command takes {bytes} bytes on the wire, a reply holds {}",
            limits::REPLY_BYTES - limits::REPLY_BYTES_LEAST
        )));
    }
    let mut state = device.state.clone();
    let seq = CommandSeq(state.next_command.max(1));
    let leaves = leaves_of(&body.operations);
    let event = Event::new(
        body.queued_at,
        body.actor.clone(),
        Some(device.id),
        EventType::CommandQueued,
    )
    .command(seq.0, kind_of(&leaves))
    .detail(body.name.clone());
    state.next_command = seq.0 + 1;
    state.open.push(OpenCommand {
        seq,
        leaves,
        state: CommandState::Queued,
        priority: body.priority,
        not_before: body.not_before,
        expires_at: body.expires_at,
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        ids: body.operations.iter().map(Operation::ids).sum(),
        leases: Vec::new(),
        parts: 0,
        deadline: None,
    });
    let change = Change {
        record: None,
        state,
        queued: vec![(seq, body)],
        parts: Vec::new(),
        events: vec![event],
        only_queues: true,
    };
    Ok((change, seq))
}

/// Cancels an open command; refused once it is final.
pub fn cancel(
    device: &Device,
    seq: CommandSeq,
    actor: &str,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let mut state = device.state.clone();
    let mut ledger = Ledger::new(now);
    let Some(command) = state.open.iter_mut().find(|command| command.seq == seq) else {
        return Err(if seq.0 > 0 && seq.0 < device.state.next_command {
            Refusal::Conflict("the command is final; only an open one can be cancelled".to_owned())
        } else {
            Refusal::Missing("the device has no such command".to_owned())
        });
    };
    let at = state_at(&device.state, command, now);
    if at.is_final() {
        return Err(Refusal::Conflict(format!(
            "the command is {}; only an open one can be cancelled",
            at.name()
        )));
    }
    let kind = command.kind();
    let reason = match at {
        CommandState::Queued => format!("cancelled by {actor}"),
        _ => format!("cancelled by {actor} after it went out; the device may have done it"),
    };
    ledger.turn(
        command,
        CommandState::Cancelled,
        None,
        Some(reason),
        Vec::new(),
    );
    state.open.retain(|command| !command.state.is_final());
    let event =
        Event::new(now, actor, Some(device.id), EventType::CommandCancelled).command(seq.0, kind);
    Ok(Change {
        record: None,
        state,
        queued: Vec::new(),
        parts: ledger.parts,
        events: vec![event],
        only_queues: false,
    })
}

/// The state that an open command has at `now`, when what time alone changes
/// (a session that fell silent, an expiry, a deadline) is taken in.
pub fn state_at(state: &State, command: &OpenCommand, now: Timestamp) -> CommandState {
    match settled(state, command, now) {
        Settled::Same => command.state,
        Settled::Queued => CommandState::Queued,
        Settled::Unconfirmed => CommandState::Unconfirmed,
        Settled::Expired => CommandState::Expired,
        Settled::Gone => CommandState::Succeeded,
    }
}
