//! The log, filtered.

use askama::Template;
use modegate_core::context::Mode;
use modegate_core::time::Timestamp;

use crate::console::devices::mode_class;
use crate::console::policy_sets::PolicySetLink;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// The log, the newest first.
#[derive(Debug, Template)]
#[template(path = "console/audit/list.html")]
pub struct AuditPage {
    /// What every page shows.
    pub shell: Shell,
    /// What is looked for.
    pub filter: Filter,
    /// The entries.
    pub rows: Vec<EntryRow>,
    /// Whether older entries are there that were not looked at yet.
    pub is_partial: bool,
    /// The other pages.
    pub pager: Pager,
    /// The addresses of the downloads: CSV and JSON lines.
    pub downloads: [String; 2],
    /// Most events of a download.
    pub most: usize,
    /// Whether only what concerns some devices is shown.
    pub is_bound: bool,
}

/// What is looked for, as it was entered.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The type; empty for all, as the others.
    pub what: String,
    /// The types that there are: name and meaning.
    pub types: Vec<(&'static str, &'static str)>,
    /// By whom.
    pub actor: String,
    /// The id of the device.
    pub device: String,
    /// The mode of exchanges.
    pub mode: String,
    /// From when on.
    pub from: String,
    /// Until when.
    pub to: String,
    /// Each filter that is set, in words, with the address of the list without it.
    pub set: Vec<(String, String)>,
}

/// An entry of the log.
#[derive(Debug, Clone)]
pub struct EntryRow {
    /// Its place.
    pub place: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Its type.
    pub what: &'static str,
    /// The device: id, and its name where it is there still.
    pub device: Option<(String, Option<String>)>,
    /// The command: number and id.
    pub command: Option<(u32, String)>,
    /// More, in words.
    pub detail: Option<String>,
    /// Of an exchange: what came of it.
    pub exchange: Option<ExchangeCells>,
}

/// What came of an exchange.
#[derive(Debug, Clone)]
pub struct ExchangeCells {
    /// The mode that was decided on.
    pub mode: Mode,
    /// How many commands went out.
    pub delivered: usize,
    /// How many were withheld.
    pub withheld: u64,
    /// The place of the entry that has the same list.
    pub same_as: Option<u64>,
    /// The policy set.
    pub policy_set: PolicySetLink,
}
