//! What one step looks at, and what it leaves to be made durable.

use crate::command::{CommandBody, Part};
use crate::device::{Device, DeviceRecord, State};
use crate::event::Event;
use crate::ids::CommandSeq;
use crate::inventory::{self, Inventory};
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a step wants to see besides the device itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The bodies of these commands.
    pub bodies: Vec<CommandSeq>,
    /// The kept reply.
    pub reply: bool,
    /// The inventory.
    pub inventory: bool,
}

/// What one step looks at.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The device.
    pub device: Device,
    /// The bodies asked for, in the order asked for.
    pub bodies: Vec<(CommandSeq, CommandBody)>,
    /// The latest reply, if it was asked for and is kept.
    pub reply: Option<Vec<u8>>,
    /// The inventory, if it was asked for and there is any.
    pub inventory: Option<Inventory>,
}

/// One exchange to make durable.
#[derive(Debug)]
pub struct Commit {
    /// The device's number.
    pub number: u64,
    /// [`State::revision`] at load. The store gives the state the next one.
    pub loaded_revision: u64,
    /// [`State::next_command`] at load.
    pub loaded_next: u32,
    /// The record afterwards, if something of the device was learned.
    pub record: Option<DeviceRecord>,
    /// The state afterwards. Its `next_command` counts what is queued here.
    pub state: State,
    /// Commands that the server itself adds. Where others were queued since load
    /// their numbers are taken: the store refuses the commit.
    pub queued: Vec<(CommandSeq, CommandBody)>,
    /// What commands got.
    pub parts: Vec<Part>,
    /// The event of the exchange and what else is to be logged. The first
    /// one's number is put into [`State::withheld`] when that says event 0.
    pub events: Vec<Event>,
    /// The inventory afterwards, if it is worth writing.
    pub inventory: Option<Inventory>,
    /// What changed in it, to be appended to its history.
    pub inventory_changes: Vec<inventory::Change>,
    /// The URI of the push channel where it is another: none to delete the one
    /// that is kept.
    pub channel_uri: Option<Option<Secret>>,
    /// When the device is due in the outbox, where that changed: none to take it out.
    pub wake_due: Option<Option<Timestamp>>,
    /// The reply, to be kept in place of the one before.
    pub reply: Option<Vec<u8>>,
}
