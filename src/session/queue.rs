//! API writes on a device's queue, as pure functions of the device as it stands.

use std::borrow::Cow;

use super::closing;
use super::elements::encoded_len;
use super::ledger::Ledger;
use super::settle::{Settled, gone_at, settled};
use crate::classify::classify;
use crate::clock::Timestamp;
use crate::command::{CommandBody, CommandState, OpenCommand, Operation, Unanswered};
use crate::device::{DeviceRecord, State};
use crate::event::{Event, EventType};
use crate::ids::CommandSeq;
use crate::kind::{Kind, Leaf};
use crate::limits;
use crate::push::outbox;
use crate::store::{Change, Device, Refusal};
use crate::wire::message::Verb;

/// By how much a command may grow when another key of MDM_Client is learned:
/// in a LocURI and in Data, percent-encoded.
const CLIENT_ID_GROWTH: usize = 1024;

/// The leaves that a policy looks at, one per different (verb, kind, class),
/// groups opened, each as `classify` says.
pub fn leaves_of(operations: &[Operation], classify: impl Fn(Verb, &str) -> Leaf) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    each_node(operations, &mut |verb, loc_uri| {
        let leaf = classify(verb, loc_uri);
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
    });
    leaves
}

fn each_node(operations: &[Operation], see: &mut impl FnMut(Verb, &str)) {
    for operation in operations {
        match operation {
            Operation::Node { verb, loc_uri, .. } => see(*verb, loc_uri),
            Operation::Group(_, children) => each_node(children, see),
        }
    }
}

/// A command as the device's state knows it while it is open.
pub(super) fn opened(seq: CommandSeq, body: &CommandBody, record: &DeviceRecord) -> OpenCommand {
    let bound = body.bound(&record.device_client_id);
    let mut leaves = leaves_of(&bound.operations, classify);
    let mut bytes = encoded_len(&bound);
    let mut unknown = unknown_of(&bound.operations);
    if body.manner.set {
        let replace = bound.as_replace();
        bytes = bytes.max(encoded_len(&replace));
        for leaf in leaves_of(&replace.operations, classify) {
            if !leaves.contains(&leaf) {
                leaves.push(leaf);
            }
        }
        let others = unknown_of(&replace.operations);
        unknown.extend(
            others
                .into_iter()
                .filter(|(verb, _)| *verb == Verb::Replace),
        );
    }
    if matches!(bound, Cow::Owned(_)) {
        // The key that is learned meanwhile may be longer.
        bytes += CLIENT_ID_GROWTH;
    }
    let mut manner = body.manner.clone();
    if manner.unanswered == Unanswered::SendAgain {
        manner.unanswered = unanswered(&leaves);
    }
    OpenCommand {
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
        manner,
        attempts: 0,
        as_replace: false,
        unknown,
    }
}

/// The nodes that the table does not know.
fn unknown_of(operations: &[Operation]) -> Vec<(Verb, String)> {
    let mut unknown = Vec::new();
    each_node(operations, &mut |verb, loc_uri| {
        if classify(verb, loc_uri).kind == Kind::Unclassified {
            unknown.push((verb, loc_uri.to_owned()));
        }
    });
    unknown
}

/// A password reset, a wipe or an app job whose answer was lost may have been
/// done. A wipe sent again would wipe what was set up since.
fn unanswered(leaves: &[Leaf]) -> Unanswered {
    let execs = |kind| {
        leaves
            .iter()
            .any(|leaf| leaf.verb == Verb::Exec && leaf.kind == kind)
    };
    if execs(Kind::PasswordReset) || execs(Kind::RemoteWipe) {
        Unanswered::Keep
    } else if execs(Kind::AppInstall) {
        Unanswered::Check
    } else {
        Unanswered::SendAgain
    }
}

/// Queues a command: the change, and the number that it gets.
/// Refused where the queue is full, where no reply could hold it, where the
/// device is unenrolled, and where a command that it waits for is not open.
pub fn queue(device: &Device, body: CommandBody) -> Result<(Change, CommandSeq), Refusal> {
    let now = body.queued_at;
    if let Some(at) = device.state.unenrolled_at.or(gone_at(&device.state, now)) {
        return Err(Refusal::Conflict(format!(
            "the device is unenrolled since {at}: its queue is closed until it begins a session again"
        )));
    }
    let mut state = device.state.clone();
    let seq = CommandSeq(state.next_command.max(1));
    let mut open = opened(seq, &body, &device.record);
    check_size(open.bytes as usize)?;
    check_after(&state, &open)?;
    let mut ledger = Ledger::new(now);
    let superseded = supersede(&mut state, &mut open, now, &mut ledger);
    if state.open.len() >= limits::OPEN_COMMANDS {
        return Err(Refusal::Conflict(format!(
            "the device has {} open commands, the most that it may have; cancel some or wait",
            limits::OPEN_COMMANDS
        )));
    }
    let event = |seq: CommandSeq, kind, what| {
        Event::new(now, body.actor.clone(), Some(device.id), what).command(seq.0, kind)
    };
    let mut events =
        vec![event(seq, open.kind(), EventType::CommandQueued).detail(body.name.clone())];
    for (old, kind) in &superseded {
        let detail = format!("superseded by command {}", seq.0);
        events.push(event(*old, *kind, EventType::CommandCancelled).detail(detail));
    }
    let wish = body.manner.urgent
        && body.not_before.is_none_or(|at| at <= now)
        && outbox::helps(device.record.family, open.kind());
    state.next_command = seq.0 + 1;
    state.open.push(open);
    if wish {
        let why = format!("command {} is urgent", seq.0);
        let wished = outbox::wish(&mut state, &why, now);
        events.push(wished.event(&body.actor, device.id, now));
    }
    let change = Change {
        record: None,
        state,
        queued: vec![(seq, body)],
        parts: ledger.parts,
        events,
        only_queues: superseded.is_empty() && !wish,
    };
    Ok((change, seq))
}

