//! Copies entries and tiles of the tree, and checks that they are what was sealed.

use std::collections::{BTreeMap, BTreeSet};

use super::directory::Directory;
use super::error::{ExportError, damaged};
use crate::audit::database::{DatabaseLog, LogFault};
use crate::audit::glance::Glance;
use modegate_core::tlog::entry::{hash_of, push_to_bundle};
use modegate_core::tlog::proof::{TileReader, root_of};
use modegate_core::tlog::tile::{LEVELS, TILE_HEIGHT, bundle_path};
use modegate_core::tlog::{Checkpoint, Entry, Frontier, Hash, TILE_WIDTH, TileId};

/// What is known of the entries that were copied.
#[derive(Debug, Default)]
pub(super) struct Copied {
    pub(super) entries: u64,
    pub(super) redacted: u64,
    pub(super) types: BTreeMap<String, u64>,
    /// The digests of policy sets that decided.
    pub(super) policy_sets: BTreeSet<String>,
    /// The digests of baselines that events name.
    pub(super) baselines: BTreeSet<String>,
    /// The root of the newest list of each baseline's devices, in base64.
    pub(super) lists: BTreeMap<String, String>,
}

/// The tree that is copied, and where it goes.
pub(super) struct Copy<'a> {
    pub(super) tiles: DatabaseLog<'a>,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) directory: &'a mut Directory,
    /// Up to this entry an earlier run copied everything.
    pub(super) from: u64,
}

