//! What compliant means, and whether a device is.
//!
//! A baseline is a reviewed file of controls ([`check`], [`diff`], [`explain`], [`cases`]). Each control asks one question, of the
//! inventory or of what the server itself knows ([`facts`]), and says which answers are
//! compliant. [`BaselineSet::evaluate`] judges a device. Pure: the time is an argument.
//!
//! Missing evidence is never compliant: what was not read, is too old or cannot be judged is
//! unknown, with the reason. The language is closed on purpose, as that of the policies is.

pub mod cases;
pub mod check;
mod clock;
pub mod describe;
pub mod device;
pub mod diff;
pub mod due;
pub mod explain;
pub mod facts;
pub mod follow;
mod judge;
mod load;
pub mod scenario;
pub mod snapshot;
pub mod verdict;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::inventory::Value;
use crate::named::named;
use crate::time::Timestamp;

pub use clock::JudgedTimes;
pub use device::{BaselineVerdicts, Change, DeviceCompliance, Evaluation};
pub use facts::{Fact, Facts, Subject};
pub use snapshot::{Snapshot, SnapshotHead, StateCounts};
pub use verdict::{ComplianceState, Evidence, Finding, NOT_COVERED, Reason, Shown, Verdict};

macro_rules! ids {
    ($($(#[$about:meta])* $id:ident;)*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $id(pub String);

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A baseline's id, as its file spells it: 1 to 64 letters, digits, `.`, `-` or `_`.
    BaselineId;
    /// A control's id, unique within its baseline: spelled like a baseline's.
    ControlId;
}

/// SHA-256 of the text of a baseline's file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaselineDigest(pub [u8; 32]);

/// In lower-case hexadecimal, 64 digits.
impl fmt::Display for BaselineDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for BaselineDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A baseline: which devices it covers, and its controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Its id.
    pub id: BaselineId,
    /// The digest of its text, which every verdict names.
    pub digest: BaselineDigest,
    /// The name of its file.
    pub file: String,
    /// The text of its file.
    pub text: String,
    /// The families that it covers; never empty.
    pub families: Vec<Family>,
    /// Where it is narrowed: the groups of which a device must be in one.
    pub groups: Option<Vec<String>>,
    /// After how many days a reading is too old to be evidence.
    pub max_age_days: u32,
    /// Its controls, in the order of the file.
    pub controls: Vec<Control>,
    /// Its exemptions.
    pub exemptions: Vec<Exemption>,
}

/// One line of a baseline: a question and the answers that are compliant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its id.
    pub id: ControlId,
    /// What it asks.
    pub question: Question,
    /// Which answers are compliant.
    pub expected: Expectation,
    /// Whether every instance of the class must answer so; otherwise one is enough.
    pub every: bool,
    /// How many days a device that does not comply counts as in grace.
    pub grace_days: u32,
    /// The topics of other catalogues that it speaks to.
    pub maps: Vec<String>,
    /// How well the meaning of the values is known.
    pub grade: Option<Grade>,
    /// What the values mean, or why it is asked.
    pub says: Option<String>,
    /// The line of the file where it begins, from 1.
    pub line: usize,
}

named! {
    /// How well the meaning of a value is known.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Grade {
        /// Documented by the maker.
        Documented = "documented",
        /// Seen on devices.
        Observed = "observed",
        /// Concluded from what is documented.
        Inferred = "inferred",
        /// A guess.
        Unknown = "unknown",
    }
}

/// What a control asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A property of a class as the inventory has it; the tree `./DevDetail` counts as class.
    Reading {
        /// The class or tree, as the class reference spells it.
        class: String,
        /// The property, or the rest of the path.
        property: String,
    },
    /// What the server itself knows.
    Fact(Fact),
}

/// Which answers are compliant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// One of these.
    Is(Vec<Value>),
    /// This or more: a number, or a version (numbers parted by dots).
    AtLeast(Value),
    /// This or less: a number, or a version.
    AtMost(Value),
    /// A time that is at most so many days ago.
    WithinDays(u32),
    /// A text that contains this one, in any letter case.
    Holds(String),
}

/// A control that does not count for a while, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The control.
    pub control: ControlId,
    /// Where it is narrowed: the groups of which a device must be in one.
    pub groups: Option<Vec<String>>,
    /// When it ends: the end, in UTC, of the day that the file names.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// The line of the file where it begins, from 1.
    pub line: usize,
}

/// All baselines in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineSet {
    baselines: Vec<Baseline>,
    digest: String,
}

impl BaselineSet {
    /// The baselines, in the order of their files.
    pub fn baselines(&self) -> &[Baseline] {
        &self.baselines
    }

    /// The baseline of that id.
    pub fn baseline(&self, id: &BaselineId) -> Option<&Baseline> {
        self.baselines.iter().find(|baseline| baseline.id == *id)
    }

    /// SHA-256 over the files, name and text, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

#[cfg(test)]
mod tests;
