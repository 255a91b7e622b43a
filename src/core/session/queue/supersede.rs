//! A newer command in the place of older ones for the same nodes.

use crate::command::{CommandState, OpenCommand};
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::kind::Kind;
use crate::session::event_recorder::EventRecorder;
use crate::session::settle::state_at;
use crate::time::Timestamp;

/// Takes the place of older commands for the same nodes that still wait: they
/// are cancelled, and who waited for them waits for this one.
pub(super) fn supersede(
    state: &mut DeviceState,
    open: &mut OpenCommand,
    now: Timestamp,
    recorder: &mut EventRecorder,
) -> Vec<(CommandSeq, Kind)> {
    let Some(target) = open.options.target else {
        return Vec::new();
    };
    let waited_for = waited_for(state, open);
    let old: Vec<CommandSeq> = state
        .open
        .iter()
        .filter(|other| other.options.target == Some(target))
        .filter(|other| other.kind() == open.kind() && !waited_for.contains(&other.seq))
        .filter(|other| state_at(state, other, now) == CommandState::Queued)
        .map(|other| other.seq)
        .collect();
    let mut superseded = Vec::new();
    for command in &mut state.open {
        if old.contains(&command.seq) {
            superseded.push((command.seq, command.kind()));
            let reason = format!("superseded by command {}", open.seq.0);
            recorder.set_state(command, CommandState::Cancelled, reason);
        } else {
            for after in &mut command.options.after {
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
fn waited_for(state: &DeviceState, open: &OpenCommand) -> Vec<CommandSeq> {
    let mut found = open.options.after.clone();
    let mut looked_at = 0;
    while let Some(&seq) = found.get(looked_at) {
        looked_at += 1;
        let after = state
            .open(seq)
            .map_or(&[][..], |other| &other.options.after);
        for other in after {
            if !found.contains(other) {
                found.push(*other);
            }
        }
    }
    found
}
