//! What is known of a device.

use askama::Template;
use modegate_core::time::Timestamp;

use super::DeviceHead;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// A device's inventory.
#[derive(Debug, Template)]
#[template(path = "console/devices/inventory.html")]
pub struct InventoryPage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// The classes that anything is known of.
    pub classes: Vec<ClassRow>,
    /// The class that is shown; empty for all.
    pub class: String,
    /// The values.
    pub values: Vec<ValueRow>,
    /// The other pages of the values.
    pub more: Pager,
    /// What changed, the newest first.
    pub changes: Vec<ChangeRow>,
    /// The other pages of the changes.
    pub pager: Pager,
}

/// A class.
#[derive(Debug, Clone)]
pub struct ClassRow {
    /// Its name.
    pub name: String,
    /// How many instances of it are known.
    pub instances: usize,
    /// When its instances were last listed.
    pub listed_at: Option<Timestamp>,
}

/// A value.
#[derive(Debug, Clone)]
pub struct ValueRow {
    /// Its class.
    pub class: String,
    /// Its instance.
    pub instance: String,
    /// Its property.
    pub property: String,
    /// The value, as text; `None` where the device has none.
    pub value: Option<String>,
    /// Its type.
    pub kind: &'static str,
    /// When it was read.
    pub read_at: Timestamp,
    /// Since when it is this.
    pub since: Timestamp,
    /// The command that read it: number and id.
    pub command: Option<(u32, String)>,
}

/// A change.
#[derive(Debug, Clone)]
pub struct ChangeRow {
    /// When.
    pub at: Timestamp,
    /// What changed.
    pub address: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}
