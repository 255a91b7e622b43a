//! What waits across the fleet, by kind, rule and the modes that let it go.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::shell::Shell;
use crate::words::Word;

/// What waits.
#[derive(Debug, Template)]
#[template(path = "console/queue.html")]
pub struct QueuePage {
    /// What every page shows.
    pub shell: Shell,
    /// The kind that is asked for.
    pub kind: String,
    /// The rule that is asked for.
    pub rule: String,
    /// The kinds that wait.
    pub kinds: Vec<String>,
    /// The rules by which they wait.
    pub rules: Vec<String>,
    /// What waits, the most first.
    pub rows: Vec<QueueRow>,
    /// How much that is.
    pub commands: u64,
    /// Commands that wait for rarer reasons than there is room for.
    pub others: u64,
    /// As of when; none before all devices were looked at once.
    pub at: Option<Timestamp>,
    /// How many devices were looked at.
    pub devices: u64,
    /// Whether these are all that there are.
    pub is_whole: bool,
}

/// Commands that wait for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// Where its devices are.
    pub href: String,
    /// Their kind.
    pub kind: &'static str,
    /// Whether a session like the device's latest one carries them.
    pub goes: bool,
    /// The rules.
    pub rules: Vec<String>,
    /// The modes that let them go.
    pub modes: Vec<&'static str>,
    /// How many.
    pub commands: u64,
    /// On how many devices.
    pub devices: u64,
    /// When the oldest was queued.
    pub oldest: Option<Timestamp>,
}

/// The devices on which commands wait for one reason.
#[derive(Debug, Template)]
#[template(path = "console/queue_group.html")]
pub struct QueueGroupPage {
    /// What every page shows.
    pub shell: Shell,
    /// What waits there, and why.
    pub row: QueueRow,
    /// The first devices: id, name, how many of their commands are open.
    pub first: Vec<(String, String, usize)>,
}
