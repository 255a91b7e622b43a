//! The walk over the tree, from its first entry to its last: every hash of every tile of
//! every level is compared with what the entries below it come to.

use super::finding::{Finding, FindingKind};
use super::source::LogSource;
use crate::tlog::tile::{LEVELS, TILE_HEIGHT, TILE_WIDTH};
use crate::tlog::{Frontier, Hash, TileId};

/// A tree as far as it was walked: its right edge, and one tile of each level.
pub(super) struct Walk {
    size: u64,
    frontier: Frontier,
    tiles: [Option<(TileId, Vec<Hash>)>; LEVELS as usize],
}

impl Walk {
    pub(super) fn new(size: u64) -> Self {
        Walk {
            size,
            frontier: Frontier::default(),
            tiles: Default::default(),
        }
    }

    /// Goes on where another walk ended, in a tree that has grown since.
    pub(super) fn resume(size: u64, frontier: Frontier) -> Self {
        Walk {
            frontier,
            ..Walk::new(size)
        }
    }

    /// The right edge of what was walked over.
    pub(super) fn into_frontier(self) -> Frontier {
        self.frontier
    }

    /// How many entries were walked over.
    pub(super) fn at(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of what was walked over.
    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Goes past entries that are not there, a multiple of 256, by the tiles above them.
    pub(super) fn skip_to<S: LogSource + ?Sized>(
        &mut self,
        first: u64,
        source: &mut S,
    ) -> Result<(), Finding> {
        let mut above = Frontier::default();
        for number in 0..first / TILE_WIDTH {
            let root = self.expected(1, number, source)?;
            let mut completed = Vec::new();
            above.push(root, |height, root| completed.push((height, root)));
            let leaves = above.size() * TILE_WIDTH;
            for (height, root) in completed {
                self.completed(height + TILE_HEIGHT, leaves, root, source)?;
            }
        }
        let roots = above.roots().to_vec();
        // 256 times the size has as many bits.
        self.frontier = Frontier::new(first, roots).unwrap_or_default();
        Ok(())
    }

    /// Goes past one entry.
    pub(super) fn push<S: LogSource + ?Sized>(
        &mut self,
        leaf: Hash,
        source: &mut S,
    ) -> Result<(), Finding> {
        let entry = self.at();
        self.compare(entry, leaf, source)?;
        let mut completed = Vec::new();
        self.frontier.push(leaf, |height, root| {
            if height > 0 && height.is_multiple_of(TILE_HEIGHT) {
                completed.push((height, root));
            }
        });
        for (height, root) in completed {
            self.completed(height, entry + 1, root, source)?;
        }
        Ok(())
    }

    /// Compares the hash of an entry with the one that its tile has.
    pub(super) fn compare<S: LogSource + ?Sized>(
        &mut self,
        entry: u64,
        leaf: Hash,
        source: &mut S,
    ) -> Result<(), Finding> {
        if self.expected(0, entry, source)? == leaf {
            return Ok(());
        }
        let tile = self.tile(0, entry).path();
        let what = format!("its hash is not the one in {tile}");
        Err(Finding::at(entry, FindingKind::EntryHash, what))
    }

    /// Compares the root of a subtree that so many leaves complete.
    fn completed<S: LogSource + ?Sized>(
        &mut self,
        height: u32,
        leaves: u64,
        root: Hash,
        source: &mut S,
    ) -> Result<(), Finding> {
        if !height.is_multiple_of(TILE_HEIGHT) {
            return Ok(());
        }
        let number = (leaves >> height) - 1;
        // A height is at most 63.
        let level = (height / TILE_HEIGHT) as u8;
        if self.expected(level, number, source)? == root {
            return Ok(());
        }
        let below = self.tile(level - 1, number * TILE_WIDTH).path();
        let tile = self.tile(level, number).path();
        let what = format!("hash {} is not that of {below}", number % TILE_WIDTH);
        Err(Finding::new(FindingKind::TileHash, tile, what))
    }

    fn tile(&self, level: u8, number: u64) -> TileId {
        let index = number / TILE_WIDTH;
        let width = TileId::width_in(self.size, level, index);
        TileId {
            level,
            index,
            width,
        }
    }

    /// The hash that the tiles have at this place.
    fn expected<S: LogSource + ?Sized>(
        &mut self,
        level: u8,
        number: u64,
        source: &mut S,
    ) -> Result<Hash, Finding> {
        let tile = self.tile(level, number);
        let loaded = &mut self.tiles[usize::from(level)];
        if loaded.as_ref().is_none_or(|(id, _)| *id != tile) {
            *loaded = Some((tile, source.tile(tile)?));
        }
        // At most 255.
        let at = (number % TILE_WIDTH) as usize;
        loaded
            .as_ref()
            .filter(|(_, hashes)| hashes.len() == usize::from(tile.width))
            .and_then(|(_, hashes)| hashes.get(at).copied())
            .ok_or_else(|| {
                let what = format!("it does not have the {} hashes that it should", tile.width);
                Finding::new(FindingKind::FileForm, tile.path(), what)
            })
    }
}
