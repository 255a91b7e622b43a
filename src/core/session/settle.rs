//! What time alone changes: sessions that fell silent, expiries, deadlines.

use super::closing;
use super::enrollment;
use super::event_recorder::EventRecorder;
use crate::command::{CommandState, OpenCommand};
use crate::device::{DeviceState, EndReason, Session};
use crate::ids::SessionNo;
use crate::limits;
use crate::time::Timestamp;

/// Where time alone has put a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// Where it was.
    Same,
    /// Back in the queue.
    Queued,
    /// Out, and nobody knows whether it was done.
    Unconfirmed,
    /// Its time passed before it went.
    Expired,
    /// An unenrolled or wiped device that stayed silent until the deadline.
    Gone,
    /// No news of how it ended came in time.
    NoNews,
}

/// Whether `session` is over because nothing came for too long.
pub(super) fn is_idle(session: &Session, now: Timestamp) -> bool {
    now.ms_since(session.last_at) > limits::SESSION_IDLE_MS
}

/// Where `command` stands at `now`. A function of the state alone, so that a
/// view and the next exchange say the same.
fn settled(state: &DeviceState, command: &OpenCommand, now: Timestamp) -> Settled {
    let lapsed = command.expires_at.is_some_and(|at| at <= now);
    match command.state {
        CommandState::Queued if lapsed => Settled::Expired,
        CommandState::Sent => {
            let carried_by = command.leases.first().map(|lease| lease.session);
            let still_open = state
                .session
                .as_ref()
                .is_some_and(|s| Some(s.no) == carried_by && s.is_open && !is_idle(s, now));
            match (still_open, command.is_unrepeatable()) {
                (true, _) => Settled::Same,
                (false, true) => Settled::Unconfirmed,
                (false, false) if lapsed => Settled::Expired,
                (false, false) => Settled::Queued,
            }
        }
        CommandState::Unconfirmed | CommandState::Accepted => match command.deadline {
            Some(deadline) if deadline <= now && !command.ends_enrollment() => Settled::NoNews,
            Some(deadline) if deadline <= now && came_back(state, command, deadline) => {
                match command.is_wipe() {
                    true => Settled::NoNews,
                    false => Settled::Queued,
                }
            }
            Some(deadline) if deadline <= now => Settled::Gone,
            _ => Settled::Same,
        },
        _ => Settled::Same,
    }
}

/// The state that an open command has at `now`, when what time alone changes
/// (a session that fell silent, an expiry, a deadline) is taken in.
pub fn state_at(state: &DeviceState, command: &OpenCommand, now: Timestamp) -> CommandState {
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

/// Since when the device has been gone for good at `now`, where nothing says so
/// yet: the deadline of an unenroll or a wipe that it met with silence.
pub(crate) fn gone_at(state: &DeviceState, now: Timestamp) -> Option<Timestamp> {
    state
        .open
        .iter()
        .find(|command| settled(state, command, now) == Settled::Gone)
        .and_then(|command| command.deadline)
}

/// Whether the device began another session after the command went out and
/// before the deadline: then it is evidently still enrolled.
fn came_back(state: &DeviceState, command: &OpenCommand, deadline: Timestamp) -> bool {
    let sent_in = command
        .leases
        .first()
        .map_or(SessionNo(0), |lease| lease.session);
    state
        .session
        .as_ref()
        .is_some_and(|session| session.no > sent_in && session.opened_at <= deadline)
}

/// Brings the state to `now`.
pub(super) fn settle(state: &mut DeviceState, recorder: &mut EventRecorder) {
    if state
        .session
        .as_ref()
        .is_some_and(|session| session.is_open && is_idle(session, recorder.now))
    {
        end_session(state, recorder, "the session fell silent");
    }
    apply_time(state, recorder, "time passed");
}

/// Ends the open session: what it carried and nobody answered goes back.
pub(super) fn end_session(state: &mut DeviceState, recorder: &mut EventRecorder, why: &str) {
    if let Some(session) = &mut state.session {
        session.is_open = false;
        session.awaits_final = false;
    }
    apply_time(state, recorder, why);
}

fn apply_time(state: &mut DeviceState, recorder: &mut EventRecorder, why: &str) {
    let (mut open, mut gone) = (std::mem::take(&mut state.open), None);
    for command in &mut open {
        let settled = settled(state, command, recorder.now);
        if settled == Settled::Gone {
            gone = Some(match command.is_wipe() {
                true => EndReason::Wiped,
                false => EndReason::Silent,
            });
        }
        apply(command, settled, recorder, why);
    }
    state.open = open;
    closing::close_finished(state, recorder);
    if let Some(reason) = gone {
        enrollment::leave(state, reason, recorder);
    }
}

fn apply(command: &mut OpenCommand, settled: Settled, recorder: &mut EventRecorder, why: &str) {
    let (to, reason) = match settled {
        Settled::Same => return,
        Settled::Queued => return recorder.requeue(command, why),
        Settled::Unconfirmed => {
            command.deadline = Some(news_deadline(command, recorder.now));
            let words =
                format!("{why} before the device answered; it is sent again only on request");
            (CommandState::Unconfirmed, words)
        }
        Settled::Expired => (
            CommandState::Expired,
            "it expired before a session delivered it".to_owned(),
        ),
        Settled::Gone => (
            CommandState::Succeeded,
            "the device has been silent until the deadline".to_owned(),
        ),
        Settled::NoNews => (
            CommandState::Failed,
            "its outcome is unknown: the device reported nothing in time".to_owned(),
        ),
    };
    recorder.set_state(command, to, reason);
}

/// Until when news of an unanswered command is waited for: as long as the
/// command itself would have waited, a day at least.
fn news_deadline(command: &OpenCommand, now: Timestamp) -> Timestamp {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let most = now.plus_ms(limits::NEWS_DEADLINE_MS);
    let until = command.expires_at.map_or(most, |at| at.min(most));
    until.max(now.plus_ms(DAY_MS))
}
