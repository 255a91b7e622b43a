//! Proofs as files: that an entry is in the log (<https://c2sp.org/tlog-proof>), and that
//! one tree is the beginning of another.

use std::collections::BTreeSet;

use super::glance::Glance;
use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::audit::verify::{LogSource, SourceFault};
use modegate_core::event::Event;
use modegate_core::policy::PolicySet;
use modegate_core::tlog::entry::{Entry, EntryFault, entries, hash_of};
use modegate_core::tlog::proof::{
    MakeFault, ProofFault, ProofPlan, TileReader, check_inclusion, root_of,
};
use modegate_core::tlog::{
    Checkpoint, Hash, Note, ProofFile, TILE_WIDTH, TileId, checkpoint::CheckpointFault,
};

/// Why there is no proof.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProveError {
    /// A part of the log.
    #[error(transparent)]
    Source(#[from] SourceFault),
    /// The checkpoint.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// There is no such entry, or there are no such trees.
    #[error(transparent)]
    Proof(#[from] ProofFault),
    /// The bundle of the entry.
    #[error("the bundle of entry {0} cannot be read: {1}")]
    Bundle(u64, EntryFault),
    /// A tile.
    #[error("{0}")]
    Tile(String),
    /// What the hashes lead to is not what was signed.
    #[error("the log is damaged: run `modegate audit verify` on it ({0})")]
    Damaged(String),
    /// The trees of which checkpoints are kept.
    #[error(
        "the log has no checkpoint of size {0}, so that there is nothing to prove; --to takes {1}"
    )]
    NoCheckpoint(u64, String),
}

impl From<MakeFault<SourceFault>> for ProveError {
    fn from(fault: MakeFault<SourceFault>) -> Self {
        match fault {
            MakeFault::Read { why, .. } => why.into(),
            width @ MakeFault::Width { .. } => ProveError::Tile(width.to_string()),
        }
    }
}

/// The text of a file that proves that an entry is in the log.
pub fn inclusion_text(index: u64, entry: Vec<u8>, hashes: Vec<Hash>, checkpoint: Note) -> String {
    let entry = Some(entry);
    let file = ProofFile {
        entry,
        index,
        hashes,
        checkpoint,
    };
    file.to_string()
}

/// The text of a file that proves that the tree of `old` entries is the beginning of that of
/// the checkpoint: in the form in which witnesses are asked
/// (<https://c2sp.org/tlog-witness>).
pub fn consistency_text(old: u64, hashes: &[Hash], checkpoint: &Note) -> String {
    let hashes: String = hashes.iter().map(|hash| hash.base64() + "\n").collect();
    format!("old {old}\n{hashes}\n{checkpoint}")
}

/// A log to prove from, up to a checkpoint of it.
pub struct Prover<'a> {
    source: &'a mut dyn LogSource,
    checkpoint: Checkpoint,
    note: Note,
}

impl<'a> Prover<'a> {
    /// Up to the newest checkpoint.
    pub fn open(source: &'a mut dyn LogSource) -> Result<Self, ProveError> {
        let note = source.checkpoint()?;
        let (checkpoint, note) = Checkpoint::from_note(&note)?;
        Ok(Prover {
            source,
            checkpoint,
            note,
        })
    }

    /// How many entries the log has up to the checkpoint.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The bundle that an entry is in.
    fn bundle(&mut self, index: u64) -> Result<Vec<u8>, ProveError> {
        let width = TileId::width_in(self.checkpoint.size, 0, index);
        Ok(self.source.bundle(index, width)?)
    }

    /// The entry of this number.
    pub fn entry(&mut self, number: u64) -> Result<Vec<u8>, ProveError> {
        let size = self.checkpoint.size;
        if number >= size {
            let index = number;
            return Err(ProofFault::Index { index, size }.into());
        }
        let bundle = self.bundle(number / TILE_WIDTH)?;
        let at = usize::try_from(number % TILE_WIDTH).unwrap_or(usize::MAX);
        let entry = entries(&bundle).nth(at);
        let entry = entry.unwrap_or(Err(EntryFault::Empty));
        let entry = entry.map_err(|fault| ProveError::Bundle(number, fault))?;
        Ok(entry.to_vec())
    }

    /// The proof that the entry of this number is in the log, checked.
    pub fn inclusion(&mut self, number: u64) -> Result<String, ProveError> {
        let entry = self.entry(number)?;
        let leaf = hash_of(&entry).map_err(|fault| ProveError::Bundle(number, fault))?;
        let (size, root) = (self.checkpoint.size, self.checkpoint.root);
        let hashes = ProofPlan::inclusion(number, size)?.make(&mut self.tiles())?;
        check_inclusion(number, &leaf, size, &root, &hashes)
            .map_err(|fault| ProveError::Damaged(fault.to_string()))?;
        Ok(inclusion_text(number, entry, hashes, self.note.clone()))
    }

