//! Statuses and Results to the commands that they answer.
//!
//! An answer names the message and the element that it answers by MsgRef and
//! CmdRef (missing means 1, OMA RepPro), and must name the element's verb too.
//! Several per command are allowed; late ones, and ones in a session of
//! another mode, are taken.

use super::ledger::Ledger;
use crate::clock::Timestamp;
use crate::command::{CommandBody, CommandState, NodeResult, OpenCommand};
use crate::device::State;
use crate::ids::CommandSeq;
use crate::limits;
use crate::secret::Secret;
use crate::wire::message::{Element, Item, Message, Results, Status};

/// What one message brought for one command.
#[derive(Debug)]
struct Answered {
    seq: CommandSeq,
    /// Which of its deliveries was answered.
    lease: usize,
    results: Vec<NodeResult>,
}

/// Takes every answer of `message` into the state.
pub(super) fn correlate(
    state: &mut State,
    bodies: &[(CommandSeq, CommandBody)],
    message: &Message,
    ledger: &mut Ledger,
) {
    let mut answered: Vec<Answered> = Vec::new();
    let first_message = state
        .session
        .as_ref()
        .map_or(1, |session| session.first_message);
    for element in &message.body {
        match element {
            Element::Status(status) if status.cmd_ref != Some(0) => {
                take_status(state, bodies, status, first_message, &mut answered, ledger);
            }
            Element::Results(results) => {
                take_results(state, bodies, results, first_message, &mut answered, ledger)
            }
            _ => {}
        }
    }
    for answer in answered {
        if let Some(command) = state
            .open
            .iter_mut()
            .find(|command| command.seq == answer.seq)
        {
            conclude(command, answer, message.is_final, ledger);
        }
    }
    state.open.retain(|command| !command.state.is_final());
}

/// Takes the news that the user, or our own command, unenrolled the device.
pub(super) fn unenrolled(state: &mut State, ledger: &mut Ledger) {
    for command in state
        .open
        .iter_mut()
        .filter(|command| command.is_unenroll() && !command.leases.is_empty())
    {
        let reason = Some("the device said that it is unenrolled (alert 1226)".to_owned());
        ledger.turn(command, CommandState::Succeeded, None, reason, Vec::new());
    }
    state.open.retain(|command| !command.state.is_final());
}

/// Finds the delivery that carried element `cmd_ref` of message `msg_ref`:
/// (command, lease, which of its CmdIDs).
fn find(state: &State, msg_ref: u32, cmd_ref: u32) -> Option<(usize, usize, usize)> {
    state.open.iter().enumerate().find_map(|(at, command)| {
        command.leases.iter().enumerate().find_map(|(nth, lease)| {
            let index = cmd_ref.checked_sub(lease.first_id)? as usize;
            (lease.message == msg_ref && index < lease.statuses.len()).then_some((at, nth, index))
        })
    })
}

fn take_status(
    state: &mut State,
    bodies: &[(CommandSeq, CommandBody)],
    status: &Status,
    first_message: u32,
    answered: &mut Vec<Answered>,
    ledger: &mut Ledger,
) {
    let (msg_ref, cmd_ref) = (
        status.msg_ref.unwrap_or(first_message),
        status.cmd_ref.unwrap_or(1),
    );
    let Some((at, nth, index)) = find(state, msg_ref, cmd_ref) else {
        ledger.note(format!(
            "Status {} for {msg_ref}/{cmd_ref}, which is no open command",
            status.code
        ));
        return;
    };
    let command = &mut state.open[at];
    let lease = &mut command.leases[nth];
    let expected = lease.elements[index].name();
    if status.cmd != expected {
        ledger.note(format!(
            "Status for {msg_ref}/{cmd_ref} names another element than {expected}"
        ));
        return;
    }
    // 202 is news of work under way; what comes after it says how it ended.
    let known = &mut lease.statuses[index];
    let ends = *known == 202 && command.state == CommandState::Accepted;
    *known = if ends {
        status.code
    } else {
        status.code.max(*known)
    };
    let node = node_of(bodies, command.seq, index);
    let result = NodeResult {
        loc_uri: node.unwrap_or_default().to_owned(),
        status: status.code,
        format: None,
        data: None,
    };
    let seq = command.seq;
    merge(answered, seq, nth, result, node.is_some());
}

fn take_results(
    state: &mut State,
    bodies: &[(CommandSeq, CommandBody)],
    results: &Results,
    first_message: u32,
    answered: &mut Vec<Answered>,
    ledger: &mut Ledger,
) {
    let (msg_ref, cmd_ref) = (
        results.msg_ref.unwrap_or(first_message),
        results.cmd_ref.unwrap_or(1),
    );
    let Some((at, nth, index)) = find(state, msg_ref, cmd_ref) else {
        ledger.note(format!(
            "Results for {msg_ref}/{cmd_ref}, which is no open command"
        ));
        return;
    };
    let seq = state.open[at].seq;
    let node = node_of(bodies, seq, index);
    for item in &results.items {
        let loc_uri = node
            .map(str::to_owned)
            .or_else(|| item.source.clone())
            .or_else(|| results.source_refs.first().cloned())
            .unwrap_or_default();
        merge(answered, seq, nth, value_of(loc_uri, item, results), true);
    }
}

