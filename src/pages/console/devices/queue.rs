//! The commands of a device: those that wait, and all that it ever got.

use askama::Template;
use modegate_core::time::Timestamp;

use super::DeviceHead;
use super::timeline::Wait;
use crate::console::state::StateBadge;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// A device's commands.
#[derive(Debug, Template)]
#[template(path = "console/devices/queue.html")]
pub struct QueuePage {
    /// What every page shows.
    pub shell: Shell,
    /// The device.
    pub head: DeviceHead,
    /// Which states there are: name, whether it is asked for.
    pub states: Vec<(&'static str, bool)>,
    /// What is shown.
    pub shown: Shown,
    /// The other pages of the list.
    pub pager: Pager,
}

/// What is shown of the commands.
#[derive(Debug)]
pub enum Shown {
    /// Those that are open, with when they go.
    Open(Vec<Wait>),
    /// All, or those in one state, the oldest first.
    All(Vec<CommandRow>),
}

/// A command of the list.
#[derive(Debug, Clone)]
pub struct CommandRow {
    /// Its number.
    pub seq: u32,
    /// Its id.
    pub id: String,
    /// What it was called.
    pub name: String,
    /// Its state.
    pub state: StateBadge,
    /// Who queued it.
    pub actor: String,
    /// When.
    pub queued_at: Timestamp,
    /// Why it ended as it did, in words.
    pub reason: Option<String>,
}
