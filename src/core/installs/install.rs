//! An install as it is kept, and the rules by which its job is read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::catalogue::Version;
use crate::ids::{CommandSeq, DeviceId, IdError};
use crate::named::named;
use crate::time::Timestamp;
use crate::tokens::person::PersonId;

/// Steps kept of one install; after that only its end is added.
pub const STEPS: usize = 100;
/// Installs of one device that are not final.
pub const OPEN: usize = 100;
/// Installs kept of one device, the final ones among them.
const KEPT: u32 = 1_000;

/// Up to which number the final installs of a device are deleted once it has
/// one of number `no`; 0: none.
pub fn outdated(no: u32) -> u32 {
    no.saturating_sub(KEPT)
}

/// An install's public id: it carries its device, so that it is found without
/// an index over all installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstallId {
    /// The device that it is on.
    pub device: DeviceId,
    /// Its number there.
    pub no: u32,
}

impl fmt::Display for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-i{}", self.device, self.no)
    }
}

impl FromStr for InstallId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError::new("an install id (a device id, '-i', a number)");
        let (device, no) = text.rsplit_once("-i").ok_or(wrong)?;
        match (device.parse(), no.parse()) {
            (Ok(device), Ok(no)) => Ok(InstallId { device, no }),
            _ => Err(wrong),
        }
    }
}

named! {
    /// Where an install stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum InstallState by eq {
        /// Its command is queued, and a push is to be sent.
        Requested = "requested",
        /// Its command is queued, and no push can be sent yet.
        WaitingForChannel = "waiting_for_channel",
        /// A push was sent; a session is waited for.
        Woken = "woken",
        /// The command went out.
        Delivered = "delivered",
        /// The device took the command.
        Accepted = "accepted",
        /// The device told how its job goes.
        Progress = "progress",
        /// The app is installed.
        Installed = "installed",
        /// It ended otherwise; the reason says how.
        Failed = "failed",
        /// Somebody took it back.
        Cancelled = "cancelled",
        /// A request for another version took its place.
        Superseded = "superseded",
        /// It was installed, and the enrollment that it belongs to has ended.
        Ended = "ended",
    }
}

impl InstallState {
    /// Whether nothing more comes of it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            InstallState::Installed
                | InstallState::Failed
                | InstallState::Cancelled
                | InstallState::Superseded
                | InstallState::Ended
        )
    }
}

/// One step of an install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The state that it brought, or left as it was.
    pub state: InstallState,
    /// When it happened, where that is known; else when it was noticed.
    pub at: Timestamp,
    /// More, in words; never a secret.
    pub detail: Option<String>,
    /// The job's `Progress`, where it was told.
    pub progress: Option<u32>,
}

/// An install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Its number on its device.
    pub no: u32,
    /// The app, by its id in the catalogue.
    pub app: String,
    /// The app's name when it was asked for.
    pub name: String,
    /// The version.
    pub version: Version,
    /// The package, where the catalogue knows it.
    pub package_full_name: Option<String>,
    /// The command that makes the job.
    pub command: CommandSeq,
    /// The JobID that the command gives the job.
    pub job_id: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub state: InstallState,
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// Why it ended as it did, or why it waits, in words.
    pub reason: Option<String>,
    /// The job's `Progress`, as last told. Its unit is not published.
    pub progress: Option<u32>,
    /// The job's `LastError`, as last told.
    pub last_error: Option<u32>,
    /// Commands under way that read how the job goes.
    pub reading: Vec<CommandSeq>,
    /// How often that was read.
    pub reads: u32,
    /// Readings in a row in which the device knew nothing of the job.
    pub misses: u32,
    /// The install that took its place.
    pub superseded_by: Option<u32>,
    /// What was doubtful when it was asked for.
    pub warnings: Vec<String>,
    /// The person who asked for it, where a token that acts for one did.
    #[serde(default)]
    pub person: Option<PersonId>,
}

impl Install {
    /// Whether `person` may see it; `None` is whoever acts for no one person.
    pub fn is_for(&self, person: Option<PersonId>) -> bool {
        person.is_none() || self.person == person
    }

    /// Since when it has been final.
    pub fn finished_at(&self) -> Option<Timestamp> {
        let last = self.steps.last()?;
        self.state.is_final().then_some(last.at)
    }

    /// When it first came to this state.
    pub fn first(&self, state: InstallState) -> Option<Timestamp> {
        let step = self.steps.iter().find(|step| step.state == state);
        step.map(|step| step.at)
    }

    /// Adds a step, unless it says what the last one said.
    pub fn step(&mut self, state: InstallState, at: Timestamp, detail: Option<String>) {
        let same = |last: &Step| last.state == state && last.detail == detail;
        self.state = state;
        self.reason.clone_from(&detail);
        if self.steps.last().is_some_and(same) {
            return;
        }
        if self.steps.len() < STEPS || state.is_final() {
            // A clock that jumped back must not reorder a history.
            let last = self.steps.last().map_or(at, |last| last.at);
            self.steps.push(Step {
                state,
                at: at.max(last),
                detail,
                progress: None,
            });
        }
    }
}

/// How jobs are read: the numbers of `MDM_AppInstallJob.Status` are not
/// published, so an operator who knows them says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRules {
    /// `Status` of a job that is done. None, the default: not known.
    pub done: Vec<u32>,
    /// `Status` of a job that failed. A `LastError` other than 0 counts as
    /// failed anyway.
    pub failed: Vec<u32>,
    /// How often a job is read at most.
    pub reads: u32,
    /// How many days after the device took the command at most.
    pub days: u32,
}

impl Default for JobRules {
    fn default() -> Self {
        JobRules {
            done: Vec::new(),
            failed: Vec::new(),
            reads: 64,
            days: 30,
        }
    }
}
