//! What a verifier finds, and what the whole comes to.

use serde::Serialize;

use super::source::SourceFault;
use crate::named::named;

/// What a verification comes to. The worst finding decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was checked and is as it should be.
    Good,
    /// What is there is good; something is not there that was asked for.
    Limited,
    /// Something could not be checked.
    NotChecked,
    /// The log was changed, or is not the one that an older checkpoint is of.
    Tampered,
}

impl Outcome {
    /// The exit code of `audit verify`.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Good => 0,
            Outcome::Tampered => 1,
            Outcome::NotChecked => 2,
            Outcome::Limited => 3,
        }
    }

    /// The same for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Outcome::Good => "good",
            Outcome::Tampered => "tampered or forked",
            Outcome::NotChecked => "cannot be checked",
            Outcome::Limited => "good, but less than was asked",
        }
    }
}

named! {
    serialized
    /// The kinds of findings.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
    pub enum FindingKind {
        /// The checkpoint is no signed note of a log.
        CheckpointForm = "checkpoint.form",
        /// No key that was given signs the checkpoint.
        CheckpointUnsigned = "checkpoint.unsigned",
        /// A signature by a known key is not of this text, or is there twice.
        SignatureWrong = "signature.wrong",
        /// The checkpoint is of an epoch before that of the key.
        EpochOlder = "epoch.older",
        /// Fewer witnesses cosigned the checkpoint than the trust file asks for.
        Unwitnessed = "witness.quorum",
        /// A file is missing that the checkpoint vouches for.
        FileMissing = "file.missing",
        /// A file has another length or form than it must have.
        FileForm = "file.form",
        /// A file could not be read.
        FileUnreadable = "file.unreadable",
        /// A file that does not belong to the export.
        FileForeign = "file.foreign",
        /// A view of the log has something else for an entry than the entry.
        View = "view",
        /// The manifest is not that of these files.
        Manifest = "manifest",
        /// An entry is not one, or a bundle has not as many as it should.
        EntryForm = "entry.form",
        /// An entry has another hash than its tile says.
        EntryHash = "entry.hash",
        /// A tile has another hash than the tile above it says.
        TileHash = "tile.hash",
        /// The tree has another root than the checkpoint says.
        Root = "root",
        /// An entry is not an event in its canonical form.
        EventForm = "event.form",
        /// An event of a version that this program does not know.
        EventVersion = "event.version",
        /// A device's numbers have a gap, or a number twice.
        Sequence = "event.sequence",
        /// An entry without a salt behind one that has one.
        Unsalted = "entry.unsalted",
        /// A policy set that decided is not there, or is another one.
        PolicySet = "policy_set",
        /// A baseline of compliance that an event names is not there, or is another one.
        Baseline = "baseline",
        /// A list of devices is not the one whose root an event states.
        List = "list",
        /// An entry was redacted and no later event says so.
        RedactionUnnamed = "redaction.unnamed",
        /// An event says something else about a redacted entry than what is there.
        RedactionWrong = "redaction.wrong",
        /// An epoch does not go on from the one before.
        EpochJoin = "epoch.join",
        /// The log does not go on from an older checkpoint.
        Forked = "forked",
        /// An older checkpoint cannot be compared.
        OlderNotChecked = "older.not_checked",
        /// What a database lists events by is not what the entries say.
        Index = "database.index",
        /// A checkpoint that a database keeps is not one of its log.
        KeptCheckpoint = "database.checkpoint",
        /// The keys that a database records are not those that the log says sign it.
        RecordedKey = "database.key",
        /// A proof cannot be read, or does not prove what it should.
        Proof = "proof",
        /// Older entries were deleted or left out.
        Pruned = "pruned",
        /// Entries were redacted, each with an event that says so.
        Redacted = "redacted",
        /// Entries stand behind the checkpoint.
        Unsealed = "unsealed",
    }
}

impl FindingKind {
    /// What one such finding makes of the whole.
    pub fn outcome(self) -> Outcome {
        use FindingKind::{
            CheckpointForm, CheckpointUnsigned, EventVersion, FileUnreadable, OlderNotChecked,
            Pruned, Redacted, Unsealed, Unwitnessed,
        };
        match self {
            Pruned | Redacted | Unsealed | Unwitnessed => Outcome::Limited,
            CheckpointForm | CheckpointUnsigned | EventVersion | FileUnreadable
            | OlderNotChecked => Outcome::NotChecked,
            _ => Outcome::Tampered,
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The first place: `entry 17`, `tile/1/000`, `checkpoint`.
    pub place: String,
    /// What it is there.
    pub what: String,
    /// How many there are of this kind.
    pub count: u64,
}

impl Finding {
    /// One of this kind.
    pub fn new(kind: FindingKind, place: impl Into<String>, what: impl std::fmt::Display) -> Self {
        Finding {
            kind,
            place: place.into(),
            what: what.to_string(),
            count: 1,
        }
    }

    /// At an entry.
    pub(super) fn at(entry: u64, kind: FindingKind, what: impl std::fmt::Display) -> Self {
        Finding::new(kind, format!("entry {entry}"), what)
    }
}

impl From<SourceFault> for Finding {
    fn from(fault: SourceFault) -> Self {
        let kind = match fault {
            SourceFault::Missing(_) => FindingKind::FileMissing,
            SourceFault::Length { .. } | SourceFault::Form { .. } => FindingKind::FileForm,
            SourceFault::NotAFile(_) | SourceFault::Unreadable { .. } => {
                FindingKind::FileUnreadable
            }
        };
        Finding::new(kind, fault.path(), &fault)
    }
}

/// Findings, the first of each kind.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        match self.0.iter_mut().find(|known| known.kind == finding.kind) {
            Some(known) => known.count += finding.count,
            None => self.0.push(finding),
        }
    }

    pub(super) fn add_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// The worst first.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.0
            .sort_by_key(|finding| std::cmp::Reverse(finding.kind.outcome()));
        self.0
    }
}
