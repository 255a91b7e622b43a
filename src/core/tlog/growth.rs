//! What leaves that are new add to the tree: its new right edge, and the hashes that
//! join tiles of level 1 and above. Tiles of level 0 are worked out from the entries when
//! they are asked for.

use super::frontier::Frontier;
use super::hash::Hash;
use super::tile::{TILE_HEIGHT, TILE_WIDTH};

/// Hashes that join the end of one tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileAppend {
    /// The tile's level, 1 or above.
    pub level: u8,
    /// Its number within the level.
    pub index: u64,
    /// How many hashes it had before.
    pub had: u16,
    /// What joins it.
    pub hashes: Vec<Hash>,
}

/// A tree that grows.
#[derive(Debug, Clone)]
pub struct Growth {
    frontier: Frontier,
    appends: Vec<TileAppend>,
}

impl Growth {
    /// From that right edge on.
    pub fn from(frontier: Frontier) -> Self {
        Growth {
            frontier,
            appends: Vec::new(),
        }
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let (leaves, appends) = (self.frontier.size() + 1, &mut self.appends);
        self.frontier.push(leaf, |height, root| {
            if height > 0 && height % TILE_HEIGHT == 0 {
                join(appends, height / TILE_HEIGHT, leaves, root);
            }
        });
    }

    /// The right edge as it is now.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// What joined tiles of level 1 and above, in order.
    pub fn appends(&self) -> &[TileAppend] {
        &self.appends
    }
}

/// Puts the root of the last subtree of `level` in a tree of so many leaves where it belongs.
fn join(appends: &mut Vec<TileAppend>, level: u32, leaves: u64, root: Hash) {
    let number = (leaves >> (TILE_HEIGHT * level)) - 1;
    let (index, at) = (number / TILE_WIDTH, number % TILE_WIDTH);
    // A tree of 2^64 leaves has level 7 at the most, a tile 256 hashes.
    let (level, had) = (level as u8, at as u16);
    match appends
        .iter_mut()
        .find(|append| (append.level, append.index) == (level, index))
    {
        Some(append) => append.hashes.push(root),
        None => appends.push(TileAppend {
            level,
            index,
            had,
            hashes: vec![root],
        }),
    }
}
