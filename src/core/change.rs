//! What is to be written of one device: the result of an exchange, of an API
//! write, or of a worker. It carries everything that the change entails, so that
//! a store writes all of it in one transaction and decides nothing.

use crate::command::{CommandBody, NodeResult, Part};
use crate::compliance::due::facts_moved;
use crate::device::outbox;
use crate::device::{Device, DeviceRecord, DeviceState, EnrollmentEnding};
use crate::event::Event;
use crate::ids::CommandSeq;
use crate::inventory::{self, InventoryUpdate};
use crate::secret::Secret;
use crate::time::Timestamp;

pub use crate::refusal::Refusal;

/// The change of one device.
#[derive(Debug)]
pub struct DeviceChange {
    /// The device's number.
    pub number: u64,
    /// What the change was made from, where that was read in another
    /// transaction: the change is not written if the device is another by then.
    pub loaded: Option<Loaded>,
    /// The record afterwards, if it changes.
    pub record: Option<DeviceRecord>,
    /// The state afterwards. Its `next_command` counts what is queued here.
    pub state: DeviceState,
    /// Commands to add.
    pub queued: Vec<(CommandSeq, CommandBody)>,
    /// What commands got.
    pub parts: Vec<Part>,
    /// Events. The first one's number is put into [`DeviceState::withheld`] when that
    /// says event 0.
    pub events: Vec<Event>,
    /// Whether only commands were queued: no reason for a running exchange to
    /// start again.
    pub only_queues: bool,
    /// The inventory afterwards, if it is worth writing.
    pub inventory: Option<InventoryUpdate>,
    /// What changed in it, to be appended to its history.
    pub inventory_changes: Vec<inventory::Change>,
    /// The URI of the push channel where it is another: none to delete the one
    /// that is kept.
    pub channel_uri: Option<Option<Secret>>,
    /// When the device is due in the outbox, where that changed: none to take it out.
    pub wake_due: Option<Option<Timestamp>>,
    /// What webhooks are to be sent.
    pub deliveries: Vec<NewDelivery>,
    /// Whether the installs of the device that are open, if any is, are to be
    /// looked at again.
    pub review_installs: bool,
    /// Whether the device is to be judged anew: something moved that a control of a baseline
    /// may ask for.
    pub review_compliance: bool,
    /// Bytes of kept answers to be deleted, of the oldest ones to commands that are final.
    pub free_answers: u64,
    /// Whether the device's enrollment ends: what was installed in it is to be looked at.
    pub ends_enrollment: bool,
    /// The end of the enrollment by which the server issued the device's certificate, where
    /// the device gave that up.
    pub ending: Option<EnrollmentEnding>,
    /// The reply to be kept in place of the one before; none leaves that.
    pub reply: Option<Vec<u8>>,
}

/// What an exchange was loaded at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// [`DeviceState::revision`].
    pub revision: u64,
    /// [`DeviceState::next_command`]. Commands that were queued since are taken over,
    /// unless the change queues some itself: their numbers are taken.
    pub next_command: u32,
}

/// How far a device is when a change of it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// [`DeviceState::revision`].
    pub revision: u64,
    /// [`DeviceState::next_command`].
    pub next_command: u32,
    /// The number that its next event gets.
    pub next_event: u64,
    /// Whether it has installs that are not final.
    pub has_open_installs: bool,
}

/// A request to a webhook that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The webhook's number.
    pub webhook: u64,
    /// From when on.
    pub due: Timestamp,
    /// The event's name.
    pub event: String,
    /// The body, JSON, as it is sent.
    pub body: Vec<u8>,
}

/// Whether the URI of the channel that a device had is not in use any more.
pub(crate) fn drops_uri(before: &DeviceState, after: &DeviceState) -> bool {
    let uri = |state: &DeviceState| state.channel.as_ref().and_then(|channel| channel.uri);
    let had = uri(before);
    had.is_some() && uri(after) != had
}

impl DeviceChange {
    /// Puts `device` into this state, with what follows for the outbox and for
    /// the URI of its channel: one that is not in use any more is deleted.
    pub fn new(device: &Device, state: DeviceState) -> Self {
        DeviceChange {
            number: device.number,
            loaded: None,
            record: None,
            wake_due: outbox::moved(outbox::due(&device.state), &state),
            channel_uri: drops_uri(&device.state, &state).then_some(None),
            review_compliance: facts_moved(&device.record, (&device.state, &state)),
            state,
            queued: Vec::new(),
            parts: Vec::new(),
            events: Vec::new(),
            only_queues: false,
            inventory: None,
            inventory_changes: Vec::new(),
            deliveries: Vec::new(),
            review_installs: true,
            free_answers: 0,
            ends_enrollment: false,
            ending: None,
            reply: None,
        }
    }

