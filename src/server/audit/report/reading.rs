//! The events of a log that was verified, read for a report.

use super::super::prove::ProveError;
use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::audit::report::Reporter;
use modegate_core::audit::verify::{LogSource, SourceFault};
use modegate_core::event::Event;
use modegate_core::policy::PolicySet;
use modegate_core::tlog::entry::{Entry, entries, hash_of};
use modegate_core::tlog::{Checkpoint, Frontier, TILE_WIDTH, TileId};

/// A log that is read up to one checkpoint of it, whatever is sealed meanwhile.
pub struct Reading<'a> {
    /// The checkpoint, a signed note.
    pub note: &'a [u8],
    /// The log.
    pub log: &'a mut dyn LogSource,
}

impl Reading<'_> {
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
        let (checkpoint, _) = Checkpoint::from_note(self.note)?;
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
}
