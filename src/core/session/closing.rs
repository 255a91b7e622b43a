//! What the end of one command means for others: those that wait for it.

use super::event_recorder::EventRecorder;
use crate::command::CommandState;
use crate::device::DeviceState;
use crate::ids::CommandSeq;

/// Takes what is final out of the open commands. Who waited for one that was
/// done waits no longer; who waited for another kind of end fails with it.
pub(super) fn close_finished(state: &mut DeviceState, recorder: &mut EventRecorder) {
    loop {
        let ended: Vec<(CommandSeq, CommandState)> = state
            .open
            .iter()
            .filter(|command| command.state.is_final())
            .map(|command| (command.seq, command.state))
            .collect();
        if ended.is_empty() {
            return;
        }
        state.open.retain(|command| !command.state.is_final());
        for command in &mut state.open {
            if command.options.after.is_empty() {
                continue;
            }
            for &(seq, how) in &ended {
                if !command.options.after.contains(&seq) {
                    continue;
                }
                command.options.after.retain(|&other| other != seq);
                if how != CommandState::Succeeded && !command.state.is_final() {
                    let reason = format!("command {} that it waited for is {}", seq.0, how.name());
                    recorder.set_state(command, CommandState::Failed, reason);
                }
            }
        }
    }
}
