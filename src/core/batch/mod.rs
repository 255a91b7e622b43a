//! A batch: one command for many devices, queued little by little.
//!
//! [`Batch::selection`] says what the next task looks at, and [`advance`] what it
//! does. The store writes all of that in one transaction with the batch's own
//! progress, so a batch that was interrupted goes on where it was and no device
//! gets the command twice.

mod advance;
#[cfg(test)]
mod tests;

pub use advance::{BatchStep, Found, Selection, advance};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::device::DeviceRecord;
use crate::ids::DeviceId;
use crate::named::named;
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Devices that one task looks at.
const CHUNK: usize = 64;
/// Bytes of commands that one task writes at most, beyond one command: others wait for
/// the transaction.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Devices that a batch may name one by one.
pub const DEVICES: usize = 10_000;
/// Refusals that are kept in words.
const REFUSALS: usize = 100;

/// A batch's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BatchId(pub Uuid);

impl std::fmt::Display for BatchId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl std::str::FromStr for BatchId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(BatchId)
    }
}

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum To {
    /// Every device.
    All,
    /// The devices of any of these groups, as they are when their turn comes.
    Groups(Vec<String>),
    /// These.
    Devices(Vec<DeviceId>),
}

named! {
    /// Where a batch stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum BatchState {
        /// It is queueing.
        Running = "running",
        /// It was stopped, and takes back what waits still.
        Cancelling = "cancelling",
        /// Every device had its turn.
        Finished = "finished",
        /// It was stopped.
        Stopped = "stopped",
    }
}

impl BatchState {
    /// Whether there is work left.
    pub fn is_open(self) -> bool {
        matches!(self, BatchState::Running | BatchState::Cancelling)
    }
}

/// A device that did not get the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which.
    pub device: DeviceId,
    /// Why, in words.
    pub reason: String,
}

/// The batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// For whom.
    pub to: To,
    /// The groups that its caller may see; `None` for all.
    pub scope: Option<Vec<String>>,
    /// The command, JSON as the API takes it; it may hold a password.
    pub command: Secret,
    /// The command's `type`.
    pub name: String,
    /// Who asked.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Where it stands.
    pub state: BatchState,
    /// How far it is: a device's number, or a place in the list of devices, or
    /// while cancelling a place among what it queued.
    pub cursor: u64,
    /// Devices that got the command.
    pub queued: u64,
    /// Devices that did not, and were meant.
    pub refused: u64,
    /// Commands taken back after it was stopped.
    pub cancelled: u64,
    /// The first of those refused.
    pub refusals: Vec<Refused>,
}

impl Batch {
    /// Whether a device is meant.
    pub fn wants(&self, record: &DeviceRecord) -> bool {
        let any = |groups: &[String]| groups.iter().any(|group| record.groups.contains(group));
        let addressed = match &self.to {
            To::All | To::Devices(_) => true,
            To::Groups(groups) => any(groups),
        };
        addressed && self.scope.as_deref().is_none_or(any)
    }

    /// How many devices one task looks at: fewer where the command is long.
    pub fn chunk(&self) -> usize {
        let bytes = self.command.reveal().len().max(1);
        (CHUNK_BYTES / bytes).clamp(1, CHUNK)
    }

    /// Takes in that a device did not get the command.
    fn refuse(&mut self, device: DeviceId, reason: String) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS {
            self.refusals.push(Refused { device, reason });
        }
    }

    /// Ends the piece of work, which went as far as `cursor`.
    fn advance(&mut self, cursor: u64, is_last: bool, now: Timestamp) {
        self.cursor = cursor;
        if is_last {
            self.ended_at = Some(now);
            self.state = match self.state {
                BatchState::Running => BatchState::Finished,
                _ => BatchState::Stopped,
            };
        }
    }

    /// Stops it. With `take_back` what waits still is cancelled.
    ///
    /// # Errors
    /// It is not running.
    pub fn stop(&mut self, take_back: bool, now: Timestamp) -> Result<(), Refusal> {
        if self.state != BatchState::Running {
            return Err(Refusal::Conflict(format!(
                "the batch is {}; only one that is running can be stopped",
                self.state.name()
            )));
        }
        if take_back {
            (self.state, self.cursor) = (BatchState::Cancelling, 0);
        } else {
            (self.state, self.ended_at) = (BatchState::Stopped, Some(now));
        }
        Ok(())
    }
}