    /// Nothing but these events, which are no reason for a running exchange to
    /// start again.
    pub fn only_events(device: &Device, events: Vec<Event>) -> Self {
        DeviceChange {
            events,
            only_queues: true,
            ..DeviceChange::new(device, device.state.clone())
        }
    }

    /// Bytes that the change writes, about, and of these those of its events, which were
    /// counted already.
    pub(crate) fn size(&self, events: usize) -> (u64, u64) {
        let parts = self.parts.iter().flat_map(|part| &part.results);
        let answers: u64 = parts.map(NodeResult::bytes).sum();
        let bodies = self.queued.iter().map(|(_, body)| body.bytes());
        let inventory = self.inventory.as_ref().map_or(0, InventoryUpdate::bytes);
        let changes = self.inventory_changes.iter().map(inventory::Change::bytes);
        let reply = self.reply.as_ref().map_or(0, Vec::len);
        let rest = self.state.bytes() + events as u64 + reply as u64;
        let all = answers + bodies.sum::<u64>() + inventory + changes.sum::<u64>() + rest;
        (all, events as u64)
    }

    /// The same with these events.
    #[must_use]
    pub fn with_events(self, events: Vec<Event>) -> Self {
        DeviceChange { events, ..self }
    }

    /// The same with this record.
    #[must_use]
    pub fn with_record(self, record: DeviceRecord) -> Self {
        DeviceChange {
            record: Some(record),
            review_compliance: true,
            ..self
        }
    }

    /// This change and, on top of it, another one of the same device.
    #[must_use]
    pub fn then(mut self, next: DeviceChange) -> Self {
        self.record = next.record.or(self.record);
        self.state = next.state;
        self.queued.extend(next.queued);
        self.parts.extend(next.parts);
        self.events.extend(next.events);
        self.only_queues &= next.only_queues;
        self.inventory = next.inventory.or(self.inventory);
        self.inventory_changes.extend(next.inventory_changes);
        self.channel_uri = next.channel_uri.or(self.channel_uri);
        self.wake_due = next.wake_due.or(self.wake_due);
        self.deliveries.extend(next.deliveries);
        self.review_installs |= next.review_installs;
        self.review_compliance |= next.review_compliance;
        self.free_answers = self.free_answers.max(next.free_answers);
        self.ends_enrollment |= next.ends_enrollment;
        self.ending = next.ending.or(self.ending);
        self.reply = next.reply.or(self.reply);
        self
    }

    /// Fits the change to the device as it stands in the transaction that
    /// writes it; false where it must not be written, since the device is
    /// another by now. `current` reads the device's state and is asked for only
    /// where commands were queued since this change was made.
    ///
    /// # Errors
    /// Those of `current`.
    pub fn fit<E>(
        &mut self,
        standing: &Standing,
        current: impl FnOnce() -> Result<Option<DeviceState>, E>,
    ) -> Result<bool, E> {
        if let Some(loaded) = self.loaded {
            if standing.revision != loaded.revision {
                return Ok(false);
            }
            if standing.next_command != loaded.next_command {
                let current = if self.queued.is_empty() {
                    current()?
                } else {
                    None
                };
                let state = std::mem::take(&mut self.state);
                let rebased = current.and_then(|current| {
                    state.rebased(loaded.revision, loaded.next_command, &current)
                });
                let Some(rebased) = rebased else {
                    return Ok(false);
                };
                self.state = rebased;
            }
        }
        if let Some(withheld) = self.state.withheld.as_mut().filter(|list| list.event == 0) {
            withheld.event = standing.next_event;
        }
        self.state.revision = standing.revision + u64::from(!self.only_queues);
        if self.queued.is_empty() {
            self.state.next_command = standing.next_command;
        }
        Ok(true)
    }

    /// Whether the device is to be put among those whose installs are to be
    /// looked at again. One without open installs never is.
    pub fn makes_installs_due(&self, standing: &Standing) -> bool {
        self.review_installs && standing.has_open_installs
    }
}

#[cfg(test)]
mod tests;
