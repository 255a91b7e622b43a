//! Proofs of RFC 9162 (sections 2.1.3 and 2.1.4): that a leaf is in a tree, and that a
//! tree is the beginning of a larger one.
//!
//! A proof is planned first: the plan names the tiles that it needs, so that they can be
//! fetched by any means, and is then carried out on them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::frontier::Frontier;
use super::hash::{Hash, node_hash};
use super::tile::{TILE_HEIGHT, TILE_WIDTH, TileId};

/// Most hashes of an inclusion proof: one per level of a tree of 2^64 leaves.
pub const INCLUSION_HASHES: usize = 64;

/// Answers tiles of a tree.
pub trait TileReader {
    /// Why it could not.
    type Error;

    /// The hashes of a tile: exactly `tile.width` of them, the first that it has. At level 0
    /// they are those of the leaves.
    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof could not be planned, or does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// There is no such leaf.
    #[error("there is no entry {index} in a tree of {size}")]
    Index {
        /// The leaf's number, from 0.
        index: u64,
        /// How many leaves the tree has.
        size: u64,
    },
    /// The older tree is the larger one.
    #[error("the older tree has {old} entries: expected at most the {size} of the newer one")]
    Sizes {
        /// Leaves of the older tree.
        old: u64,
        /// Leaves of the newer one.
        size: u64,
    },
    /// Too many hashes or too few.
    #[error("the proof has {found} hashes: expected {expected}")]
    Length {
        /// How many it has.
        found: usize,
        /// How many a proof of these sizes has.
        expected: usize,
    },
    /// The hashes lead to another root.
    #[error("the hashes of the proof lead to another root than {expected}")]
    Root {
        /// The root that they should lead to.
        expected: Hash,
    },
}

/// Why a proof could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MakeFault<E> {
    /// A tile could not be read.
    #[error("tile {} could not be read: {why}", tile.path())]
    Read {
        /// Which.
        tile: TileId,
        /// Why.
        why: E,
    },
    /// A tile has not as many hashes as it was asked for.
    #[error("tile {} has {found} hashes: expected {}", tile.path(), tile.width)]
    Width {
        /// Which.
        tile: TileId,
        /// How many came.
        found: usize,
    },
}

/// A subtree, perfect or at the right edge: the leaves from `first` up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subtree {
    first: u64,
    end: u64,
}

/// A proof to be made: the subtrees whose roots it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPlan {
    size: u64,
    subtrees: Vec<Subtree>,
}

impl ProofPlan {
    /// Of the proof that leaf `index` is in the tree of `size` leaves.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofFault> {
        if index >= size {
            return Err(ProofFault::Index { index, size });
        }
        let (mut subtrees, mut tree) = (
            Vec::new(),
            Subtree {
                first: 0,
                end: size,
            },
        );
        while let Some((left, right)) = tree.halves() {
            let (within, beside) = if index < left.end {
                (left, right)
            } else {
                (right, left)
            };
            subtrees.push(beside);
            tree = within;
        }
        subtrees.reverse();
        Ok(ProofPlan { size, subtrees })
    }

    /// Of the proof that the tree of `old` leaves is the beginning of that of `size` leaves.
    pub fn consistency(old: u64, size: u64) -> Result<Self, ProofFault> {
        if old > size {
            return Err(ProofFault::Sizes { old, size });
        }
        let mut subtrees = Vec::new();
        if old > 0 && old < size {
            let mut tree = Subtree {
                first: 0,
                end: size,
            };
            while let Some((left, right)) = tree.halves().filter(|_| old != tree.end) {
                let (within, beside) = if old <= left.end {
                    (left, right)
                } else {
                    (right, left)
                };
                subtrees.push(beside);
                tree = within;
            }
            // The root of the older tree is known to whoever asks.
            if tree.first > 0 {
                subtrees.push(tree);
            }
            subtrees.reverse();
        }
        Ok(ProofPlan { size, subtrees })
    }

    /// How many hashes the proof has.
    pub fn hashes(&self) -> usize {
        self.subtrees.len()
    }

    /// The tiles that the proof is made of.
    pub fn tiles(&self) -> BTreeSet<TileId> {
        let nodes = self.subtrees.iter().flat_map(|subtree| subtree.perfect());
        nodes.map(|node| node.tile(self.size)).collect()
    }

    /// The proof.
    pub fn make<R: TileReader>(&self, reader: &mut R) -> Result<Vec<Hash>, MakeFault<R::Error>> {
        let mut tiles = Tiles::of(reader);
        let root = |subtree: &Subtree| subtree.root(self.size, &mut tiles);
        self.subtrees.iter().map(root).collect()
    }

    fn check_length(&self, proof: &[Hash]) -> Result<(), ProofFault> {
        let (found, expected) = (proof.len(), self.hashes());
        match found == expected {
            true => Ok(()),
            false => Err(ProofFault::Length { found, expected }),
        }
    }
}

/// The root of the tree of `size` leaves, from its tiles.
pub fn root_of<R: TileReader>(size: u64, reader: &mut R) -> Result<Hash, MakeFault<R::Error>> {
    Subtree {
        first: 0,
        end: size,
    }
    .root(size, &mut Tiles::of(reader))
}

/// Tiles that are read once each: up to eight hashes of a proof come from one.
struct Tiles<'a, R> {
    reader: &'a mut R,
    read: BTreeMap<TileId, Vec<Hash>>,
}

impl<'a, R: TileReader> Tiles<'a, R> {
    fn of(reader: &'a mut R) -> Self {
        let read = BTreeMap::new();
        Tiles { reader, read }
    }

