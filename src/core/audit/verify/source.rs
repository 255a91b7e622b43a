//! Where a log to be verified is read from.

use std::collections::BTreeMap;

use crate::audit::device_part::DEVICE_PART;
use crate::audit::manifest::baseline_path;
use crate::tlog::proof::TileReader;
use crate::tlog::{Hash, TileId};

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

    /// How many entries stand behind the checkpoint's last one.
    fn unsealed(&mut self) -> Result<u64, SourceFault> {
        Ok(0)
    }
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
pub(super) struct GrownTiles<'a, S> {
    /// Where the larger tree is.
    pub(super) source: &'a mut S,
    /// Its size.
    pub(super) size: u64,
}

impl<S: LogSource> TileReader for GrownTiles<'_, S> {
    type Error = SourceFault;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let width = TileId::width_in(self.size, tile.level, tile.index);
        let mut hashes = self.source.tile(TileId { width, ..tile })?;
        hashes.truncate(usize::from(tile.width));
        Ok(hashes)
    }
}
