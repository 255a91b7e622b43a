//! What may be deleted of what is older than an operator wants to keep. Events
//! are deleted from the beginning of the log only, up to the first that stays.

use crate::command::Part;
use crate::device::DeviceState;
use crate::event::Event;
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

/// Whether a part of a command's history may have results that are deleted; those
/// of a command that is open stay ([`strip_results`]).
pub fn has_old_results(part: &Part, before: Timestamp) -> bool {
    !part.results.is_empty() && part.at < before
}

/// The part without its results, if its command is final in this state.
pub fn strip_results(mut part: Part, state: &DeviceState) -> Option<Part> {
    part.results.clear();
    state.open(part.seq).is_none().then_some(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::command::{CommandState, NodeResult};
    use crate::ids::CommandSeq;

    #[test]
    fn results_of_final_commands_are_deleted_when_they_are_old() {
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
        assert!(has_old_results(&part, Timestamp(11)));
        assert!(!has_old_results(&part, Timestamp(10)));
        let stripped = strip_results(part.clone(), &DeviceState::default()).unwrap();
        assert!(!has_old_results(&stripped, Timestamp(11)));
        assert_eq!((stripped.at, stripped.state), (part.at, part.state));
    }
}
