//! What may be deleted of what is older than an operator wants to keep. Events
//! are deleted from the beginning of the log only, up to the first that stays.

use crate::command::Part;
use crate::event::Event;
use crate::inventory::Change;
use crate::time::Timestamp;

/// Whether an event from the beginning of the log is deleted.
pub fn is_outdated(event: &Event, before: Timestamp) -> bool {
    event.at < before
}

/// Whether the device is to forget with the event that it lists what is withheld
/// ([`DeviceState::forget_list`](crate::device::DeviceState::forget_list)).
pub fn lists_withheld(event: &Event) -> bool {
    let exchange = event.exchange.as_ref();
    exchange.is_some_and(|exchange| !exchange.withheld.is_empty())
}

/// Whether a change of an inventory from the beginning of its history is deleted.
pub fn is_old_change(change: &Change, before: Timestamp) -> bool {
    change.at < before
}

/// A part of the history of a command that is final, without the answers in it: its
/// state and its times stay.
pub fn strip_results(mut part: Part) -> Part {
    part.results.clear();
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CommandState, NodeResult};
    use crate::ids::CommandSeq;

    #[test]
    fn without_its_results_a_part_says_what_became_of_the_command() {
        let result = NodeResult {
            status: 200,
            ..NodeResult::of_node("./x".into())
        };
        let part = Part {
            seq: CommandSeq(1),
            part: 1,
            state: CommandState::Succeeded,
            at: Timestamp(10),
            reason: None,
            results: vec![result],
        };
        let stripped = strip_results(part.clone());
        assert!(stripped.results.is_empty());
        assert_eq!((stripped.at, stripped.state), (part.at, part.state));
    }
}
