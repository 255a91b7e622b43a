//! What is said of one control on one device.

use serde::{Deserialize, Serialize};

use crate::ids::CommandSeq;
use crate::inventory::Value;
use crate::named::named;
use crate::time::Timestamp;

/// What stands in place of a state where no baseline covers a device. Never compliant.
pub const NOT_COVERED: &str = "not_covered";

named! {
    serialized
    /// How a device stands to a control, from the best to the worst: a device is as its
    /// worst control is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum ComplianceState by eq {
        /// Evidence that is young enough shows what the control expects.
        Compliant = "compliant",
        /// It does not, but an exemption covers it.
        Exempt = "exempt",
        /// Evidence shows something else, and the time to mend that is not over.
        InGrace = "in_grace",
        /// There is no evidence that could be judged.
        Unknown = "unknown",
        /// Evidence shows something else.
        NotCompliant = "not_compliant",
    }
}

named! {
    serialized
    /// Why there is no evidence that could be judged.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    pub enum Reason by eq {
        /// It was never read.
        NeverRead = "never_read",
        /// It was read too long ago, or at a time that has yet to come.
        Stale = "stale",
        /// The device has no such node.
        Absent = "absent",
        /// It has no value.
        Null = "null",
        /// It can only be read while the enrolled user is there, and the device was never
        /// seen in such a mode.
        NeedsUser = "needs_user",
        /// Its value is not of the type that the control expects.
        Unreadable = "unreadable",
    }
}

/// What the evidence shows, whatever exemptions say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Finding {
    /// What the control expects.
    Compliant,
    /// Something else.
    NotCompliant,
    /// Nothing.
    Unknown(Reason),
}

/// A value as it may be shown and written down: itself where it is short, else its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// The value.
    Value(Value),
    /// SHA-256 of a text that is longer than [`Shown::BYTES`].
    Digest([u8; 32]),
}

/// What a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The value that decided it.
    pub value: Shown,
    /// When it was read.
    pub read_at: Timestamp,
    /// The command that read it; none for what the server itself knows.
    pub command: Option<CommandSeq>,
    /// The number of the device's event of the exchange that brought it. Whoever stores the
    /// verdict looks it up; it is carried on while the command is the same.
    pub event: Option<u64>,
}

/// What is said of one control on one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What the evidence shows.
    pub finding: Finding,
    /// Since when [`Verdict::state`] is what it is.
    pub since: Timestamp,
    /// Since when it was not compliant, with nothing compliant in between.
    pub failing_since: Option<Timestamp>,
    /// The grace since then ends then; `None` where there is none, or it is over.
    pub grace_until: Option<Timestamp>,
    /// Exempt until then, whatever the finding is.
    pub exempt_until: Option<Timestamp>,
    /// What the finding rests on.
    pub evidence: Option<Evidence>,
}

impl Verdict {
    /// How the device stands to the control. What complies is compliant, exempt or not.
    pub fn state(&self) -> ComplianceState {
        match self.state_beneath() {
            ComplianceState::Compliant => ComplianceState::Compliant,
            _ if self.exempt_until.is_some() => ComplianceState::Exempt,
            beneath => beneath,
        }
    }

    /// How it would stand without an exemption.
    pub fn state_beneath(&self) -> ComplianceState {
        match self.finding {
            Finding::Compliant => ComplianceState::Compliant,
            Finding::Unknown(_) => ComplianceState::Unknown,
            Finding::NotCompliant if self.grace_until.is_some() => ComplianceState::InGrace,
            Finding::NotCompliant => ComplianceState::NotCompliant,
        }
    }

    /// When the exemption or the grace ends, for what is exempt or in grace.
    pub fn ends_at(&self) -> Option<Timestamp> {
        match self.state() {
            ComplianceState::Exempt => self.exempt_until,
            ComplianceState::InGrace => self.grace_until,
            _ => None,
        }
    }

    /// Why nothing is known, where that is so.
    pub fn reason(&self) -> Option<Reason> {
        match self.finding {
            Finding::Unknown(reason) => Some(reason),
            _ => None,
        }
    }
}

impl Shown {
    /// Longest text that is shown as it is.
    pub const BYTES: usize = 64;
}