fn check_size(bytes: usize) -> Result<(), Refusal> {
    let most = limits::REPLY_BYTES - limits::REPLY_BYTES_LEAST;
    if bytes > most {
        return Err(Refusal::Limit(format!(
            "the command takes {bytes} bytes on the wire, a reply holds {most}"
        )));
    }
    Ok(())
}

fn check_after(state: &State, open: &OpenCommand) -> Result<(), Refusal> {
    match open
        .manner
        .after
        .iter()
        .find(|&&seq| state.open(seq).is_none())
    {
        Some(seq) => Err(Refusal::Conflict(format!(
            "after: command {} of this device is not open any more; look at how it ended and queue again",
            seq.0
        ))),
        None => Ok(()),
    }
}

/// Takes the place of older commands for the same nodes that still wait: they
/// are cancelled, and who waited for them waits for this one.
fn supersede(
    state: &mut State,
    open: &mut OpenCommand,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Vec<(CommandSeq, Kind)> {
    let Some(target) = open.manner.target else {
        return Vec::new();
    };
    let waited_for = waited_for(state, open);
    let old: Vec<CommandSeq> = state
        .open
        .iter()
        .filter(|other| other.manner.target == Some(target))
        .filter(|other| other.kind() == open.kind() && !waited_for.contains(&other.seq))
        .filter(|other| state_at(state, other, now) == CommandState::Queued)
        .map(|other| other.seq)
        .collect();
    let mut superseded = Vec::new();
    for command in &mut state.open {
        if old.contains(&command.seq) {
            superseded.push((command.seq, command.kind()));
            let reason = format!("superseded by command {}", open.seq.0);
            ledger.turn(
                command,
                CommandState::Cancelled,
                None,
                Some(reason),
                Vec::new(),
            );
        } else {
            for after in &mut command.manner.after {
                if old.contains(after) {
                    *after = open.seq;
                }
            }
        }
    }
    state.open.retain(|command| !command.state.is_final());
    superseded
}

/// What a command waits for, also through others: none of it may wait for the
/// command in its turn.
fn waited_for(state: &State, open: &OpenCommand) -> Vec<CommandSeq> {
    let mut found = open.manner.after.clone();
    let mut looked_at = 0;
    while let Some(&seq) = found.get(looked_at) {
        looked_at += 1;
        let after = state.open(seq).map_or(&[][..], |other| &other.manner.after);
        for other in after {
            if !found.contains(other) {
                found.push(*other);
            }
        }
    }
    found
}

/// Puts a command whose outcome nobody knows back into the queue, because
/// somebody asks for it again; also one that pauses before its next attempt.
pub fn retry(
    device: &Device,
    seq: CommandSeq,
    actor: &str,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let mut state = device.state.clone();
    let mut ledger = Ledger::new(now);
    let known = seq.0 > 0 && seq.0 < device.state.next_command;
    let Some(command) = state.open.iter_mut().find(|command| command.seq == seq) else {
        return Err(if known {
            Refusal::Conflict("the command is final; queue a new one instead".to_owned())
        } else {
            Refusal::Missing("the device has no such command".to_owned())
        });
    };
    let at = state_at(&device.state, command, now);
    if !matches!(at, CommandState::Unconfirmed | CommandState::Queued) {
        return Err(Refusal::Conflict(format!(
            "the command is {}; only one that is unconfirmed, or pauses before its next attempt, can be asked for again",
            at.name()
        )));
    }
    if let Some(at) = command.expires_at.filter(|&at| at <= now) {
        return Err(Refusal::Conflict(format!(
            "the command was not to go after {at}; queue a new one instead"
        )));
    }
    let kind = command.kind();
    command.put_back();
    command.not_before = None;
    command.attempts = 0;
    if unanswered(&command.leaves) == Unanswered::Check {
        command.manner.unanswered = Unanswered::Check;
    }
    let reason = format!("asked for again by {actor}");
    ledger.turn(
        command,
        CommandState::Queued,
        None,
        Some(reason),
        Vec::new(),
    );
    let event =
        Event::new(now, actor, Some(device.id), EventType::CommandRetried).command(seq.0, kind);
    Ok(Change {
        record: None,
        state,
        queued: Vec::new(),
        parts: ledger.parts,
        events: vec![event],
        only_queues: false,
    })
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
    closing::sweep(&mut state, &mut ledger);
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
    let at = match settled(state, command, now) {
        Settled::Same => command.state,
        Settled::Queued => CommandState::Queued,
        Settled::Unconfirmed => CommandState::Unconfirmed,
        Settled::Expired => CommandState::Expired,
        Settled::Gone => CommandState::Succeeded,
        Settled::NoNews => CommandState::Failed,
    };
    if !at.is_final() && gone_at(state, now).is_some() {
        return CommandState::Cancelled;
    }
    at
}