fn value_of(loc_uri: String, item: &Item, results: &Results) -> NodeResult {
    NodeResult {
        loc_uri,
        status: 0,
        format: item
            .meta
            .format
            .clone()
            .or_else(|| results.meta.format.clone()),
        data: Some(Secret::new(item.data.clone().unwrap_or_default())),
    }
}

fn node_of(bodies: &[(CommandSeq, CommandBody)], seq: CommandSeq, index: usize) -> Option<&str> {
    let (_, body) = bodies.iter().find(|(of, _)| *of == seq)?;
    body.placed().get(index)?.loc_uri
}

/// Puts a value beside its Status, whichever came first.
fn merge(
    answered: &mut Vec<Answered>,
    seq: CommandSeq,
    lease: usize,
    result: NodeResult,
    keep: bool,
) {
    let at = answered
        .iter()
        .position(|answer| answer.seq == seq && answer.lease == lease)
        .unwrap_or_else(|| {
            answered.push(Answered {
                seq,
                lease,
                results: Vec::new(),
            });
            answered.len() - 1
        });
    if !keep {
        return;
    }
    let results = &mut answered[at].results;
    let half = results.iter_mut().find(|other| {
        other.loc_uri == result.loc_uri
            && (other.status == 0) != (result.status == 0)
            && other.data.is_none() != result.data.is_none()
    });
    match half {
        Some(other) => {
            other.status = other.status.max(result.status);
            other.format = other.format.take().or(result.format);
            other.data = other.data.take().or(result.data);
        }
        None => results.push(result),
    }
}

/// What the answers so far mean for the command.
fn conclude(command: &mut OpenCommand, answer: Answered, package_ended: bool, ledger: &mut Ledger) {
    let lease = &command.leases[answer.lease];
    let all = lease.statuses.iter().all(|&code| code != 0);
    let tops = lease
        .statuses
        .iter()
        .zip(&lease.top)
        .all(|(&code, &top)| code != 0 || !top);
    if !(all || tops && package_ended) {
        let state = command.state;
        ledger.turn(command, state, None, None, answer.results);
        return;
    }
    let worst = lease
        .statuses
        .iter()
        .copied()
        .max_by_key(|&code| severity(code))
        .unwrap_or(0);
    let (state, reason) = match severity(worst) {
        0 if command.is_unenroll() => (
            CommandState::Accepted,
            Some("done; to be confirmed by alert 1226 or by silence".to_owned()),
        ),
        0 => (CommandState::Succeeded, None),
        1 => (
            CommandState::Accepted,
            Some("the device accepted it and works on it (202)".to_owned()),
        ),
        _ => (CommandState::Failed, Some(meaning(worst).to_owned())),
    };
    command.deadline = if state == CommandState::Accepted && command.is_unenroll() {
        Some(unenroll_deadline(ledger.now))
    } else {
        None
    };
    ledger.turn(command, state, Some(worst), reason, answer.results);
}

/// Until when an unenroll's outcome stays open.
pub(super) fn unenroll_deadline(now: Timestamp) -> Timestamp {
    now.plus_ms(limits::UNENROLL_DEADLINE_MS)
}

/// 0 done, 1 accepted, more the worse.
fn severity(code: u16) -> u16 {
    match code {
        0 => 0,
        202 => 1,
        // Cancelled, not executed, rolled back: in the 200s, yet nothing was done.
        214..=216 => 2,
        200..=299 => 0,
        code => code,
    }
}

/// A status code in words (OMA RepPro 10; MS-MDM 2.2.6; oma-dm-protocol-support).
pub fn meaning(code: u16) -> &'static str {
    match code {
        200..=201 | 203..=213 => "done (2xx)",
        202 => "accepted, works on it (202)",
        214 => "cancelled (214)",
        215 => "not executed (215)",
        216 => "rolled back with its Atomic (216)",
        400 => "the device found the command malformed (400)",
        401 => "wrong credentials (401)",
        403 => "forbidden (403)",
        404 => "no such node on the device (404)",
        405 => "not allowed on this node (405)",
        406 => "not supported by the device (406)",
        407 => "credentials required (407)",
        413 | 414 | 416 => "too large for the device (413, 414 or 416)",
        415 => "type or format not supported (415)",
        418 => "exists already (418)",
        420 => "the device is full (420)",
        425 => "permission denied (425)",
        500 => "the command failed on the device (500)",
        507 => "the Atomic failed and was rolled back (507)",
        516 => "the Atomic failed and could not be rolled back (516)",
        _ => "failed on the device",
    }
}
