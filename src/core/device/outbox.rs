//! Wishes: what makes a device due in the outbox. The outbox itself follows
//! from the state: whoever's wake is open is in it, due when the wake is.

use super::DeviceState;
use crate::command::{CommandState, OpenCommand};
use crate::context::{Family, Mode};
use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::kind::Kind;
use crate::push::channel::{Channel, SET_PAUSE_MOST_MS};
use crate::push::wake::{self, WakeState, Why};
use crate::time::Timestamp;

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeRequest {
    /// Whether a wake began; else it joined the one that is open.
    pub began: bool,
    /// In words, for the log.
    pub detail: String,
}

impl WakeRequest {
    /// The event to be logged with it.
    pub fn event(self, actor: &str, device: DeviceId, now: Timestamp) -> Event {
        Event::new(now, actor, Some(device), EventType::WakeWanted).detail(self.detail)
    }
}

/// How long a wake that was asked for waits for the repair of the channel, milliseconds:
/// as long as the longest pause between two sets.
const REPAIR_MS: i64 = SET_PAUSE_MOST_MS;

/// Wishes that the device begins a session, because somebody asked for it. All wishes of
/// one device are one wake, and one wake is one notification.
///
/// The change that carries the state must not be one that only queues.
pub fn request_wake(state: &mut DeviceState, why: &str, now: Timestamp) -> WakeRequest {
    let request = request_wake_for(state, why, now);
    if let Some(wake) = &mut state.wake {
        wake.asked = true;
    }
    request
}

/// Wishes for a push once the channel can be sent to again, for what waited for that: the
/// urgent commands that a session after a push may carry, and a wake that was asked for
/// and had no channel (the MDMAgent article, note on its steps 4 and 5). It is called when
/// a session has ended, which took with it what it could. `None`: nothing waited.
pub(crate) fn wake_after_repair(
    state: &mut DeviceState,
    family: Family,
    now: Timestamp,
) -> Option<WakeRequest> {
    let lacked_channel =
        |wake: &&wake::Wake| wake.state == WakeState::Failed && wake.why == Some(Why::NoChannel);
    let is_usable = |channel: &Channel| channel.may_send(now);
    let wake = state.wake.as_ref().filter(lacked_channel)?;
    if state.unenrolled_at.is_some() || !state.channel.as_ref().is_some_and(is_usable) {
        return None;
    }
    let waits = |command: &&OpenCommand| {
        command.options.urgent
            && command.state == CommandState::Queued
            && command.not_before.is_none_or(|at| at <= now)
            && command.options.after.is_empty()
            && helps(family, command.kind())
    };
    let commands = state.open.iter().filter(waits).count();
    let is_asked = wake.asked && now.ms_since(wake.wanted_at) <= REPAIR_MS;
    let what = match (commands, is_asked) {
        (0, false) => return None,
        (0, true) => "a wake".to_owned(),
        (1, _) => "an urgent command".to_owned(),
        (count, _) => format!("{count} urgent commands"),
    };
    let why = format!("the channel can be used again, and {what} waited for that");
    Some(request_wake_for(state, &why, now))
}

/// The same as [`request_wake`] for a command that is to go, not for the session itself.
pub(crate) fn request_wake_for(state: &mut DeviceState, why: &str, now: Timestamp) -> WakeRequest {
    let before = state.wake.as_ref();
    let began = before.is_none_or(|wake| wake.state.is_final());
    let done = wake::next(before, wake::Event::Request, now, 0);
    state.wake = done.wake;
    let joined = if began { "" } else { ", with the one before" };
    WakeRequest {
        began,
        detail: format!("{why}{joined}"),
    }
}

/// When the device is to be looked at next for its wake; `None`: not at all.
pub fn due(state: &DeviceState) -> Option<Timestamp> {
    let wake = state.wake.as_ref()?;
    (!wake.state.is_final()).then_some(wake.due_at)
}

/// When the device is due in the outbox with this state, where that is another
/// time than `before`; `Some(None)` takes it out.
pub fn moved(before: Option<Timestamp>, state: &DeviceState) -> Option<Option<Timestamp>> {
    let due = due(state);
    (due != before).then_some(due)
}

/// Whether a session that a push brings may carry a command of this kind. On
/// Windows 8.1 that is one in mode Apps, which sets up no channel (the MDMAgent article).
pub(crate) fn helps(family: Family, kind: Kind) -> bool {
    match kind {
        Kind::Unclassified => false,
        Kind::WnsConfiguration => family != Family::Windows81,
        _ => true,
    }
}

/// Whether a session in this mode answers a wake. On Windows 8.1 a push brings
/// Apps; a session in Maintenance carries all that one in Apps would. One in
/// Machine carries next to nothing, and one that names no mode does so on
/// phones only.
pub(crate) fn answers(family: Family, mode: Mode) -> bool {
    match mode {
        Mode::Apps | Mode::Maintenance => true,
        Mode::Unspecified => family != Family::Windows81,
        Mode::Machine => false,
    }
}
