//! The right edge of the tree: the roots of the perfect subtrees that its leaves make,
//! from the largest to the smallest. It is all that is needed to go on appending.

use super::hash::{Hash, node_hash};

/// The right edge of a tree of so many leaves. There is one hash per bit of `size` that is
/// set, the highest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// Of a tree of `size` leaves. `None` unless there are as many roots as bits in `size`.
    pub fn new(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Frontier { size, roots })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its perfect subtrees, from the largest to the smallest.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends a leaf. `completed` is told each perfect subtree that it completes, the leaf
    /// itself first: its height and its root.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u32, Hash)) {
        let mut root = leaf;
        completed(0, root);
        for height in 1..=self.size.trailing_ones() {
            // As many roots as bits: there is one for each bit that is carried.
            let Some(left) = self.roots.pop() else { break };
            root = node_hash(&left, &root);
            completed(height, root);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.roots.iter().rev().copied();
        let smallest = smallest_first.next().unwrap_or_else(Hash::of_nothing);
        smallest_first.fold(smallest, |right, left| node_hash(&left, &right))
    }
}
