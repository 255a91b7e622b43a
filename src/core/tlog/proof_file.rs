//! Files with a proof that an entry is in the log (<https://c2sp.org/tlog-proof>): its
//! number, the hashes and a checkpoint, with the entry itself as the extra data. They are
//! named `….tlog-proof`.

use std::fmt;

use super::base64;
use super::checkpoint::{Checkpoint, CheckpointFault};
use super::entry::{self, ENTRY_BYTES, EntryFault};
use super::hash::Hash;
use super::note::{NOTE_BYTES, Note, SignatureFault, VerifierKey, VerifyEd25519};
use super::proof::{self, INCLUSION_HASHES, ProofFault};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// How the names of such files end.
pub const PROOF_FILE_END: &str = ".tlog-proof";
/// Most bytes of a file: each of its parts at its largest.
pub const PROOF_FILE_BYTES: usize =
    ENTRY_BYTES.div_ceil(3) * 4 + INCLUSION_HASHES * 45 + NOTE_BYTES + 128;

/// A proof, taken apart; nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// The entry, where it is in the file.
    pub entry: Option<Vec<u8>>,
    /// Its number in the log, from 0.
    pub index: u64,
    /// The inclusion proof, from the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub checkpoint: Note,
}

/// Why bytes are no such file, or do not prove what they should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileFault {
    /// Longer than [`PROOF_FILE_BYTES`].
    #[error("the file has {0} bytes: expected at most {PROOF_FILE_BYTES}")]
    Length(usize),
    /// Another first line, or not the lines that follow it.
    #[error("line {0} of the proof cannot be read: expected {1}")]
    Line(usize, &'static str),
    /// The checkpoint.
    #[error("the checkpoint of the proof cannot be read: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// The checkpoint is not signed by the key.
    #[error("the checkpoint of the proof: {0}")]
    Signature(#[from] SignatureFault),
    /// The checkpoint is of another log than the key.
    #[error("the proof is of the log {found}: expected {expected}")]
    Origin {
        /// The log that the checkpoint names.
        found: String,
        /// The log that the key is of.
        expected: String,
    },
    /// The entry is not in the file.
    #[error("the proof does not have the entry in it (a line `extra`)")]
    NoEntry,
    /// The entry is none.
    #[error(transparent)]
    Entry(#[from] EntryFault),
    /// The hashes prove something else.
    #[error(transparent)]
    Proof(#[from] ProofFault),
}

impl ProofFile {
    /// Reads a file; only the one spelling that its `Display` gives.
    pub fn parse(file: &[u8]) -> Result<Self, ProofFileFault> {
        use ProofFileFault::Line;
        if file.len() > PROOF_FILE_BYTES {
            return Err(ProofFileFault::Length(file.len()));
        }
        let text = std::str::from_utf8(file).map_err(|_| Line(1, "UTF-8"))?;
        let (proof, note) = text
            .split_once("\n\n")
            .ok_or(Line(1, "an empty line before the checkpoint"))?;
        let mut lines = proof.split('\n').enumerate().peekable();
        if lines.next().is_none_or(|(_, line)| line != HEADER) {
            return Err(Line(1, HEADER));
        }
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let entry = extra
            .map(|(_, line)| base64::decode(&line["extra ".len()..]))
            .map(|entry| entry.ok_or(Line(2, "`extra BASE64`")))
            .transpose()?;
        let (number, line) = lines.next().ok_or(Line(2, "`index NUMBER`"))?;
        let index = index_line(line).ok_or(Line(number + 1, "`index NUMBER`"))?;
        let hashes = lines
            .map(|(number, line)| {
                let hash = Hash::from_base64(line);
                hash.ok_or(Line(number + 1, "a hash in base64"))
            })
            .collect::<Result<_, _>>()?;
        let (_, checkpoint) = Checkpoint::from_note(note.as_bytes())?;
        Ok(ProofFile {
            entry,
            index,
            hashes,
            checkpoint,
        })
    }

    /// Checks it by the log's key: the signature, and that the entry in it is in the log at
    /// its number. Answers the checkpoint and the entry.
    pub fn check(
        &self,
        key: &VerifierKey,
        ed25519: VerifyEd25519<'_>,
    ) -> Result<(Checkpoint, &[u8]), ProofFileFault> {
        key.verify(&self.checkpoint, ed25519)?;
        let checkpoint = Checkpoint::parse(self.checkpoint.text())?;
        let found = checkpoint.origin.to_string();
        if found != key.name() {
            let expected = key.name().to_owned();
            return Err(ProofFileFault::Origin { found, expected });
        }
        let entry = self.entry_in(&checkpoint)?;
        Ok((checkpoint, entry))
    }

    /// The entry, which is in the tree of this checkpoint at its number. Whoever calls it has
    /// checked the signature.
    pub fn entry_in(&self, checkpoint: &Checkpoint) -> Result<&[u8], ProofFileFault> {
        let entry = self.entry.as_deref().ok_or(ProofFileFault::NoEntry)?;
        let (leaf, size) = (entry::hash_of(entry)?, checkpoint.size);
        proof::check_inclusion(self.index, &leaf, size, &checkpoint.root, &self.hashes)?;
        Ok(entry)
    }
}

fn index_line(line: &str) -> Option<u64> {
    let number = line.strip_prefix("index ")?;
    let index: u64 = number.parse().ok()?;
    (index.to_string() == number).then_some(index)
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(entry) = &self.entry {
            writeln!(f, "extra {}", base64::encode(entry))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash.base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
