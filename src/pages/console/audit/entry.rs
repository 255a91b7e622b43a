//! One entry of the log.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::console::policy_sets::PolicySetLink;
use crate::shell::Shell;
use crate::words::Word;

/// An entry of the log with all its fields.
#[derive(Debug, Template)]
#[template(path = "console/audit/entry.html")]
pub struct EntryPage {
    /// What every page shows.
    pub shell: Shell,
    /// Its place.
    pub place: u64,
    /// What its type means.
    pub about: &'static str,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// The device: id, and its name where it is there still.
    pub device: Option<(String, Option<String>)>,
    /// The commands that it names: number and id.
    pub commands: Vec<(u32, String)>,
    /// The policy set that decided, and whether it is in force now.
    pub policy_set: Option<(PolicySetLink, bool)>,
    /// The place of the entry that has the same list of what was withheld.
    pub same_as: Option<u64>,
    /// Every field: its name and its value.
    pub fields: Vec<(String, String)>,
    /// Where its proof stands.
    pub proof: ProofState,
    /// The places before and behind it; `None` for who does not see all.
    pub beside: Option<(u64, u64)>,
}

/// How far an entry is sealed.
#[derive(Debug, Clone)]
pub struct ProofState {
    /// Its number in the log, from 0.
    pub entry: u64,
    /// The newest checkpoint, where it covers the entry.
    pub checkpoint: Option<CheckpointFacts>,
    /// How many entries, this one included, wait for the next checkpoint.
    pub waits: u64,
}

/// A checkpoint.
#[derive(Debug, Clone)]
pub struct CheckpointFacts {
    /// How many entries it covers.
    pub size: u64,
    /// The root of their tree, base64.
    pub root: String,
    /// When it was signed.
    pub at: Timestamp,
}
