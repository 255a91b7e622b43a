//! The events of a log that was verified, read for a report.

use super::super::prove::ProveError;
use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::audit::report::Reporter;
use modegate_core::audit::verify::{
    IndexRow, KeptCheckpoint, LogSource, ManifestParts, Rest, SourceFault,
};
use modegate_core::event::Event;
use modegate_core::policy::PolicySet;
use modegate_core::tlog::entry::{Entry, entries, hash_of};
use modegate_core::tlog::{Checkpoint, Frontier, Hash, TILE_WIDTH, TileId};

/// A log up to one checkpoint of it, whatever is sealed meanwhile.
pub struct Fixed<'a> {
    note: Vec<u8>,
    log: &'a mut dyn LogSource,
}

impl<'a> Fixed<'a> {
    /// The log up to its newest checkpoint.
    ///
    /// # Errors
    /// It has none.
    pub fn new(log: &'a mut dyn LogSource) -> Result<Self, SourceFault> {
        let note = log.checkpoint()?;
        Ok(Fixed { note, log })
    }

    /// Hands every entry to the reporter, in order, and calls `progress` with the number of
    /// each. Whether these are the entries that the checkpoint is of: it is known where the
    /// first of them is there.
    ///
    /// # Errors
    /// An entry cannot be read.
    pub fn read(
        &mut self,
        reporter: &mut Reporter,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<bool, ProveError> {
        let (checkpoint, _) = Checkpoint::from_note(&self.note)?;
        let (first, size) = (self.log.first()?, checkpoint.size);
        let mut tree = Frontier::default();
        for index in first / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            let width = TileId::width_in(size, 0, index);
            let bundle = self.log.bundle(index, width)?;
            for (entry, number) in entries(&bundle).zip(index * TILE_WIDTH..) {
                let fault = |fault| ProveError::Bundle(number, fault);
                let entry = entry.map_err(fault)?;
                tree.push(hash_of(entry).map_err(fault)?, |_, _| {});
                let entry = Entry::parse(entry).map_err(fault)?;
                let event = entry.json().and_then(|json| Event::from_bytes(json).ok());
                match event {
                    Some(event) => self.take(number, &event, reporter)?,
                    None => reporter.take_unreadable(),
                }
            }
            progress((index + 1) * TILE_WIDTH, size);
        }
        Ok(first > 0 || tree.root() == checkpoint.root)
    }

    fn take(
        &mut self,
        number: u64,
        event: &Event,
        reporter: &mut Reporter,
    ) -> Result<(), ProveError> {
        if let Some(digest) = reporter.lacks(event) {
            let file = match self.log.policy_set(digest) {
                Ok(text) => PolicyFile::parse(&text),
                Err(SourceFault::Missing(_)) => None,
                Err(fault) => return Err(fault.into()),
            };
            let set = file.and_then(|file| PolicySet::from_texts(file.files).ok());
            reporter.provide(digest, set);
        }
        reporter.take(number, event);
        Ok(())
    }

    /// The checkpoint.
    pub fn note(&self) -> &[u8] {
        &self.note
    }
}

impl LogSource for Fixed<'_> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, SourceFault> {
        Ok(self.note.clone())
    }

    fn first(&mut self) -> Result<u64, SourceFault> {
        self.log.first()
    }

    fn bundle(&mut self, index: u64, width: u16) -> Result<Vec<u8>, SourceFault> {
        self.log.bundle(index, width)
    }

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        self.log.tile(tile)
    }

    fn policy_set(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        self.log.policy_set(digest)
    }

    fn manifest(&mut self) -> Result<Option<ManifestParts>, SourceFault> {
        self.log.manifest()
    }

    fn foreign(&mut self, size: u64, first: u64) -> Result<Option<String>, SourceFault> {
        self.log.foreign(size, first)
    }

    fn differing_view(
        &mut self,
        number: u64,
        entry: Entry<'_>,
    ) -> Result<Option<String>, SourceFault> {
        self.log.differing_view(number, entry)
    }

    fn index(&mut self, index: u64, width: u16) -> Result<Option<Vec<IndexRow>>, SourceFault> {
        self.log.index(index, width)
    }

    fn visit_rest(&mut self, size: u64, visit: &mut dyn FnMut(Rest)) -> Result<(), SourceFault> {
        self.log.visit_rest(size, visit)
    }

    fn kept_checkpoint(&mut self, below: u64) -> Result<Option<KeptCheckpoint>, SourceFault> {
        self.log.kept_checkpoint(below)
    }

    fn unsealed(&mut self) -> Result<u64, SourceFault> {
        self.log.unsealed()
    }
}
