//! The pause between sets of the channel, whoever queued them.

use crate::command::{CommandState, OpenCommand};
use crate::context::Family;
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::push::set_pause::SetPause;
use crate::session::event_recorder::EventRecorder;
use crate::session::exchange::Carried;
use crate::time::Timestamp;

/// Takes in that the reply carries a set, if it does.
pub(super) fn delivered(state: &mut DeviceState, carried: &[Carried], now: Timestamp) {
    let open = |one: &Carried| state.open(one.seq);
    let sets = carried
        .iter()
        .filter_map(open)
        .any(OpenCommand::sets_channel);
    if let (true, Some(session)) = (sets, &state.session) {
        state.set_pause = Some(SetPause::delivered(state.set_pause, session.no, now));
    }
}

/// Takes in what this message says of `sets`, those that were open before it.
pub(in crate::session) fn answered(
    state: &mut DeviceState,
    sets: &[CommandSeq],
    family: Family,
    recorder: &EventRecorder,
) {
    let next = CommandSeq(state.next_command.max(1));
    let of_set = |seq: u32| sets.contains(&CommandSeq(seq));
    for outcome in recorder.outcomes.iter().filter(|one| of_set(one.command)) {
        // What is under way still has brought a part of its answers only.
        let code = match outcome.state {
            CommandState::Sent => None,
            // Also where there was nothing to take down (404).
            CommandState::Succeeded => Some(200),
            _ => outcome.status,
        };
        // In an interactive run it fails for want of the user: that counts as not tried.
        let put_off = outcome.state == CommandState::Queued && recorder.excused_in.is_some();
        if let (Some(code), Some(pause)) = (code, state.set_pause) {
            state.set_pause = Some(match put_off {
                true => pause.excused(),
                false => pause.answered(code, family, next),
            });
        }
    }
}
