//! What one step looks at.

use crate::command::CommandBody;
use crate::device::Device;
use crate::ids::CommandSeq;
use crate::inventory::Inventory;

/// What a step wants to see besides the device itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadPlan {
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
