//! One baseline.

use askama::Template;
use modegate_core::time::Timestamp;

use super::StateCount;
use crate::shell::Shell;
use crate::words::Word;

/// A baseline with its controls.
#[derive(Debug, Template)]
#[template(path = "console/compliance/baseline.html")]
pub struct BaselinePage {
    /// What every page shows.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// SHA-256 of the text of its file.
    pub digest: String,
    /// The families that it covers.
    pub families: String,
    /// The groups that it is narrowed to, as far as the visitor may know of them.
    pub groups: Option<String>,
    /// After how many days a reading is too old to be evidence.
    pub max_age_days: u32,
    /// How many devices are in each state; `None` for who does not see all.
    pub counts: Option<Vec<StateCount>>,
    /// Its controls.
    pub controls: Vec<ControlRow>,
    /// Its exemptions.
    pub exemptions: Vec<ExemptionRow>,
    /// The lists of its population that the log has, the newest first.
    pub snapshots: Vec<SnapshotRow>,
    /// The text of its file; `None` for who does not see all.
    pub text: Option<String>,
}

/// A control.
#[derive(Debug, Clone)]
pub struct ControlRow {
    /// Its id.
    pub id: String,
    /// What it asks.
    pub asks: String,
    /// Which answers are compliant.
    pub expects: String,
    /// How many days of grace.
    pub grace_days: u32,
    /// The topics of other catalogues that it speaks to.
    pub maps: String,
    /// What the values mean, or why it is asked.
    pub says: Option<String>,
    /// How many devices are in each state; `None` for who does not see all.
    pub counts: Option<Vec<StateCount>>,
}

/// An exemption.
#[derive(Debug, Clone)]
pub struct ExemptionRow {
    /// The control.
    pub control: String,
    /// The groups that it is narrowed to, as far as the visitor may know of them.
    pub groups: Option<String>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who approved it; `None` for who does not see all.
    pub approved_by: Option<String>,
}

/// A list of all devices that the baseline covers.
#[derive(Debug, Clone)]
pub struct SnapshotRow {
    /// The place of its event in the log.
    pub place: u64,
    /// When it was made.
    pub at: Timestamp,
    /// How many devices it has.
    pub devices: u64,
    /// How many of them are not compliant.
    pub not_compliant: u64,
    /// How many are unknown.
    pub unknown: u64,
    /// The root of the tree of its lines, base64.
    pub root: String,
}
