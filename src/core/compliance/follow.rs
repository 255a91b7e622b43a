//! What follows from judging a device: the events, and the commands that read what a control
//! asks for and nobody has read. Those are ordinary ones, behind all that somebody asked for.

use std::collections::BTreeMap;

use super::device::Change;
use crate::change::DeviceChange;
use crate::classify::classify;
use crate::command::{CommandBody, ExecutionOptions, Lenient, Operation, ServerPurpose};
use crate::device::{Device, DeviceState};
use crate::event::{Event, StoredEvent};
use crate::ids::CommandSeq;
use crate::kind::Kind;
use crate::limits;
use crate::loc_uri::LocUri;
use crate::session::queue::queue;
use crate::time::Timestamp;
use modegate_wire::message::Verb;

/// It goes behind all that somebody asked for.
const PRIORITY: i32 = i32::MIN;

/// What is to be written of a device of which these verdicts are others, and of which these
/// classes and nodes are to be read. A queue that is full or closed leaves the reading for
/// another time.
pub fn change(
    device: &Device,
    changes: &[Change],
    reads: &[String],
    now: Timestamp,
) -> DeviceChange {
    let events = changes.iter();
    let events = events.map(|change| Event::of_compliance(now, device.id, change));
    let mut whole = DeviceChange::only_events(device, events.collect());
    let mut seen = device.clone();
    for body in commands(device, reads, now) {
        let Ok((queued, _)) = queue(&seen, body) else {
            break;
        };
        seen.state = queued.state.clone();
        whole = whole.then(queued);
    }
    whole
}

/// The commands that read these classes and nodes, named as an inventory command names them:
/// one for each kind, since what needs the user waits for it. None of a kind of which an
/// earlier one is under way: a device that does not come gathers none.
fn commands(device: &Device, reads: &[String], now: Timestamp) -> Vec<CommandBody> {
    let mut by_kind: BTreeMap<Kind, Vec<Operation>> = BTreeMap::new();
    for name in reads {
        let node = match name.starts_with("./") {
            true => LocUri::from(name.as_str()),
            false => LocUri::class(name),
        };
        let kind = classify(Verb::Get, &node).kind;
        by_kind.entry(kind).or_default().push(Operation::get(node));
    }
    by_kind.retain(|kind, _| !is_under_way(&device.state, *kind));
    by_kind.into_values().map(|gets| body(gets, now)).collect()
}

fn is_under_way(state: &DeviceState, kind: Kind) -> bool {
    let mut open = state.open.iter();
    open.any(|open| open.options.purpose == Some(ServerPurpose::Compliance) && open.kind() == kind)
}

fn body(gets: Vec<Operation>, now: Timestamp) -> CommandBody {
    let options = ExecutionOptions {
        lenient: Lenient::Always,
        walk: limits::WALK_GETS,
        purpose: Some(ServerPurpose::Compliance),
        ..ExecutionOptions::default()
    };
    CommandBody {
        priority: PRIORITY,
        options,
        ..CommandBody::new("inventory_compliance", "server", now, gets)
    }
}

/// The commands that the exchange of an event brought answers to; the event is that of the
/// exchange, or the one right behind it that has what it had no room for.
pub fn answered(stored: &StoredEvent) -> impl Iterator<Item = CommandSeq> {
    let event = &stored.event;
    let first = event
        .exchange
        .iter()
        .flat_map(|exchange| &exchange.outcomes);
    let more = event.more.iter().flat_map(|more| &more.outcomes);
    first.chain(more).map(|outcome| CommandSeq(outcome.command))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reads(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_needs_the_user_is_a_command_of_its_own_and_waits_for_none_that_is_under_way() {
        let mut device = crate::fixtures::device(1, &[]);
        let wanted = reads(&[
            "MDM_SecurityStatus",
            "MDM_SecurityStatusUser",
            "./DevDetail/SwV",
        ]);
        let made = commands(&device, &wanted, Timestamp(7));
        let nodes: Vec<usize> = made.iter().map(|body| body.operations.len()).collect();
        assert_eq!(nodes, [2, 1]);
        let (change, _) = queue(&device, made[1].clone()).unwrap();
        device.state = change.state;
        let again = commands(&device, &wanted, Timestamp(8));
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].operations.len(), 2);
        assert!(commands(&device, &[], Timestamp(8)).is_empty());
    }
}
