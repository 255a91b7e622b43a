//! Batches: one command for many devices.

use askama::Template;
use modegate_core::time::Timestamp;

use super::state::StateBadge;
use crate::shell::Shell;
use crate::words::Word;

/// The batches, the newest first.
#[derive(Debug, Template)]
#[template(path = "console/batches.html")]
pub struct BatchesPage {
    /// What every page shows.
    pub shell: Shell,
    /// The batches.
    pub rows: Vec<BatchRow>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Whether this is the first page.
    pub is_first: bool,
    /// Whether whoever looks may start one.
    pub may_operate: bool,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// Its id.
    pub id: String,
    /// The type of its command.
    pub name: String,
    /// Where it stands.
    pub state: StateBadge,
    /// For whom, in words.
    pub to: String,
    /// Who started it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Devices that got the command.
    pub queued: u64,
    /// Devices that did not.
    pub refused: u64,
    /// Commands that were taken back.
    pub cancelled: u64,
}

/// One batch.
#[derive(Debug, Template)]
#[template(path = "console/batch.html")]
pub struct BatchPage {
    /// What every page shows.
    pub shell: Shell,
    /// The batch.
    pub batch: BatchRow,
    /// How many devices are meant, where that is known.
    pub devices: Option<u64>,
    /// The groups or devices that are meant, the first of them: ids of devices lead to them.
    pub refusals: Vec<RefusalRow>,
    /// How many refusals are kept in words.
    pub refusals_kept: u64,
    /// What became of the commands that were looked at.
    pub outcomes: Vec<(StateBadge, u64)>,
    /// How many were looked at.
    pub looked_at: u64,
    /// What the page shows, in one word.
    pub revision: String,
    /// Whether it works still.
    pub is_open: bool,
    /// Whether whoever looks may stop it.
    pub may_stop: bool,
    /// The name of the write.
    pub once: String,
}

impl BatchPage {
    /// How many devices had their turn.
    pub fn seen(&self) -> u64 {
        self.batch.queued + self.batch.refused
    }
}

/// Devices that refused the command for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalRow {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The ids of the first of them.
    pub devices: Vec<String>,
}

/// The commands that a batch queued.
#[derive(Debug, Template)]
#[template(path = "console/batch_commands.html")]
pub struct BatchCommandsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The batch's id.
    pub id: String,
    /// The commands: id, device's id and name, state.
    pub rows: Vec<BatchCommand>,
    /// Where the next page is.
    pub next: Option<String>,
}

/// A command of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchCommand {
    /// Its id.
    pub id: String,
    /// Its number on its device.
    pub number: u32,
    /// Its device: id and name.
    pub device: (String, String),
    /// Where it stands.
    pub state: StateBadge,
}
