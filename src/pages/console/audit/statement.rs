//! The statement of the Machine mode, to be printed.

use askama::Template;
use modegate_core::context::Mode;
use modegate_core::time::Timestamp;

use super::entry::CheckpointFacts;
use crate::console::devices::mode_class;
use crate::shell::Shell;
use crate::words::Word;

/// The statement of the Machine mode over a period.
#[derive(Debug, Template)]
#[template(path = "console/audit/statement.html")]
pub struct StatementPage {
    /// What every page shows.
    pub shell: Shell,
    /// From when on, as it was entered.
    pub from: String,
    /// Until when, as it was entered.
    pub to: String,
    /// What the period has; `None` for who does not see all devices.
    pub counted: Option<Counted>,
}

/// What a period has.
#[derive(Debug)]
pub struct Counted {
    /// The times of its first and its last event.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The places of the first and the last event that were counted.
    pub places: Option<(u64, u64)>,
    /// The place at which counting stopped, with the most events that are counted.
    pub stopped_at: Option<(u64, usize)>,
    /// Its events.
    pub events: u64,
    /// Its exchanges.
    pub exchanges: u64,
    /// Devices that had sessions.
    pub devices: usize,
    /// Sessions by mode.
    pub sessions: Vec<(Mode, u64)>,
    /// Sessions that named Machine.
    pub machine_sessions: u64,
    /// Exchanges of them that are on record in the oldest form.
    pub version_1: u64,
    /// Commands that these carried, by kind.
    pub carried: Vec<(&'static str, u64)>,
    /// Commands that they must not carry.
    pub others: u64,
    /// Where the first of these are: device, command and kind.
    pub breaches: Vec<(String, String, &'static str)>,
    /// Commands that the second guard stopped.
    pub guard_stops: u64,
    /// Digests of the policy sets that decided.
    pub policy_sets: Vec<String>,
    /// The newest checkpoint.
    pub checkpoint: Option<CheckpointFacts>,
    /// Whether it covers all that was counted.
    pub is_sealed: bool,
    /// The command that makes the whole report of the period.
    pub command: String,
}
