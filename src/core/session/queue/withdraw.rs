//! Commands taken back, or asked for again.

use super::opening::unanswered;
use crate::change::{DeviceChange, Refusal};
use crate::command::{CommandState, OpenCommand, ServerPurpose, Unanswered};
use crate::device::{Device, DeviceState};
use crate::event::{Event, EventType};
use crate::ids::CommandSeq;
use crate::limits;
use crate::push::set_pause::SetPause;
use crate::session::closing;
use crate::session::event_recorder::EventRecorder;
use crate::session::settle::state_at;
use crate::time::Timestamp;

/// Cancels an open command, with what the server queued for it; refused once it
/// is final.
pub fn cancel(
    device: &Device,
    seq: CommandSeq,
    actor: &str,
    now: Timestamp,
) -> Result<DeviceChange, Refusal> {
    let mut state = device.state.clone();
    let mut recorder = EventRecorder::new(now);
    let command = open_command(&mut state, seq, "only an open one can be cancelled")?;
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
        _ => format!("cancelled by {actor} after it was sent; the device may have executed it"),
    };
    recorder.set_state(command, CommandState::Cancelled, reason);
    cancel_what_serves(&mut state, seq, now, &mut recorder);
    closing::close_finished(&mut state, &mut recorder);
    let event =
        Event::new(now, actor, Some(device.id), EventType::CommandCancelled).command(seq.0, kind);
    Ok(DeviceChange {
        events: vec![event.ending(&recorder.parts)],
        parts: recorder.parts,
        ..DeviceChange::new(device, state)
    })
}

/// Takes back what waits of the walk and the questions that serve a command.
fn cancel_what_serves(
    state: &mut DeviceState,
    seq: CommandSeq,
    now: Timestamp,
    recorder: &mut EventRecorder,
) {
    let waiting: Vec<CommandSeq> = state
        .open
        .iter()
        .filter(|command| command.options.purpose.and_then(ServerPurpose::parent) == Some(seq))
        .filter(|command| state_at(state, command, now) == CommandState::Queued)
        .map(|command| command.seq)
        .collect();
    for command in &mut state.open {
        if waiting.contains(&command.seq) {
            let reason = format!("command {}, which it served, is cancelled", seq.0);
            recorder.set_state(command, CommandState::Cancelled, reason);
        }
    }
}

/// Puts a command whose outcome nobody knows back into the queue, because
/// somebody asks for it again; also one that pauses before its next attempt.
pub fn retry(
    device: &Device,
    seq: CommandSeq,
    actor: &str,
    now: Timestamp,
) -> Result<DeviceChange, Refusal> {
    let mut state = device.state.clone();
    let mut recorder = EventRecorder::new(now);
    let command = open_command(&mut state, seq, "queue a new one instead")?;
    check_retry(&device.state, command, now)?;
    let kind = command.kind();
    command.put_back();
    command.not_before = None;
    command.attempts = 0;
    // It gets its last tries again, alone.
    command.unanswered = command.unanswered.min(limits::UNANSWERED_TOGETHER);
    if unanswered(&command.leaves) == Unanswered::Check {
        command.options.unanswered = Unanswered::Check;
    }
    let sets_channel = command.sets_channel();
    let reason = format!("retried by {actor}");
    recorder.set_state(command, CommandState::Queued, reason);
    if sets_channel {
        // Somebody insists.
        state.set_pause = state.set_pause.map(SetPause::lifted);
    }
    let event =
        Event::new(now, actor, Some(device.id), EventType::CommandRetried).command(seq.0, kind);
    Ok(DeviceChange {
        parts: recorder.parts,
        events: vec![event],
        ..DeviceChange::new(device, state)
    })
}

fn check_retry(state: &DeviceState, command: &OpenCommand, now: Timestamp) -> Result<(), Refusal> {
    let at = state_at(state, command, now);
    if !matches!(at, CommandState::Unconfirmed | CommandState::Queued) {
        return Err(Refusal::Conflict(format!(
            "the command is {}; only one that is unconfirmed, or pauses before its next attempt, can be retried",
            at.name()
        )));
    }
    match command.expires_at.filter(|&at| at <= now) {
        Some(at) => Err(Refusal::Conflict(format!(
            "the command expired at {at}; queue a new one instead"
        ))),
        None => Ok(()),
    }
}

/// The open command of that number; `instead` says what can be done where it is
/// final already.
fn open_command<'a>(
    state: &'a mut DeviceState,
    seq: CommandSeq,
    instead: &str,
) -> Result<&'a mut OpenCommand, Refusal> {
    let known = seq.0 > 0 && seq.0 < state.next_command;
    state.open_mut(seq).ok_or_else(|| {
        if known {
            Refusal::Conflict(format!("the command is final; {instead}"))
        } else {
            Refusal::Missing("the device has no such command".to_owned())
        }
    })
}
