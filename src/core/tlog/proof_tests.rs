//! Proofs against an implementation that is not ours, and damaged in every way.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::Sha256;

use super::proof::{
    MakeFault, ProofFault, ProofPlan, TileReader, check_consistency, check_inclusion, root_of,
};
use super::{Frontier, Hash, TileId, leaf_hash, node_hash};

/// A tree whose leaves are alike but for a few, so that it may have any size.
struct Virtual {
    size: u64,
    /// The leaves that are unlike the others: entry `n` is the bytes of `n`.
    marked: Vec<u64>,
    /// The roots of perfect subtrees of leaves that are alike, by height.
    alike: Vec<Hash>,
}

impl Virtual {
    fn new(size: u64, marked: &[u64]) -> Self {
        let mut alike = vec![leaf_hash(b"alike")];
        for height in 0..63 {
            alike.push(node_hash(&alike[height], &alike[height]));
        }
        Virtual {
            size,
            marked: marked.to_vec(),
            alike,
        }
    }

    fn entry(&self, index: u64) -> Vec<u8> {
        match self.marked.contains(&index) {
            true => index.to_be_bytes().to_vec(),
            false => b"alike".to_vec(),
        }
    }

    fn hash(&self, height: u32, number: u64) -> Hash {
        if !self.marked.iter().any(|&leaf| leaf >> height == number) {
            return self.alike[height as usize];
        }
        if height == 0 {
            return leaf_hash(&self.entry(number));
        }
        let child = |number| self.hash(height - 1, number);
        node_hash(&child(2 * number), &child(2 * number + 1))
    }

    fn root(&mut self, size: u64) -> Hash {
        root_of(size, self).unwrap()
    }

    fn make(&mut self, plan: &ProofPlan) -> Vec<Hash> {
        let tiles = plan.tiles();
        let mut reader = Fetched { tree: self, tiles };
        plan.make(&mut reader).unwrap()
    }
}

impl TileReader for Virtual {
    type Error = Infallible;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, Infallible> {
        let first = tile.index * 256;
        let numbers = first..first + u64::from(tile.width);
        let height = 8 * u32::from(tile.level);
        Ok(numbers.map(|number| self.hash(height, number)).collect())
    }
}

/// Only the tiles that a plan names, each once.
struct Fetched<'a> {
    tree: &'a mut Virtual,
    tiles: std::collections::BTreeSet<TileId>,
}

impl TileReader for Fetched<'_> {
    type Error = Infallible;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, Infallible> {
        assert!(
            self.tiles.remove(&tile),
            "{tile:?} is not in the plan, or is read again"
        );
        assert_eq!(
            tile.width,
            TileId::width_in(self.tree.size, tile.level, tile.index)
        );
        self.tree.tile(tile)
    }
}

fn digest(hash: &Hash) -> sha2::digest::Output<Sha256> {
    hash.0.into()
}

fn oracle_root(root: &Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(digest(root), size)
}

/// Whether the other implementation takes our proof that `index` is in the tree.
fn oracle_includes(tree: &Virtual, root: &Hash, index: u64, proof: &[Hash]) -> bool {
    let digests: Vec<_> = proof.iter().map(digest).collect();
    let proof = InclusionProof::from_digests(&digests);
    let entry = tree.entry(index);
    oracle_root(root, tree.size)
        .verify_inclusion(&entry, index, &proof)
        .is_ok()
}

fn oracle_is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let digests: Vec<_> = proof.iter().map(digest).collect();
    let proof = ConsistencyProof::from_digests(&digests);
    let old = oracle_root(old.1, old.0);
    oracle_root(new.1, new.0)
        .verify_consistency(&old, &proof)
        .is_ok()
}

fn inclusion(tree: &mut Virtual, index: u64) -> Vec<Hash> {
    let root = tree.root(tree.size);
    let proof = tree.make(&ProofPlan::inclusion(index, tree.size).unwrap());
    let leaf = leaf_hash(&tree.entry(index));
    assert_eq!(
        check_inclusion(index, &leaf, tree.size, &root, &proof),
        Ok(())
    );
    assert!(oracle_includes(tree, &root, index, &proof));
    proof
}

fn consistency(tree: &mut Virtual, old: u64) -> Vec<Hash> {
    let (old_root, root) = (tree.root(old), tree.root(tree.size));
    let proof = tree.make(&ProofPlan::consistency(old, tree.size).unwrap());
    assert_eq!(
        check_consistency(old, &old_root, tree.size, &root, &proof),
        Ok(())
    );
    if old > 0 && old < tree.size {
        assert!(oracle_is_consistent(
            (old, &old_root),
            (tree.size, &root),
            &proof
        ));
    }
    proof
}