    /// The proof that the tree of `old` entries is the beginning of the one of the
    /// checkpoint, and the root of the older one.
    pub fn consistency(&mut self, old: u64) -> Result<(String, Hash), ProveError> {
        let size = self.checkpoint.size;
        let hashes = ProofPlan::consistency(old, size)?.make(&mut self.tiles())?;
        let root = root_of(old, &mut self.tiles())?;
        let text = consistency_text(old, &hashes, &self.note);
        Ok((text, root))
    }

    /// With another checkpoint of the log than the newest.
    #[must_use]
    pub fn up_to(self, checkpoint: Checkpoint, note: Note) -> Self {
        Prover {
            checkpoint,
            note,
            ..self
        }
    }

    /// Every event that is there and has its text, in order, with the number of its entry.
    pub fn events(&mut self, visit: &mut dyn FnMut(u64, Event)) -> Result<(), ProveError> {
        self.texts(&mut |number, json| {
            if let Ok(event) = Event::from_bytes(json) {
                visit(number, event);
            }
        })
    }

    /// The policy sets that decided, as far as the log has them. One that this version reads
    /// as another set is left out: it did not decide as this one would.
    pub fn policy_sets(&mut self) -> Result<Vec<PolicySet>, ProveError> {
        let mut digests = BTreeSet::new();
        self.texts(&mut |_, json| {
            let event = Glance::at(json);
            if let Some(digest) = event.as_ref().and_then(Glance::policy_set)
                && !digests.contains(digest)
            {
                digests.insert(digest.to_owned());
            }
        })?;
        let mut sets = Vec::new();
        for digest in digests {
            let file = self.policy_set(&digest)?;
            let set = file.and_then(|file| PolicySet::from_texts(file.files).ok());
            sets.extend(set.filter(|set| set.digest() == digest));
        }
        Ok(sets)
    }

    /// The text of every event that is there and has it.
    fn texts(&mut self, visit: &mut dyn FnMut(u64, &[u8])) -> Result<(), ProveError> {
        let first = self.source.first()?;
        for index in first / TILE_WIDTH..self.checkpoint.size.div_ceil(TILE_WIDTH) {
            let bundle = self.bundle(index)?;
            for (entry, number) in entries(&bundle).zip(index * TILE_WIDTH..) {
                let entry = entry.and_then(Entry::parse);
                let entry = entry.map_err(|fault| ProveError::Bundle(number, fault))?;
                if let Some(json) = entry.json() {
                    visit(number, json);
                }
            }
        }
        Ok(())
    }

    /// The numbers of the entries that `is_wanted` takes, looking at all of them.
    pub fn search(&mut self, is_wanted: &dyn Fn(&Event) -> bool) -> Result<Vec<u64>, ProveError> {
        let mut found = Vec::new();
        self.events(&mut |number, event| {
            if is_wanted(&event) {
                found.push(number);
            }
        })?;
        Ok(found)
    }

    /// A policy set by its digest; `None` where the log does not have it.
    pub fn policy_set(&mut self, digest: &str) -> Result<Option<PolicyFile>, ProveError> {
        match self.source.policy_set(digest) {
            Ok(text) => Ok(PolicyFile::parse(&text)),
            Err(SourceFault::Missing(_)) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    fn tiles(&mut self) -> Grown<'_> {
        Grown {
            size: self.size(),
            source: &mut *self.source,
        }
    }
}

/// The tiles of a tree, read as those of this size.
struct Grown<'a> {
    source: &'a mut dyn LogSource,
    size: u64,
}

impl TileReader for Grown<'_> {
    type Error = SourceFault;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let width = TileId::width_in(self.size, tile.level, tile.index);
        let mut hashes = self.source.tile(TileId { width, ..tile })?;
        hashes.truncate(usize::from(tile.width));
        Ok(hashes)
    }
}

/// Whether the event says what was done with the command of this number: that it was queued
/// or changed, went out, or what became of it. Not that it was withheld once more.
pub fn concerns(event: &Event, command: u32) -> bool {
    let (exchange, more) = (event.exchange.as_ref(), event.more.as_ref());
    let delivered = exchange.map(|of| &of.delivered).into_iter();
    let mut delivered = delivered.chain(more.map(|of| &of.delivered)).flatten();
    let outcomes = exchange.map(|of| &of.outcomes).into_iter();
    let mut outcomes = outcomes.chain(more.map(|of| &of.outcomes)).flatten();
    event.command == Some(command)
        || event.commands.contains(&command)
        || delivered.any(|one| one.command == command)
        || outcomes.any(|one| one.command == command)
}