impl Copy<'_> {
    /// Copies the entries with their hashes, one bundle at a time. `progress` is told how many
    /// are done.
    pub(super) fn entries(&mut self, progress: &mut dyn FnMut(u64)) -> Result<Copied, ExportError> {
        let size = self.checkpoint.size;
        let (mut copied, mut above) = (Copied::default(), Vec::new());
        for index in self.from / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            let width = TileId::width_in(size, 0, index);
            let root = self.bundle(index, width, &mut copied)?;
            if u64::from(width) == TILE_WIDTH {
                let at = index % TILE_WIDTH;
                if above.is_empty() || at == 0 {
                    above = self.tile(1, index / TILE_WIDTH)?;
                }
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                if above.get(at) != Some(&root) {
                    let first = index * TILE_WIDTH;
                    let what = format!("one of the entries {first} to {}", first + TILE_WIDTH - 1);
                    return Err(ExportError::Damaged(what));
                }
            }
            progress((index * TILE_WIDTH + u64::from(width)).saturating_sub(self.from));
        }
        Ok(copied)
    }

    /// Copies one bundle and the tile over it; the root of its entries.
    fn bundle(&mut self, index: u64, width: u16, copied: &mut Copied) -> Result<Hash, ExportError> {
        let (first, mut bundle) = (index * TILE_WIDTH, Vec::new());
        let (mut frontier, mut leaves) = (Frontier::default(), Vec::new());
        let entries = self.tiles.entries(index, width)?;
        for (entry, number) in entries.iter().zip(first..) {
            let leaf = hash_of(entry).map_err(|fault| LogFault::Entry(number, fault))?;
            let too_long = || ExportError::Damaged(format!("entry {number}"));
            push_to_bundle(&mut bundle, entry).ok_or_else(too_long)?;
            frontier.push(leaf, |_, _| {});
            leaves.extend(leaf.0);
            if number >= self.from {
                copied.take(entry);
            }
        }
        self.directory.put(&bundle_path(index, width), &bundle)?;
        let tile = TileId {
            level: 0,
            index,
            width,
        };
        self.directory.put(&tile.path(), &leaves)?;
        Ok(frontier.root())
    }

    /// Copies the tiles of level 1 and above, and checks that the whole tree has the root
    /// that was signed.
    pub(super) fn upper_tiles(&mut self) -> Result<(), ExportError> {
        let size = self.checkpoint.size;
        for level in 1..LEVELS {
            let height = TILE_HEIGHT * u32::from(level);
            let first = (self.from >> height) / TILE_WIDTH;
            let tiles = (first..).map_while(|index| {
                let width = TileId::width_in(size, level, index);
                (width > 0).then_some(index)
            });
            for index in tiles {
                let width = TileId::width_in(size, level, index);
                let hashes = self.tile(level, index)?;
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
                let tile = TileId {
                    level,
                    index,
                    width,
                };
                self.directory.put(&tile.path(), &bytes)?;
                self.check_tile(tile, &hashes)?;
            }
        }
        match root_of(size, &mut self.tiles)? == self.checkpoint.root {
            true => Ok(()),
            false => Err(ExportError::Damaged(format!("the tree of size {size}"))),
        }
    }

    /// Checks a full tile against the one above it.
    fn check_tile(&self, tile: TileId, hashes: &[Hash]) -> Result<(), ExportError> {
        if u64::from(tile.width) < TILE_WIDTH || tile.level + 1 == LEVELS {
            return Ok(());
        }
        let mut frontier = Frontier::default();
        for hash in hashes {
            frontier.push(*hash, |_, _| {});
        }
        let above = self.tile(tile.level + 1, tile.index / TILE_WIDTH)?;
        let at = usize::try_from(tile.index % TILE_WIDTH).unwrap_or(usize::MAX);
        match above.get(at) == Some(&frontier.root()) {
            true => Ok(()),
            false => Err(damaged(tile)),
        }
    }

    /// A tile as it is in the tree that is copied.
    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, LogFault> {
        let width = TileId::width_in(self.checkpoint.size, level, index);
        let tile = TileId {
            level,
            index,
            width,
        };
        TileReader::tile(&mut DatabaseLog(self.tiles.0), tile)
    }

    /// Deletes tiles and bundles that were not full and are replaced: those of the export
    /// before this one, and of runs that were broken off. `since` is the smallest size that
    /// may have left some.
    pub(super) fn drop_replaced(&self, since: u64) -> Result<(), ExportError> {
        let size = self.checkpoint.size;
        for level in 0..LEVELS {
            let height = TILE_HEIGHT * u32::from(level);
            let indices = (since >> height) / TILE_WIDTH..=(size >> height) / TILE_WIDTH;
            for index in indices {
                let width = TileId::width_in(size, level, index);
                let kept = (u64::from(width) < TILE_WIDTH && width > 0).then(|| width.to_string());
                // The name of the directory of what is not full.
                let partial = |path: String| path.trim_end_matches("/1").to_owned();
                let tile = TileId {
                    level,
                    index,
                    width: 1,
                };
                self.directory
                    .keep_only(&partial(tile.path()), kept.as_deref())?;
                if level == 0 {
                    let bundle = partial(bundle_path(index, 1));
                    self.directory.keep_only(&bundle, kept.as_deref())?;
                }
            }
        }
        Ok(())
    }
}

impl Copied {
    pub(super) fn take(&mut self, entry: &[u8]) {
        self.entries += 1;
        let json = match Entry::parse(entry) {
            Ok(Entry::Redacted { .. }) => {
                self.redacted += 1;
                return;
            }
            Ok(parsed) => parsed.json().unwrap_or_default(),
            Err(_) => return,
        };
        // An event of a version that is not known is copied all the same.
        let Some(seen) = Glance::at(json) else {
            return;
        };
        if let Some(digest) = seen.policy_set()
            && !self.policy_sets.contains(digest)
        {
            self.policy_sets.insert(digest.to_owned());
        }
        for baseline in seen.baselines() {
            if !self.baselines.contains(&baseline.digest) {
                self.baselines.insert(baseline.digest.clone());
            }
        }
        if let Some(listed) = seen.listed() {
            let id = listed.baseline.id.clone();
            self.lists.insert(id, listed.root.clone());
        }
        match self.types.get_mut(&*seen.what) {
            Some(count) => *count += 1,
            None => drop(self.types.insert(seen.what.into_owned(), 1)),
        }
    }
}
