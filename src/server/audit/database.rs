//! The log of a database as it is read for exports and proofs.

use modegate_core::audit::manifest::{CHECKPOINT, baseline_path, policy_set_path};
use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::audit::verify::{IndexRow, KeptCheckpoint, LogSource, Rest, SourceFault};
use modegate_core::tlog::entry::{EntryFault, hash_of, push_to_bundle};
use modegate_core::tlog::proof::TileReader;
use modegate_core::tlog::tile::bundle_path;
use modegate_core::tlog::{Hash, TILE_WIDTH, TileId};
use modegate_store::StoreError;
use modegate_store::sqlite::log_reader::LogReader;

/// Why a part of the log could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not there.
    #[error("{0} is not in the database: its entries were deleted, or the database is damaged")]
    Missing(String),
    /// An entry that is none.
    #[error("entry {0} of the log is damaged: {1}")]
    Entry(u64, EntryFault),
}

/// The log of a database. Tiles of level 0 are worked out from the entries.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseLog<'a>(pub &'a LogReader);

impl DatabaseLog<'_> {
    /// The entries that a tile of level 0 stands over.
    pub fn entries(self, index: u64, width: u16) -> Result<Vec<Vec<u8>>, LogFault> {
        let first = index * TILE_WIDTH;
        let entries = self.0.entries(first, width.into())?;
        match entries.len() == usize::from(width) {
            true => Ok(entries),
            false => Err(LogFault::Missing(format!(
                "entry {}",
                first + entries.len() as u64
            ))),
        }
    }
}

impl TileReader for DatabaseLog<'_> {
    type Error = LogFault;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, LogFault> {
        if tile.level > 0 {
            let hashes = self.0.hash_tile(tile)?;
            return hashes.ok_or_else(|| LogFault::Missing(tile.path()));
        }
        let first = tile.index * TILE_WIDTH;
        let entries = self.entries(tile.index, tile.width)?;
        let hash = |(entry, number): (&Vec<u8>, u64)| {
            hash_of(entry).map_err(|fault| LogFault::Entry(number, fault))
        };
        entries.iter().zip(first..).map(hash).collect()
    }
}

impl LogSource for DatabaseLog<'_> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, SourceFault> {
        let newest = self.0.checkpoint();
        let newest = newest.map_err(|error| unreadable(CHECKPOINT, &error))?;
        let missing = || SourceFault::Missing(CHECKPOINT.to_owned());
        Ok(newest.ok_or_else(missing)?.note.into_bytes())
    }

    fn first(&mut self) -> Result<u64, SourceFault> {
        let tree = self.0.tree();
        Ok(tree.map_err(|error| unreadable("tree", &error))?.minimum)
    }

    fn bundle(&mut self, index: u64, width: u16) -> Result<Vec<u8>, SourceFault> {
        let (path, mut bundle) = (bundle_path(index, width), Vec::new());
        let entries = self.entries(index, width);
        for entry in entries.map_err(|fault| fault_of(&path, &fault))? {
            push_to_bundle(&mut bundle, &entry).ok_or_else(|| SourceFault::Form {
                path: path.clone(),
                why: format!("an entry of {} bytes", entry.len()),
            })?;
        }
        Ok(bundle)
    }

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let hashes = TileReader::tile(self, tile);
        hashes.map_err(|fault| fault_of(&tile.path(), &fault))
    }

    fn policy_set(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        let path = policy_set_path(digest);
        let files = self.0.policy_set(digest);
        let files = files.map_err(|error| unreadable(&path, &error))?;
        let files = files.ok_or(SourceFault::Missing(path))?;
        Ok(PolicyFile::new(files).text().into_bytes())
    }

    fn baseline(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        let path = baseline_path(digest);
        let text = self.0.baseline(digest);
        let text = text.map_err(|error| unreadable(&path, &error))?;
        Ok(text.ok_or(SourceFault::Missing(path))?.into_bytes())
    }

    fn index(&mut self, index: u64, width: u16) -> Result<Option<Vec<IndexRow>>, SourceFault> {
        let rows = self.0.index(index * TILE_WIDTH, width.into());
        rows.map(Some)
            .map_err(|error| unreadable(&bundle_path(index, width), &error))
    }

    fn visit_rest(&mut self, size: u64, visit: &mut dyn FnMut(Rest)) -> Result<(), SourceFault> {
        let visited = self.0.visit_rest(size, visit);
        visited.map_err(|error| unreadable("the database's tables", &error))
    }

    fn kept_checkpoint(&mut self, below: u64) -> Result<Option<KeptCheckpoint>, SourceFault> {
        let kept = self.0.kept_checkpoint(below);
        kept.map_err(|error| unreadable("kept checkpoints", &error))
    }

    fn unsealed(&mut self) -> Result<u64, SourceFault> {
        let tree = self.0.tree().map_err(|error| unreadable("tree", &error))?;
        Ok(tree.entries.saturating_sub(tree.size()))
    }
}

fn fault_of(path: &str, fault: &LogFault) -> SourceFault {
    match fault {
        LogFault::Missing(_) => SourceFault::Missing(path.to_owned()),
        LogFault::Store(error) => unreadable(path, error),
        LogFault::Entry(..) => SourceFault::Form {
            path: path.to_owned(),
            why: fault.to_string(),
        },
    }
}

fn unreadable(path: &str, error: &StoreError) -> SourceFault {
    SourceFault::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    }
}
