//! The log of a database as it is read for exports and proofs.

use modegate_core::tlog::entry::{EntryFault, hash_of};
use modegate_core::tlog::proof::TileReader;
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

/// The tiles of a database's tree: those of level 0 are worked out from the entries.
#[derive(Debug, Clone, Copy)]
pub struct LogTiles<'a>(pub &'a LogReader);

impl LogTiles<'_> {
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

impl TileReader for LogTiles<'_> {
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