/// Every proof that a tree of a size to 40 has, and one of each kind of larger ones, at
/// places that vary.
#[test]
fn proofs_of_every_size_are_those_of_another_implementation() {
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let (mut tree, mut levels) = (Frontier::default(), Levels::default());
    for size in 1..=2_000u64 {
        let entry = (size - 1).to_be_bytes();
        oracle.push(entry.to_vec());
        tree.push(leaf_hash(&entry), |height, root| levels.add(height, root));
        let root = tree.root();
        assert_eq!(digest(&root), *oracle.root().as_bytes(), "size {size}");
        let some = |step: u64| match size {
            ..=40 => 0..size,
            _ if size > 300 && size % 8 > 1 => 0..0,
            _ => size * step % 97 % size..size * step % 97 % size + 1,
        };
        if some(1).is_empty() {
            continue;
        }
        assert_eq!(root_of(size, &mut levels), Ok(root));
        for index in some(7).chain(Some(size - 1)) {
            let plan = ProofPlan::inclusion(index, size).unwrap();
            let proof = plan.make(&mut levels).unwrap();
            let theirs = oracle.prove_inclusion(index as usize);
            assert_eq!(theirs.as_bytes(), bytes(&proof), "{index} in {size}");
            let leaf = &levels.0[0][index as usize];
            assert_eq!(check_inclusion(index, leaf, size, &root, &proof), Ok(()));
        }
        for old in some(11).filter(|&old| old > 0) {
            let plan = ProofPlan::consistency(old, size).unwrap();
            let proof = plan.make(&mut levels).unwrap();
            let theirs = oracle.prove_consistency((size - old) as usize);
            assert_eq!(theirs.as_bytes(), bytes(&proof), "{old} to {size}");
        }
    }
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of the tiles of a tree that grows, by level.
#[derive(Default)]
struct Levels([Vec<Hash>; 2]);

impl Levels {
    fn add(&mut self, height: u32, root: Hash) {
        if height.is_multiple_of(8) {
            self.0[height as usize / 8].push(root);
        }
    }
}

impl TileReader for Levels {
    type Error = Infallible;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, Infallible> {
        let first = tile.index as usize * 256;
        let hashes = &self.0[usize::from(tile.level)][first..];
        Ok(hashes[..usize::from(tile.width)].to_vec())
    }
}

/// A size to 2^40 and two numbers below it.
fn sizes() -> impl Strategy<Value = (u64, u64, u64)> {
    let size = (1u32..=40, any::<u64>()).prop_map(|(bits, any)| 1 + any % (1 << bits));
    (size, any::<u64>(), any::<u64>()).prop_map(|(size, a, b)| (size, a % size, b % size))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proofs_of_large_trees_are_taken_by_another_implementation(
        (size, index, old) in sizes(),
    ) {
        let mut tree = Virtual::new(size, &[index, old]);
        inclusion(&mut tree, index);
        inclusion(&mut tree, size - 1);
        consistency(&mut tree, old);
        consistency(&mut tree, size);
    }

    /// Each hash flipped, left out, doubled or changed with its neighbour; a proof of
    /// another leaf, for another root, or of another length.
    #[test]
    fn a_damaged_proof_proves_nothing(
        (size, index, old) in sizes(),
        bit in 0usize..256,
    ) {
        let mut tree = Virtual::new(size, &[index, old, size - 1]);
        let (root, leaf) = (tree.root(size), leaf_hash(&tree.entry(index)));
        let proof = inclusion(&mut tree, index);
        let check = |proof: &[Hash]| check_inclusion(index, &leaf, size, &root, proof);
        for damaged in damages(&proof, bit) {
            prop_assert!(check(&damaged).is_err());
        }
        let other = flipped(&leaf, bit);
        prop_assert!(check_inclusion(index, &other, size, &root, &proof).is_err());
        let other = flipped(&root, bit);
        prop_assert!(check_inclusion(index, &leaf, size, &other, &proof).is_err());
        prop_assert!(check_inclusion(size, &leaf, size, &root, &proof).is_err());

        let old_root = tree.root(old);
        let proof = consistency(&mut tree, old);
        let check = |proof: &[Hash]| check_consistency(old, &old_root, size, &root, proof);
        for damaged in damages(&proof, bit) {
            prop_assert!(check(&damaged).is_err());
        }
        let other = flipped(&old_root, bit);
        prop_assert!(check_consistency(old, &other, size, &root, &proof).is_err());
        if old > 0 {
            let other = flipped(&root, bit);
            prop_assert!(check_consistency(old, &old_root, size, &other, &proof).is_err());
        }
        let larger = check_consistency(size + 1, &old_root, size, &root, &proof);
        prop_assert_eq!(larger, Err(ProofFault::Sizes { old: size + 1, size }));
    }
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut other = *hash;
    other.0[bit / 8] ^= 1 << (bit % 8);
    other
}

fn damages(proof: &[Hash], bit: usize) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        let mut other = proof.to_vec();
        other[at] = flipped(&proof[at], bit);
        all.push(other);
        let mut other = proof.to_vec();
        other.remove(at);
        all.push(other);
        let mut other = proof.to_vec();
        other.insert(at, proof[at]);
        all.push(other);
        if at > 0 && proof[at] != proof[at - 1] {
            let mut other = proof.to_vec();
            other.swap(at, at - 1);
            all.push(other);
        }
    }
    all.push([proof, &[leaf_hash(b"more")]].concat());
    all
}

#[test]
fn a_tile_of_another_width_makes_no_proof() {
    struct Short(Virtual);
    impl TileReader for Short {
        type Error = Infallible;
        fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, Infallible> {
            let mut hashes = self.0.tile(tile)?;
            hashes.pop();
            Ok(hashes)
        }
    }
    let plan = ProofPlan::inclusion(3, 300).unwrap();
    let made = plan.make(&mut Short(Virtual::new(300, &[3])));
    assert!(matches!(made, Err(MakeFault::Width { found: 255, .. })));
    let beyond = ProofPlan::inclusion(300, 300);
    assert_eq!(
        beyond,
        Err(ProofFault::Index {
            index: 300,
            size: 300
        })
    );
}