    fn tile(&mut self, tile: TileId) -> Result<&[Hash], MakeFault<R::Error>> {
        let read = match self.read.entry(tile) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => {
                let read = self.reader.tile(tile);
                place.insert(read.map_err(|why| MakeFault::Read { tile, why })?)
            }
        };
        Ok(read)
    }
}

/// Checks that the leaf with this hash is leaf `index` of the tree with that root.
pub fn check_inclusion(
    index: u64,
    leaf: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofFault> {
    ProofPlan::inclusion(index, size)?.check_length(proof)?;
    let mut path = Path::new(index, size);
    let found = proof.iter().fold(*leaf, |below, beside| match path.step() {
        Side::Left => node_hash(beside, &below),
        Side::Right => node_hash(&below, beside),
    });
    expect_root(&found, root)
}

/// Checks that the tree of `old` leaves with the one root is the beginning of the tree of
/// `size` leaves with the other.
pub fn check_consistency(
    old: u64,
    old_root: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofFault> {
    ProofPlan::consistency(old, size)?.check_length(proof)?;
    if old == 0 {
        return expect_root(old_root, &Hash::of_nothing());
    }
    if old == size {
        return expect_root(old_root, root);
    }
    // The last leaf of the older tree, up to the subtree that the proof begins with.
    let mut path = Path::new(old - 1, size);
    path.skip_right_children();
    // Where that is the whole older tree, its root is left out of the proof.
    let (first, rest) = match proof.split_first() {
        Some((first, rest)) if !old.is_power_of_two() => (first, rest),
        _ => (old_root, proof),
    };
    let (mut old_found, mut found) = (*first, *first);
    for beside in rest {
        match path.step() {
            Side::Left => {
                old_found = node_hash(beside, &old_found);
                found = node_hash(beside, &found);
            }
            Side::Right => found = node_hash(&found, beside),
        }
    }
    expect_root(&old_found, old_root)?;
    expect_root(&found, root)
}

fn expect_root(found: &Hash, expected: &Hash) -> Result<(), ProofFault> {
    let expected = *expected;
    match *found == expected {
        true => Ok(()),
        false => Err(ProofFault::Root { expected }),
    }
}

/// On which side of the path the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

/// The way from a leaf to the root: the number of the node and of the last node, at the
/// height that was reached.
struct Path {
    node: u64,
    last: u64,
}

impl Path {
    fn new(leaf: u64, size: u64) -> Self {
        Path {
            node: leaf,
            last: size - 1,
        }
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    fn skip_right_children(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn step(&mut self) -> Side {
        let side = if self.node & 1 == 1 {
            Side::Left
        } else if self.node == self.last {
            // The last node of its height has no sibling: it goes up by itself until it
            // is a right child.
            while self.node & 1 == 0 && self.node > 0 {
                self.up();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.up();
        side
    }
}

impl Subtree {
    /// Its two subtrees: the left one is the largest perfect one that is not all of it.
    fn halves(self) -> Option<(Subtree, Subtree)> {
        let leaves = self.end - self.first;
        let half = 1u64.checked_shl(leaves.checked_sub(1)?.checked_ilog2()?)?;
        let middle = self.first + half;
        let (left, right) = (self.first..middle, middle..self.end);
        Some((left.into(), right.into()))
    }

    /// The perfect subtrees that it consists of, the largest first.
    fn perfect(self) -> impl Iterator<Item = Node> {
        let (mut first, end) = (self.first, self.end);
        std::iter::from_fn(move || {
            let height = (end - first).checked_ilog2()?;
            let number = first >> height;
            first += 1 << height;
            Some(Node { height, number })
        })
    }

    fn root<R: TileReader>(
        self,
        size: u64,
        tiles: &mut Tiles<'_, R>,
    ) -> Result<Hash, MakeFault<R::Error>> {
        let roots: Vec<Hash> = self
            .perfect()
            .map(|node| node.hash(size, tiles))
            .collect::<Result<_, _>>()?;
        let mut smallest_first = roots.into_iter().rev();
        let smallest = smallest_first.next().unwrap_or_else(Hash::of_nothing);
        Ok(smallest_first.fold(smallest, |right, left| node_hash(&left, &right)))
    }
}

impl From<std::ops::Range<u64>> for Subtree {
    fn from(leaves: std::ops::Range<u64>) -> Self {
        Subtree {
            first: leaves.start,
            end: leaves.end,
        }
    }
}

/// The root of a perfect subtree: the `number`-th of its height.
struct Node {
    height: u32,
    number: u64,
}

impl Node {
    /// The level of its tile, and how many of the tile's hashes stand under it.
    fn level(&self) -> (u8, u64) {
        // A height is at most 63.
        let level = (self.height / TILE_HEIGHT) as u8;
        (level, 1 << (self.height % TILE_HEIGHT))
    }

    fn tile(&self, size: u64) -> TileId {
        let (level, hashes) = self.level();
        let index = self.number / (TILE_WIDTH / hashes);
        TileId {
            level,
            index,
            width: TileId::width_in(size, level, index),
        }
    }

    fn hash<R: TileReader>(
        &self,
        size: u64,
        tiles: &mut Tiles<'_, R>,
    ) -> Result<Hash, MakeFault<R::Error>> {
        let (tile, (_, hashes)) = (self.tile(size), self.level());
        let read = tiles.tile(tile)?;
        let found = read.len();
        let first = self.number % (TILE_WIDTH / hashes) * hashes;
        // Both are at most 256.
        let under = read.get(first as usize..(first + hashes) as usize);
        match under.filter(|_| found == usize::from(tile.width)) {
            Some(under) => Ok(root_of_perfect(under)),
            None => Err(MakeFault::Width { tile, found }),
        }
    }
}

fn root_of_perfect(hashes: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    for &hash in hashes {
        tree.push(hash, |_, _| {});
    }
    tree.root()
}
