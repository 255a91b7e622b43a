//! Checks of bundles, tiles and what stands beside them.

use std::collections::BTreeMap;

use super::memory_log::{KEY, MemoryLog, signed};
use super::{Case, SIZE};
use crate::audit::manifest::Manifest;
use crate::audit::verify::FindingKind::{
    EntryForm, EntryHash, FileForeign, FileForm, FileMissing, FileUnreadable, Pruned, Root,
    TileHash, Unsealed,
};
use crate::audit::verify::{Accepted, FindingKind, ManifestParts, SourceFault};
use crate::tlog::{Hash, entry};

const FIRST_BUNDLE: &str = "tile/entries/000";
const LAST_BUNDLE: &str = "tile/entries/001.p/44";

pub(super) const CASES: &[Case] = &[
    (
        "a first entry behind the last",
        |told| told.first = 512,
        &[(
            FindingKind::Manifest,
            "manifest.json",
            "entry 512 cannot be the first",
        )],
    ),
    (
        "a first entry within a bundle",
        |told| told.first = 100,
        &[(
            FindingKind::Manifest,
            "manifest.json",
            "entry 100 cannot be the first",
        )],
    ),
    (
        "entries that were deleted",
        |told| told.first = 256,
        &[(Pruned, "entry 256", "deleted or left out")],
    ),
    (
        "entries that were deleted and are known of",
        |told| {
            told.first = 256;
            told.accepted = Accepted {
                first: 256,
                ..Accepted::default()
            };
        },
        &[],
    ),
    (
        "another root",
        |told| {
            let mut checkpoint = told.head(SIZE);
            checkpoint.root = Hash([0; 32]);
            told.note = Some(Ok(signed(&checkpoint, KEY)));
        },
        &[(Root, "checkpoint", "the root of 300 entries is")],
    ),
    (
        "a bundle with an entry too many",
        |told| {
            let entries = [&told.entries[256..], &told.entries[..1]].concat();
            told.put_bundle(1, &entries);
        },
        &[(EntryForm, LAST_BUNDLE, "more than 44 entries")],
    ),
    (
        "a bundle with an entry too few",
        |told| {
            let entries = told.entries[256..SIZE - 1].to_vec();
            told.put_bundle(1, &entries);
        },
        &[(EntryForm, LAST_BUNDLE, "it ends before entry 299")],
    ),
    (
        "a bundle that is cut",
        |told| {
            let entries = told.entries[256..].to_vec();
            told.put_bundle(1, &entries).pop();
        },
        &[(EntryForm, "entry 299", "ends within")],
    ),
    (
        "an entry of a kind that is not known",
        |told| {
            let mut entries = told.entries[..256].to_vec();
            entries[7][0] = 0x20;
            told.put_bundle(0, &entries);
        },
        &[(EntryForm, "entry 7", "begins with 0x20")],
    ),
    (
        "another hash of an entry",
        |told| tile(told, 0, 0, |hashes| hashes[7] = Hash([0; 32])),
        &[(EntryHash, "entry 7", "tile/0/000")],
    ),
    (
        "another hash of the tile below",
        |told| tile(told, 1, 0, |hashes| hashes[0] = Hash([0; 32])),
        &[(
            TileHash,
            "tile/1/000.p/1",
            "hash 0 is not that of tile/0/000",
        )],
    ),
    (
        "another hash above tiles that were deleted",
        |told| {
            // What is deleted is not looked at.
            told.entries.splice(..0, vec![entry::unsalted(b""); 65_536]);
            told.first = 65_536;
            told.accepted = Accepted {
                first: 65_536,
                ..Accepted::default()
            };
            tile(told, 2, 0, |hashes| hashes[0] = Hash([0; 32]));
        },
        &[(
            TileHash,
            "tile/2/000.p/1",
            "hash 0 is not that of tile/1/000",
        )],
    ),
    (
        "a tile with a hash too few",
        |told| tile(told, 0, 0, |hashes| hashes.truncate(255)),
        &[(FileForm, "tile/0/000", "the 256 hashes")],
    ),
    (
        "a tile with a hash too many",
        |told| tile(told, 0, 0, |hashes| hashes.push(Hash([0; 32]))),
        &[(FileForm, "tile/0/000", "the 256 hashes")],
    ),
    (
        "a bundle that is missing",
        |told| fault(told, SourceFault::Missing(FIRST_BUNDLE.into())),
        &[(FileMissing, FIRST_BUNDLE, "is missing")],
    ),
    (
        "a file of another length",
        |told| {
            let (path, expected) = (FIRST_BUNDLE.into(), "more".into());
            fault(
                told,
                SourceFault::Length {
                    path,
                    found: 1,
                    expected,
                },
            );
        },
        &[(FileForm, FIRST_BUNDLE, "has 1 bytes")],
    ),
    (
        "a file that cannot be understood",
        |told| {
            let (path, why) = (FIRST_BUNDLE.into(), "so".into());
            fault(told, SourceFault::Form { path, why });
        },
        &[(FileForm, FIRST_BUNDLE, "cannot be read")],
    ),
    (
        "a link",
        |told| fault(told, SourceFault::NotAFile(FIRST_BUNDLE.into())),
        &[(FileUnreadable, FIRST_BUNDLE, "not a regular file")],
    ),
    (
        "a file that the system does not read",
        |told| {
            let (path, why) = (FIRST_BUNDLE.into(), "so".into());
            fault(told, SourceFault::Unreadable { path, why });
        },
        &[(FileUnreadable, FIRST_BUNDLE, "could not read")],
    ),
    (
        "entries behind the checkpoint",
        |told| told.unsealed = 2,
        &[(Unsealed, "entry 300", "2 entries stand behind")],
    ),
    (
        "entries behind the checkpoint that are known of",
        |told| {
            told.unsealed = 2;
            told.accepted = Accepted {
                unsealed: 2,
                ..Accepted::default()
            };
        },
        &[],
    ),
    (
        "the manifest of these files",
        |told| manifest(told, "aa", "aa"),
        &[],
    ),
    (
        "the manifest of other files",
        |told| manifest(told, "aa", "bb"),
        &[(
            FindingKind::Manifest,
            "manifest.json",
            "not the manifest of these",
        )],
    ),
    (
        "a file too many",
        |told| told.foreign = Some("tile/0/000.p/7".into()),
        &[(FileForeign, "tile/0/000.p/7", "does not belong")],
    ),
];

/// Another tile than the entries come to.
fn tile(told: &mut MemoryLog, level: u8, index: u64, change: fn(&mut Vec<Hash>)) {
    let id = told.tile_id(level, index);
    let mut hashes = told.good_tile(id);
    change(&mut hashes);
    told.tiles.insert(id.path(), hashes);
}

fn fault(told: &mut MemoryLog, fault: SourceFault) {
    told.faults.insert(fault.path().to_owned(), fault);
}

/// The manifest of a file with one digest, beside one with another.
fn manifest(told: &mut MemoryLog, listed: &str, there: &str) {
    let files = |digest: &str| BTreeMap::from([("a.txt".to_owned(), digest.to_owned())]);
    let text = Manifest::new(&told.head(SIZE), 0, files(listed)).text();
    told.manifest = Some(ManifestParts {
        text: text.into_bytes(),
        files: files(there),
    });
}
