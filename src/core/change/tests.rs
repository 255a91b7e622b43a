//! What a change entails, and when it may be written.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::context::Family;
use crate::device::WithheldRef;
use crate::event::EventType;
use crate::fixtures::{NOW, active_channel, body, device};
use crate::push::address::UriDigest;
use crate::push::channel::{self, Channel};
use crate::push::wake;
use crate::session::queue::queue;

fn standing(state: &DeviceState) -> Standing {
    Standing {
        revision: state.revision,
        next_command: state.next_command,
        next_event: 7,
        has_open_installs: false,
    }
}

/// Fits the change to a device in this state; the state afterwards.
fn fitted(mut change: DeviceChange, current: &DeviceState) -> Option<DeviceState> {
    let read = || Ok::<_, Infallible>(Some(current.clone()));
    let fits = change.fit(&standing(current), read).unwrap();
    fits.then_some(change.state)
}

fn loaded(device: &Device) -> Option<Loaded> {
    Some(Loaded {
        revision: device.state.revision,
        next_command: device.state.next_command,
    })
}

fn with_uri(digest: u8) -> Channel {
    let read = channel::Event::UriRead {
        digest: UriDigest([digest; 32]),
        expires_at: None,
    };
    let active = active_channel(Family::Windows81, NOW);
    channel::next(&active, read, Family::Windows81, NOW).channel
}

#[test]
fn a_wake_that_opens_or_ends_is_told_to_the_outbox() {
    let mut device = device(1, &[]);
    let same = DeviceChange::new(&device, device.state.clone());
    assert_eq!(same.wake_due, None);
    let mut request = device.state.clone();
    outbox::request_wake(&mut request, "test", NOW);
    let begun = DeviceChange::new(&device, request.clone());
    let due = request.wake.as_ref().unwrap().due_at;
    assert_eq!(begun.wake_due, Some(Some(due)));
    device.state = request;
    let mut answered = device.state.clone();
    answered.wake.as_mut().unwrap().state = wake::WakeState::Answered;
    let ended = DeviceChange::new(&device, answered);
    assert_eq!(ended.wake_due, Some(None));
    assert_eq!(begun.then(ended).wake_due, Some(None));
}

#[test]
fn a_uri_that_is_not_in_use_any_more_is_deleted() {
    let mut device = device(1, &[]);
    let uri_after = |device: &Device, channel: Option<Channel>| {
        let state = DeviceState {
            channel,
            ..device.state.clone()
        };
        let change = DeviceChange::new(device, state);
        change.channel_uri.map(|uri| uri.is_some())
    };
    assert_eq!(uri_after(&device, None), None);
    device.state.channel = Some(with_uri(1));
    assert_eq!(uri_after(&device, Some(with_uri(1))), None);
    assert_eq!(uri_after(&device, Some(with_uri(2))), Some(false));
    assert_eq!(uri_after(&device, None), Some(false));
}

#[test]
fn an_exchange_takes_over_what_was_queued_since_and_nothing_else() {
    let before = device(1, &[]);
    let exchange = || DeviceChange {
        loaded: loaded(&before),
        ..DeviceChange::new(&before, before.state.clone())
    };
    let same = fitted(exchange(), &before.state).unwrap();
    assert_eq!((same.revision, same.next_command), (2, 1));

    let (queued, seq) = queue(&before, body()).unwrap();
    assert!(queued.only_queues);
    let since = fitted(queued, &before.state).unwrap();
    assert_eq!((since.revision, since.next_command), (1, 2));
    let rebased = fitted(exchange(), &since).unwrap();
    assert!(rebased.open(seq).is_some());
    assert_eq!((rebased.revision, rebased.next_command), (2, 2));

    // Its own commands have the numbers of others by now.
    let (own, _) = queue(&before, body()).unwrap();
    let own = DeviceChange {
        loaded: loaded(&before),
        only_queues: false,
        ..own
    };
    assert!(fitted(own, &since).is_none());
    // Anything else that changed: load again.
    assert!(fitted(exchange(), &same).is_none());
}

#[test]
fn the_list_of_what_is_withheld_gets_the_number_of_the_first_event() {
    let device = device(1, &[]);
    let mut state = device.state.clone();
    let list = |event| Some(WithheldRef { event, digest: 1 });
    for (before, after) in [(0, 7), (3, 3)] {
        state.withheld = list(before);
        let written = fitted(DeviceChange::new(&device, state.clone()), &device.state);
        assert_eq!(written.unwrap().withheld, list(after));
    }
}

#[test]
fn installs_are_reviewed_where_one_is_open() {
    let device = device(1, &[]);
    let change = DeviceChange::new(&device, device.state.clone());
    let mut standing = standing(&device.state);
    assert!(!change.makes_installs_due(&standing));
    standing.has_open_installs = true;
    assert!(change.makes_installs_due(&standing));
    let looked_at = DeviceChange {
        review_installs: false,
        ..change
    };
    assert!(!looked_at.makes_installs_due(&standing));
}

proptest! {
    /// Changes on top of each other, written as one or one by one, come to the same.
    #[test]
    fn changes_on_top_of_each_other_are_one(steps in prop::collection::vec(0..3_u8, 1..12)) {
        let start = device(1, &[]);
        let (mut one_by_one, mut whole) = (start.clone(), None::<DeviceChange>);
        let (mut due, mut queued, mut events) = (None, 0, 0);
        for step in steps {
            let change = || match step {
                0 => queue(&one_by_one, body()).unwrap().0,
                1 => {
                    let mut state = one_by_one.state.clone();
                    let event = outbox::request_wake(&mut state, "test", NOW);
                    let event = event.event("test", one_by_one.id, NOW);
                    DeviceChange::new(&one_by_one, state).with_events(vec![event])
                }
                _ => {
                    let event = Event::new(NOW, "test", Some(one_by_one.id), EventType::InstallMoved);
                    DeviceChange::only_events(&one_by_one, vec![event])
                }
            };
            let alone = change();
            due = alone.wake_due.unwrap_or(due);
            queued += alone.queued.len();
            events += alone.events.len();
            let state = alone.state.clone();
            whole = Some(match whole {
                None => alone,
                Some(before) => before.then(alone),
            });
            one_by_one.state = state;
        }
        let whole = whole.unwrap();
        prop_assert_eq!(&whole.state, &one_by_one.state);
        prop_assert_eq!(whole.wake_due.unwrap_or(None), due);
        prop_assert_eq!(whole.wake_due.unwrap_or(None), outbox::due(&whole.state));
        prop_assert_eq!((whole.queued.len(), whole.events.len()), (queued, events));
    }
}
