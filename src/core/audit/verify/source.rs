//! Where a log to be verified is read from.

use std::collections::BTreeMap;

use crate::audit::device_part::DEVICE_PART;
use crate::audit::manifest::baseline_path;
use crate::ids::DeviceId;
use crate::time::Timestamp;
use crate::tlog::proof::TileReader;
use crate::tlog::{Entry, Hash, TileId};

/// Answers the parts of a log. Nothing of what it answers is trusted.
pub trait LogSource {
    /// The newest checkpoint, a signed note.
    fn checkpoint(&mut self) -> Result<Vec<u8>, SourceFault>;

    /// The number of the first entry that is there: 0 unless older ones were deleted or left
    /// out.
    fn first(&mut self) -> Result<u64, SourceFault>;

    /// A bundle of `width` entries.
    fn bundle(&mut self, index: u64, width: u16) -> Result<Vec<u8>, SourceFault>;

    /// The hashes of a tile: exactly `tile.width`.
    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault>;

    /// A policy set by its digest, as the text of a
    /// [`PolicyFile`](crate::audit::policy_file::PolicyFile).
    fn policy_set(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault>;

    /// The text of a baseline of compliance by its digest.
    fn baseline(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        Err(SourceFault::Missing(baseline_path(digest)))
    }

    /// The paths of the lists of devices that are there.
    fn lists(&mut self) -> Result<Vec<String>, SourceFault> {
        Ok(Vec::new())
    }

    /// Calls `line` with each line of such a list, its line feed included.
    fn list(&mut self, path: &str, _line: &mut dyn FnMut(&[u8])) -> Result<(), SourceFault> {
        Err(SourceFault::Missing(path.to_owned()))
    }

    /// The manifest, and the digests of the files that it should list; `None` where the
    /// source is no export.
    fn manifest(&mut self) -> Result<Option<ManifestParts>, SourceFault> {
        Ok(None)
    }

    /// A file with the proof of an entry.
    fn proof(&mut self, path: &str) -> Result<Vec<u8>, SourceFault> {
        Err(SourceFault::Missing(path.to_owned()))
    }

    /// What the part of one device is compared by: its [`DevicePart`](crate::audit::device_part::DevicePart)
    /// and the digests of the files that it should list.
    fn device_part(&mut self) -> Result<ManifestParts, SourceFault> {
        Err(SourceFault::Missing(DEVICE_PART.to_owned()))
    }

    /// The first file that an export of so many entries, from the first one on, does not have.
    fn foreign(&mut self, _size: u64, _first: u64) -> Result<Option<String>, SourceFault> {
        Ok(None)
    }

    /// The first view of the log (the same entries in a form for other programs) that has
    /// something else for this entry, by its path. Called for each entry that is checked, in
    /// order.
    fn differing_view(
        &mut self,
        _number: u64,
        _entry: Entry<'_>,
    ) -> Result<Option<String>, SourceFault> {
        Ok(None)
    }

    /// What a database keeps beside the `width` entries of a bundle; `None` where the source
    /// is no database.
    fn index(&mut self, _index: u64, _width: u16) -> Result<Option<Vec<IndexRow>>, SourceFault> {
        Ok(None)
    }

    /// Visits what a database has behind the first `size` entries, what it keeps beside that,
    /// and what it records of devices and keys: all as it is at one time.
    fn visit_rest(&mut self, _size: u64, _visit: &mut dyn FnMut(Rest)) -> Result<(), SourceFault> {
        Ok(())
    }

    /// The newest checkpoint below that size that a database keeps.
    fn kept_checkpoint(&mut self, _below: u64) -> Result<Option<KeptCheckpoint>, SourceFault> {
        Ok(None)
    }

    /// How many entries stand behind the checkpoint's last one.
    fn unsealed(&mut self) -> Result<u64, SourceFault> {
        Ok(0)
    }
}

/// What a database keeps beside an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// Where the entry stands. Places count up with the numbers of entries.
    pub place: u64,
    /// The database's number of the device; 0 for none.
    pub device: u64,
    /// The number of the event among those of its device.
    pub seq: u64,
    /// The place of the event of its device before it; 0 for none.
    pub prev: u64,
    /// The place of the last event of its device before it whose number is a multiple of 64;
    /// 0 for none.
    pub mark: u64,
    /// What is shown instead of a redacted event.
    pub stub: Option<Vec<u8>>,
}

/// Where the events of a device end, as a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEnd {
    /// The device; `None` for the events that concern none.
    pub device: Option<DeviceId>,
    /// Its number in the database.
    pub number: u64,
    /// The number of its next event.
    pub next: u64,
    /// The place of its last event.
    pub head: u64,
    /// The place of its last event whose number is a multiple of 64.
    pub mark: u64,
}

/// A verifier key that a database records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedKey {
    /// The key.
    pub vkey: String,
    /// Until when it signs.
    pub until: Option<Timestamp>,
}

/// A part of what [`LogSource::visit_rest`] visits, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// An entry that is not sealed, and what is kept beside it.
    Entry(IndexRow, Vec<u8>),
    /// Where the events of a device end.
    End(IndexEnd),
    /// A verifier key.
    Key(RecordedKey),
}

/// A checkpoint that a database keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// The size that it is found by.
    pub size: u64,
    /// The root that is kept beside it.
    pub root: Vec<u8>,
    /// The signed note.
    pub note: Vec<u8>,
}

/// What a manifest is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestParts {
    /// The manifest as it is.
    pub text: Vec<u8>,
    /// Each file that it should list, by its path: its digest.
    pub files: BTreeMap<String, String>,
}

/// Why a part of a log could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// It is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// It has another length than it must have.
    #[error("{path} has {found} bytes: expected {expected}")]
    Length {
        /// Which part.
        path: String,
        /// Its bytes.
        found: u64,
        /// How many it should have, in words.
        expected: String,
    },
    /// It is there and is not what it must be.
    #[error("{path} cannot be read: {why}")]
    Form {
        /// Which part.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A link, a directory or a device where a file should be.
    #[error("{0} is not a regular file")]
    NotAFile(String),
    /// The system could not read it.
    #[error("could not read {path}: {why}")]
    Unreadable {
        /// Which part.
        path: String,
        /// What the system said.
        why: String,
    },
}

impl SourceFault {
    /// The part that it is about.
    pub fn path(&self) -> &str {
        match self {
            SourceFault::Missing(path) | SourceFault::NotAFile(path) => path,
            SourceFault::Length { path, .. }
            | SourceFault::Form { path, .. }
            | SourceFault::Unreadable { path, .. } => path,
        }
    }
}

/// Tiles of a smaller tree, read from the larger one that it grew to.
pub(super) struct GrownTiles<'a, S: ?Sized> {
    /// Where the larger tree is.
    pub(super) source: &'a mut S,
    /// Its size.
    pub(super) size: u64,
}

impl<S: LogSource + ?Sized> TileReader for GrownTiles<'_, S> {
    type Error = SourceFault;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let width = TileId::width_in(self.size, tile.level, tile.index);
        let mut hashes = self.source.tile(TileId { width, ..tile })?;
        hashes.truncate(usize::from(tile.width));
        Ok(hashes)
    }
}
