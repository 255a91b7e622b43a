//! The format against its published figures.
#![allow(clippy::unwrap_used)]

use super::entry::{self, Entry, EntryFault};
use super::tile::{TilePath, bundle_path};
use super::{Frontier, Growth, Hash, TileId, leaf_hash};

/// The leaves of the reference tree of RFC 6962's first implementations.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

#[test]
fn the_reference_tree_has_its_published_root() {
    let mut tree = Frontier::default();
    assert_eq!(tree.root(), Hash::of_nothing());
    for leaf in LEAVES {
        tree.push(leaf_hash(leaf), |_, _| {});
    }
    let published = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
    assert_eq!(tree.root().to_string(), published);
    let published = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(leaf_hash(b"").to_string(), published);
}

#[test]
fn an_entry_is_read_as_it_was_written() {
    let bytes = entry::salted(&[7; 16], b"{}");
    let (salt, json) = (&[7; 16], b"{}".as_slice());
    assert_eq!(Entry::parse(&bytes), Ok(Entry::Salted { salt, json }));
    let leaf = entry::hash_of(&bytes).unwrap();
    let redacted = entry::redacted(&leaf);
    assert_eq!(Entry::parse(&redacted), Ok(Entry::Redacted { leaf }));
    assert_eq!(entry::hash_of(&redacted), Ok(leaf));
    assert_eq!(Entry::parse(b""), Err(EntryFault::Empty));
    assert_eq!(Entry::parse(b"{}"), Err(EntryFault::Unknown(b'{')));
    assert!(Entry::parse(&redacted[..32]).is_err());
    assert!(Entry::parse(&bytes[..16]).is_err());
}

#[test]
fn a_bundle_that_is_cut_says_where() {
    let mut bundle = Vec::new();
    entry::push_to_bundle(&mut bundle, b"first").unwrap();
    entry::push_to_bundle(&mut bundle, b"second").unwrap();
    let all: Vec<_> = entry::entries(&bundle).map(Result::unwrap).collect();
    assert_eq!(all, [b"first".as_slice(), b"second"]);
    let cut = entry::entries(&bundle[..bundle.len() - 1]).collect::<Vec<_>>();
    assert_eq!(cut, [Ok(b"first".as_slice()), Err(EntryFault::Cut(1))]);
    assert!(entry::push_to_bundle(&mut bundle, &[0; entry::ENTRY_BYTES + 1]).is_none());
}

/// The example of the specification: 70,000 entries make 274, 2 and 1 tiles.
#[test]
fn tiles_are_counted_and_named_as_the_specification_does() {
    let count = |level| TileId::of_level(70_000, level).count();
    assert_eq!([count(0), count(1), count(2), count(3)], [274, 2, 1, 0]);
    let last = TileId::of_level(70_000, 0).last().unwrap();
    assert_eq!(last.path(), "tile/0/273.p/112");
    assert_eq!(bundle_path(1_234_067, 256), "tile/entries/x001/x234/067");
    for path in [
        "tile/0/273.p/112",
        "tile/entries/x001/x234/067",
        "tile/1/001.p/17",
    ] {
        assert_eq!(TilePath::parse(path).unwrap().to_string(), path);
    }
    let wrong = [
        "tile/0/1",
        "tile/0/x001",
        "tile/0/000/001",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/0/001.p/007",
        "tile/8/001",
        "tile/+1/001",
        "tile/0/+01",
        "tile/0/x000/001",
        "tile/0/",
    ];
    for path in wrong {
        assert_eq!(TilePath::parse(path), None, "{path}");
    }
}

/// Tiles that grow by any steps hold what a tree built at once has at their places.
#[test]
fn tiles_grow_alike_by_any_steps() {
    let leaf = |number: u64| leaf_hash(&number.to_be_bytes());
    let size = 256 * 257 + 3;
    let mut roots: Vec<Hash> = (0..size).map(leaf).collect();
    let mut expected = Vec::new();
    for _ in 1..3 {
        roots = roots
            .chunks_exact(256)
            .map(|leaves| {
                let mut tree = Frontier::default();
                leaves.iter().for_each(|&leaf| tree.push(leaf, |_, _| {}));
                tree.root()
            })
            .collect();
        expected.push(roots.clone());
    }
    let mut tiles = vec![Vec::new(), Vec::new()];
    let mut frontier = Frontier::default();
    let mut step = 1;
    while frontier.size() < size {
        let mut growth = Growth::from(frontier.clone());
        for number in frontier.size()..(frontier.size() + step).min(size) {
            growth.push(leaf(number));
        }
        for append in growth.appends() {
            let level = &mut tiles[usize::from(append.level) - 1];
            assert_eq!(
                level.len() as u64,
                append.index * 256 + u64::from(append.had)
            );
            level.extend_from_slice(&append.hashes);
        }
        (frontier, step) = (growth.frontier().clone(), step * 3 + 1);
    }
    assert_eq!(tiles, expected);
    assert_eq!(
        Frontier::new(size, frontier.roots().to_vec()),
        Some(frontier)
    );
}
