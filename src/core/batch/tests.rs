//! A batch from its first task to its end, against devices in memory.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::change::{DeviceChange, Standing};
use crate::device::Device;
use crate::event::EventType;
use crate::fixtures::{NOW, body, device};
use crate::ids::CommandId;

/// What a store keeps, as far as batches go.
struct World {
    devices: BTreeMap<u64, Device>,
    items: Vec<(u64, CommandId)>,
    events: Vec<EventType>,
}

impl World {
    fn new(groups: &[bool]) -> Self {
        let device = |(n, in_group): (u64, &bool)| {
            let group: &[&str] = if *in_group { &["g"] } else { &[] };
            (n, device(n, group))
        };
        World {
            devices: (1..).zip(groups).map(device).collect(),
            items: Vec::new(),
            events: Vec::new(),
        }
    }

    fn by_id(&self, id: DeviceId) -> Option<Device> {
        let mut all = self.devices.values();
        all.find(|device| device.id == id).cloned()
    }

    fn find(&self, selection: Selection) -> Found {
        match selection {
            Selection::Named(ids) => {
                Found::Devices(ids.into_iter().filter_map(|id| self.by_id(id)).collect())
            }
            Selection::Devices { after, limit } => {
                let behind = self.devices.range(after + 1..).take(limit);
                Found::Devices(behind.map(|(_, device)| device.clone()).collect())
            }
            Selection::Items { after, limit } => {
                let behind = self.items.iter().filter(|(item, _)| *item > after);
                let with_device =
                    |(item, id): &(u64, CommandId)| (*item, *id, self.by_id(id.device));
                Found::Items(behind.take(limit).map(with_device).collect())
            }
        }
    }

    fn write(&mut self, mut change: DeviceChange) {
        let device = self.devices.get_mut(&change.number).unwrap();
        let standing = Standing {
            revision: device.state.revision,
            next_command: device.state.next_command,
            next_event: 1,
            has_open_installs: false,
        };
        assert!(change.fit(&standing, || Ok::<_, Infallible>(None)).unwrap());
        device.state = change.state;
    }

    /// Does the next task, if there is one.
    fn advance(&mut self, batch: Batch) -> Batch {
        let Some(selection) = batch.selection() else {
            return batch;
        };
        let make = |device: &Device| match device.number % 7 {
            0 => Err(Refusal::Conflict("the seventh".to_owned())),
            _ => Ok(body()),
        };
        let step = advance(batch, self.find(selection), &make, NOW);
        for change in step.changes {
            self.write(change);
        }
        self.items.extend(step.items);
        self.events
            .extend(step.events.iter().map(|event| event.what));
        step.batch
    }

    fn finish(&mut self, mut batch: Batch) -> Batch {
        while batch.selection().is_some() {
            batch = self.advance(batch);
        }
        batch
    }

    fn waiting(&self) -> u64 {
        let open = self.devices.values().map(|device| device.state.open.len());
        open.sum::<usize>() as u64
    }
}

fn batch(to: To) -> Batch {
    Batch {
        id: BatchId(Uuid::nil()),
        to,
        scope: None,
        command: Secret::new("{}"),
        name: "raw".into(),
        actor: "test".into(),
        created_at: NOW,
        ended_at: None,
        state: BatchState::Running,
        cursor: 0,
        queued: 0,
        refused: 0,
        cancelled: 0,
        refusals: Vec::new(),
    }
}

/// Everybody, the group, or every other device and one that is not there.
fn to(which: u8, count: u64) -> To {
    match which {
        0 => To::All,
        1 => To::Groups(vec!["g".into()]),
        _ => {
            let all = (1..=count + 1).step_by(2).chain([count + 100]);
            To::Devices(all.map(|n| DeviceId(Uuid::from_u128(n.into()))).collect())
        }
    }
}

#[test]
fn a_batch_that_ended_does_nothing_and_cannot_be_stopped() {
    let mut world = World::new(&[true, false]);
    let mut ended = world.finish(batch(To::All));
    assert_eq!((ended.state, ended.queued), (BatchState::Finished, 2));
    assert_eq!((ended.selection(), ended.ended_at), (None, Some(NOW)));
    assert!(matches!(ended.stop(true, NOW), Err(Refusal::Conflict(_))));
    assert_eq!(world.events, [EventType::BatchEnded]);
}

#[test]
fn what_has_gone_out_or_is_gone_is_not_taken_back() {
    let mut world = World::new(&[true; 4]);
    let mut running = batch(To::All);
    // A last task would end it: there are devices behind.
    let step = advance(
        running,
        world.find(running_selection()),
        &|_| Ok(body()),
        NOW,
    );
    for change in step.changes {
        world.write(change);
    }
    world.items = step.items;
    running = Batch {
        state: BatchState::Running,
        ended_at: None,
        ..step.batch
    };
    let sent = &mut world.devices.get_mut(&1).unwrap().state.open[0];
    sent.state = crate::command::CommandState::Accepted;
    world.devices.remove(&2);
    running.stop(true, NOW).unwrap();
    let ended = world.finish(running);
    assert_eq!((ended.state, ended.cancelled), (BatchState::Stopped, 2));
    assert_eq!(world.waiting(), 1);
}

fn running_selection() -> Selection {
    batch(To::All).selection().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every device that is meant gets the command once or is refused, however
    /// many tasks it takes; and a batch that is stopped takes back what waits.
    #[test]
    fn each_device_has_one_turn(
        groups in prop::collection::vec(any::<bool>(), 0..200),
        which in 0..3_u8,
        tasks in 0..4_usize,
        stops in any::<bool>(),
        take_back in any::<bool>(),
    ) {
        let mut world = World::new(&groups);
        let count = groups.len() as u64;
        let mut running = batch(to(which, count));
        let is_meant = |device: &&Device| running.wants(&device.record);
        let named = |device: &&Device| match &running.to {
            To::Devices(ids) => ids.contains(&device.id),
            _ => true,
        };
        let meant = world.devices.values().filter(is_meant).filter(named).count() as u64;
        let missing = match &running.to {
            To::Devices(ids) => ids.len() as u64 - meant,
            _ => 0,
        };
        for _ in 0..tasks {
            running = world.advance(running);
        }
        let is_running = running.state == BatchState::Running;
        let stopped = stops && is_running;
        if stops {
            prop_assert_eq!(running.stop(take_back, NOW).is_ok(), is_running);
        }
        let ended = world.finish(running);
        prop_assert!(!ended.state.is_open() && ended.ended_at.is_some());
        prop_assert!(world.devices.values().all(|device| device.state.open.len() <= 1));
        prop_assert_eq!(world.items.len() as u64, ended.queued);
        prop_assert_eq!(world.waiting(), ended.queued - ended.cancelled);
        if stopped {
            prop_assert_eq!(ended.state, BatchState::Stopped);
            prop_assert_eq!(ended.cancelled, if take_back { ended.queued } else { 0 });
        } else {
            prop_assert_eq!(ended.state, BatchState::Finished);
            prop_assert_eq!(ended.queued + ended.refused, meant + missing);
            prop_assert_eq!(&world.events[..], &[EventType::BatchEnded][..]);
        }
        prop_assert_eq!(ended.refusals.len() as u64, ended.refused.min(REFUSALS as u64));
    }
}
