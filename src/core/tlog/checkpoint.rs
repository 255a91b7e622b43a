//! Checkpoints (<https://c2sp.org/tlog-checkpoint>): the text of a note that says how
//! large the log is and what its root is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hash::Hash;
use super::note::{KeyFault, Note, NoteFault, SignatureType, VerifierKey};

/// Which log it is, and the how-manieth time that it began anew from an older state: the
/// name of its keys, `HOST/LOG/EPOCH`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    host: String,
    log: Uuid,
    epoch: u64,
}

/// What a log says of itself: `ORIGIN\nSIZE\nBASE64(root)\n`, without extension lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// Why a text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin: HOST/LOG/EPOCH, where LOG is a UUID and EPOCH a number")]
pub struct OriginFault;

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// No note.
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// Not three lines.
    #[error("expected three lines: the origin, the size and the root")]
    Form,
    /// The first line.
    #[error(transparent)]
    Origin(#[from] OriginFault),
    /// The second line.
    #[error("the size is not a number without leading zeroes, at most 2^63")]
    Size,
    /// The third line.
    #[error("the root is not 32 bytes in canonical base64")]
    Root,
}

impl Origin {
    /// Of a host, a log's identifier and its epoch. The host may not be empty or contain a
    /// space, a plus, a slash or a control character.
    pub fn new(host: impl Into<String>, log: Uuid, epoch: u64) -> Result<Self, OriginFault> {
        let host = host.into();
        let wrong = |c: char| "+/".contains(c) || c.is_whitespace() || c.is_control();
        match host.is_empty() || host.contains(wrong) {
            true => Err(OriginFault),
            false => Ok(Origin { host, log, epoch }),
        }
    }

    /// The host that it was configured with.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The log's identifier.
    pub fn log(&self) -> Uuid {
        self.log
    }

    /// How often the log began anew from an older state.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The same log in another epoch.
    #[must_use]
    pub fn in_epoch(&self, epoch: u64) -> Self {
        Origin {
            epoch,
            ..self.clone()
        }
    }

    /// Whether it is the same log, in whatever epoch.
    pub fn same_log(&self, other: &Origin) -> bool {
        (&self.host, self.log) == (&other.host, other.log)
    }

    /// The verifier key of this log's checkpoints with that Ed25519 public key.
    pub fn key(&self, public: [u8; 32]) -> Result<VerifierKey, KeyFault> {
        VerifierKey::new(self.to_string(), SignatureType::Ed25519, public)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.log, self.epoch)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginFault;

    fn try_from(text: String) -> Result<Self, OriginFault> {
        text.parse()
    }
}

impl FromStr for Origin {
    type Err = OriginFault;

    fn from_str(text: &str) -> Result<Self, OriginFault> {
        let mut parts = text.split('/');
        let (Some(host), Some(log), Some(epoch), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(OriginFault);
        };
        let log = Uuid::try_parse(log).map_err(|_| OriginFault)?;
        let epoch = epoch.parse().map_err(|_| OriginFault)?;
        let origin = Origin::new(host, log, epoch)?;
        match origin.to_string() == text {
            true => Ok(origin),
            false => Err(OriginFault),
        }
    }
}

/// Largest size that is read.
const SIZE: u64 = 1 << 63;

/// How large a tree is, in its one spelling.
pub(super) fn tree_size(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok();
    number.filter(|number| *number <= SIZE && number.to_string() == text)
}

impl Checkpoint {
    /// Reads the text of a note; only the one spelling that [`Checkpoint::text`] gives.
    pub fn parse(text: &str) -> Result<Self, CheckpointFault> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointFault::Form)?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointFault::Form);
        };
        let origin = origin.parse()?;
        let size = tree_size(size).ok_or(CheckpointFault::Size)?;
        let root = Hash::from_base64(root).ok_or(CheckpointFault::Root)?;
        Ok(Checkpoint { origin, size, root })
    }

    /// Reads a note and the checkpoint that is its text. No signature is verified by this.
    pub fn from_note(note: &[u8]) -> Result<(Self, Note), CheckpointFault> {
        let note = Note::parse(note)?;
        Ok((Checkpoint::parse(note.text())?, note))
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.base64())
    }
}
