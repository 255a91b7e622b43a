//! What time alone changes: sessions that fell silent, expiries, deadlines.

use super::closing;
use super::enrollment;
use super::event_recorder::EventRecorder;
use crate::command::{CommandState, OpenCommand};
use crate::device::{DeviceState, EndReason, Session};
use crate::ids::{CommandSeq, SessionNo};
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
    /// Back in the queue: what stood ahead of it stopped the device each time, so the
    /// device never came to it.
    NotReached,
    /// Out once more than is tried.
    NeverAnswered,
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
        CommandState::Sent if is_under_way(state, command, now) => Settled::Same,
        CommandState::Sent if command.is_last_try() => Settled::NeverAnswered,
        CommandState::Sent if command.is_unrepeatable() => Settled::Unconfirmed,
        CommandState::Sent if lapsed => Settled::Expired,
        CommandState::Sent => Settled::Queued,
        CommandState::Unconfirmed if !lapsed && was_not_reached(state, command, now) => {
            Settled::NotReached
        }
        CommandState::Unconfirmed | CommandState::Accepted => match command.deadline {
            Some(deadline) if deadline <= now && !command.ends_enrollment() => Settled::NoNews,
            Some(deadline) if deadline <= now && came_back(state, command, deadline) => {
                match command.is_last_try() {
                    _ if command.is_wipe() => Settled::NoNews,
                    true => Settled::NeverAnswered,
                    false => Settled::Queued,
                }
            }
            Some(deadline) if deadline <= now => Settled::Gone,
            _ => Settled::Same,
        },
        _ => Settled::Same,
    }
}

/// Whether the session that carried `command` may still bring its answer.
fn is_under_way(state: &DeviceState, command: &OpenCommand, now: Timestamp) -> bool {
    let carried_by = command.leases.first().map(|lease| lease.session);
    state.session.as_ref().is_some_and(|session| {
        Some(session.no) == carried_by && session.is_open && !is_idle(session, now)
    })
}

/// Whether a command that stood ahead of this one in the reply has turned out to be one
/// that the device never answers.
fn was_not_reached(state: &DeviceState, command: &OpenCommand, now: Timestamp) -> bool {
    let open = command.ahead.iter().filter_map(|&seq| state.open(seq));
    open.filter(|other| other.state == CommandState::Sent)
        .any(|other| settled(state, other, now) == Settled::NeverAnswered)
}

/// What stood ahead of `command` in the reply that nobody answered.
fn ahead_of(state: &DeviceState, command: &OpenCommand) -> Vec<CommandSeq> {
    let Some(own) = command.leases.first() else {
        return Vec::new();
    };
    let is_ahead = |other: &&OpenCommand| {
        other.leases.first().is_some_and(|lease| {
            (lease.session, lease.message) == (own.session, own.message)
                && lease.first_id < own.first_id
        })
    };
    let sent = state.open.iter().filter(|c| c.state == CommandState::Sent);
    let ahead = sent.filter(is_ahead).map(|other| other.seq);
    ahead.take(limits::AHEAD).collect()
}

/// The state that an open command has at `now`, when what time alone changes
/// (a session that fell silent, an expiry, a deadline) is taken in.
pub fn state_at(state: &DeviceState, command: &OpenCommand, now: Timestamp) -> CommandState {
    let at = match settled(state, command, now) {
        Settled::Same => command.state,
        Settled::Queued | Settled::NotReached => CommandState::Queued,
        Settled::Unconfirmed => CommandState::Unconfirmed,
        Settled::Expired => CommandState::Expired,
        Settled::Gone => CommandState::Succeeded,
        Settled::NoNews | Settled::NeverAnswered => CommandState::Failed,
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

/// Ends the open session: what it carried and nobody answered goes back, and counts as
/// unanswered.
pub(super) fn end_session(state: &mut DeviceState, recorder: &mut EventRecorder, why: &str) {
    if let Some(session) = &mut state.session {
        session.is_open = false;
        session.awaits_final = false;
    }
    apply_time(state, recorder, why);
}

/// The same where the two sides do not understand each other: that says nothing of what
/// the session carried, so it does not count.
pub(super) fn break_off(state: &mut DeviceState, recorder: &mut EventRecorder, why: &str) {
    let sent = |command: &&mut OpenCommand| command.state == CommandState::Sent;
    for command in state.open.iter_mut().filter(sent) {
        if !command.is_unrepeatable() {
            recorder.requeue(command, why);
        }
    }
    end_session(state, recorder, why);
}

fn apply_time(state: &mut DeviceState, recorder: &mut EventRecorder, why: &str) {
    let now = recorder.now;
    let fates = state.open.iter().map(|command| {
        let fate = settled(state, command, now);
        let ahead = match fate {
            Settled::Unconfirmed => ahead_of(state, command),
            _ => Vec::new(),
        };
        (fate, ahead)
    });
    let fates: Vec<_> = fates.collect();
    let mut gone = None;
    for (command, (fate, ahead)) in state.open.iter_mut().zip(fates) {
        match fate {
            Settled::Unconfirmed => command.ahead = ahead,
            Settled::Gone if command.is_wipe() => gone = Some(EndReason::Wiped),
            Settled::Gone => gone = Some(EndReason::Silent),
            _ => {}
        }
        apply(command, fate, recorder, why);
    }
    closing::close_finished(state, recorder);
    if let Some(reason) = gone {
        enrollment::leave(state, reason, recorder);
    }
}

fn apply(command: &mut OpenCommand, settled: Settled, recorder: &mut EventRecorder, why: &str) {
    if matches!(
        settled,
        Settled::Queued | Settled::Unconfirmed | Settled::NeverAnswered
    ) {
        command.unanswered = command.unanswered.saturating_add(1);
    }
    let (to, reason) = match settled {
        Settled::Same => return,
        Settled::Queued => return recorder.requeue(command, why),
        Settled::NotReached => {
            command.ahead.clear();
            let why = "the device did not get to it: a command ahead of it is never answered";
            return recorder.requeue(command, why);
        }
        Settled::NeverAnswered => {
            let words = format!("sent {} times, never answered", command.unanswered);
            (CommandState::Failed, words)
        }
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
