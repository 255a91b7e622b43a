//! Installs: one request for an app on one device, with its steps.

use askama::Template;
use modegate_core::time::Timestamp;

use super::state::StateBadge;
use crate::portal::StepRow;
use crate::shell::Shell;
use crate::words::Word;

/// Installs of all devices.
#[derive(Debug, Template)]
#[template(path = "console/installs.html")]
pub struct InstallsPage {
    /// What every page shows.
    pub shell: Shell,
    /// Which are asked for.
    pub which: String,
    /// What may be asked for: the value, and in words.
    pub choices: Vec<(&'static str, String)>,
    /// The installs.
    pub rows: Vec<InstallRow>,
    /// Where the next page is.
    pub next: Option<String>,
    /// Whether this is the first page.
    pub is_first: bool,
}

/// An install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallRow {
    /// Its id.
    pub id: String,
    /// The app: its id as it stands in an address, and its name.
    pub app: (String, String),
    /// The version.
    pub version: String,
    /// Its device: id and name.
    pub device: (String, String),
    /// Where it stands.
    pub state: StateBadge,
    /// Why, in words.
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// By whom.
    pub requested_by: String,
}

/// One install.
#[derive(Debug, Template)]
#[template(path = "console/install.html")]
pub struct InstallPage {
    /// What every page shows.
    pub shell: Shell,
    /// The install.
    pub install: InstallRow,
    /// The job's progress, as last read.
    pub progress: Option<u32>,
    /// The job's last error, as last read.
    pub last_error: Option<String>,
    /// How far it is, as its user is told.
    pub status: String,
    /// The stages, as its user sees them, with times by the device's clock.
    pub stages: Vec<StepRow>,
    /// When it goes on, in words.
    pub forecast: Option<String>,
    /// The id of its command.
    pub command: String,
    /// The id of its job on the device.
    pub job_id: String,
    /// How often the job was read.
    pub readings: u32,
    /// The install that took its place.
    pub superseded_by: Option<String>,
    /// What was doubtful when it was asked for.
    pub warnings: Vec<String>,
    /// What happened, in order.
    pub steps: Vec<StepLine>,
    /// What the page shows, in one word.
    pub revision: String,
    /// Whether more may come.
    pub is_open: bool,
    /// Whether whoever looks may change it.
    pub may_operate: bool,
    /// The name of the write.
    pub once: String,
}

/// A step of an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLine {
    /// When.
    pub at: Timestamp,
    /// The state that it brought.
    pub state: StateBadge,
    /// More, in words.
    pub detail: Option<String>,
    /// The job's progress.
    pub progress: Option<u32>,
}
