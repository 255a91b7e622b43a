//! The next task of a batch: what it looks at, and what it does.

use super::{Batch, BatchState, To};
use crate::change::DeviceChange;
use crate::command::{CommandBody, CommandState};
use crate::device::Device;
use crate::event::{Event, EventType};
use crate::ids::{CommandId, DeviceId};
use crate::refusal::Refusal;
use crate::session::queue;
use crate::time::Timestamp;

/// What the next task of a batch looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These devices.
    Named(Vec<DeviceId>),
    /// So many devices with larger numbers than `after`, by number.
    Devices {
        /// The number.
        after: u64,
        /// How many at most.
        limit: usize,
    },
    /// So many of the batch's own items behind `after`, in order, with their devices.
    Items {
        /// The item.
        after: u64,
        /// How many at most.
        limit: usize,
    },
}

/// What is there of a [`Selection`]. No device is in it twice.
#[derive(Debug)]
pub enum Found {
    /// The devices that there are.
    Devices(Vec<Device>),
    /// The items, each with its device if that is there still.
    Items(Vec<(u64, CommandId, Option<Device>)>),
}

/// What one task of a batch does; to be written in one transaction.
#[derive(Debug)]
pub struct BatchStep {
    /// The batch afterwards.
    pub batch: Batch,
    /// What changes of the devices.
    pub changes: Vec<DeviceChange>,
    /// What the batch queued, each with its number among the batch's items.
    pub items: Vec<(u64, CommandId)>,
    /// What is logged besides.
    pub events: Vec<Event>,
}

impl Batch {
    /// What the next task looks at; none where the batch has no work left.
    pub fn selection(&self) -> Option<Selection> {
        let (after, limit) = (self.cursor, self.chunk());
        match (self.state, &self.to) {
            (BatchState::Running, To::Devices(_)) => Some(Selection::Named(self.named().to_vec())),
            (BatchState::Running, _) => Some(Selection::Devices { after, limit }),
            (BatchState::Cancelling, _) => Some(Selection::Items { after, limit }),
            (BatchState::Finished | BatchState::Stopped, _) => None,
        }
    }

    /// Of the devices that are named one by one those that the next task is for.
    fn named(&self) -> &[DeviceId] {
        let To::Devices(ids) = &self.to else {
            return &[];
        };
        let begin = usize::try_from(self.cursor).map_or(ids.len(), |at| at.min(ids.len()));
        &ids[begin..ids.len().min(begin + self.chunk())]
    }

    /// How far the task comes that looks at these devices, and whether it is the last.
    fn reached(&self, devices: &[Device]) -> (u64, bool) {
        if let To::Devices(ids) = &self.to {
            let cursor = self.cursor + self.named().len() as u64;
            return (cursor, cursor >= ids.len() as u64);
        }
        let last = devices.last().map(|device| device.number);
        (last.unwrap_or(self.cursor), devices.len() < self.chunk())
    }
}

/// Does the next task of a batch on what was found of its [`Selection`]. `make`
/// makes the command for one device.
pub fn advance(
    batch: Batch,
    found: Found,
    make: &dyn Fn(&Device) -> Result<CommandBody, Refusal>,
    now: Timestamp,
) -> BatchStep {
    let mut step = BatchStep {
        batch,
        changes: Vec::new(),
        items: Vec::new(),
        events: Vec::new(),
    };
    match found {
        Found::Devices(devices) => step.queue(&devices, make, now),
        Found::Items(items) => step.cancel(&items, now),
    }
    let batch = &step.batch;
    if !batch.state.is_open() {
        let detail = format!(
            "batch {}: {} queued, {} refused, {} cancelled",
            batch.id, batch.queued, batch.refused, batch.cancelled
        );
        let event = Event::new(now, batch.actor.clone(), None, EventType::BatchEnded);
        step.events.push(event.detail(detail));
    }
    step
}

impl BatchStep {
    /// Queues the command for each of the devices that is meant.
    fn queue(
        &mut self,
        devices: &[Device],
        make: &dyn Fn(&Device) -> Result<CommandBody, Refusal>,
        now: Timestamp,
    ) {
        let meant = devices
            .iter()
            .filter(|device| self.batch.wants(&device.record));
        let meant: Vec<&Device> = meant.collect();
        for id in self.batch.named().to_vec() {
            if !meant.iter().any(|device| device.id == id) {
                self.batch.refuse(id, "there is no such device".to_owned());
            }
        }
        let (cursor, is_last) = self.batch.reached(devices);
        for device in meant {
            match make(device).and_then(|body| queue::queue(device, body)) {
                Ok((change, seq)) => {
                    self.batch.queued += 1;
                    let device = device.id;
                    self.items
                        .push((self.batch.queued, CommandId { device, seq }));
                    self.changes.push(change);
                }
                Err(refusal) => self.batch.refuse(device.id, refusal.words()),
            }
        }
        self.batch.advance(cursor, is_last, now);
    }

    /// Takes back what of these items waits still: what has gone out, is done or
    /// whose device was retired meanwhile stays as it is.
    fn cancel(&mut self, items: &[(u64, CommandId, Option<Device>)], now: Timestamp) {
        for (_, id, device) in items {
            let Some(device) = device else { continue };
            let open = device.state.open(id.seq);
            let state = open.map(|open| queue::state_at(&device.state, open, now));
            if state != Some(CommandState::Queued) {
                continue;
            }
            if let Ok(change) = queue::cancel(device, id.seq, &self.batch.actor, now) {
                self.batch.cancelled += 1;
                self.changes.push(change);
            }
        }
        let cursor = items.last().map_or(self.batch.cursor, |(item, ..)| *item);
        let is_last = items.len() < self.batch.chunk();
        self.batch.advance(cursor, is_last, now);
    }
}
