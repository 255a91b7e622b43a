//! Checks of bundles, tiles and what stands beside them.

use std::collections::BTreeMap;

use super::memory_log::{KEY, MemoryLog, signed};
use super::{Case, SIZE};
use crate::audit::manifest::Manifest;
use crate::audit::verify::FindingKind::{
    EntryForm, EntryHash, FileForeign, FileForm, FileMissing, FileUnreadable, Pruned, Root,
    TileHash, Unsealed, View,
};
use crate::audit::verify::{Accepted, FindingKind, ManifestParts, SourceFault};
use crate::tlog::{Hash, entry};

const FIRST_BUNDLE: &str = "tile/entries/000";
const LAST_BUNDLE: &str = "tile/entries/001.p/44";

pub(super) const CASES: &[Case] = &[
    (
        "a first entry behind the last",
        |log| log.first = 512,
        &[(
            FindingKind::Manifest,
            "manifest.json",
            "entry 512 cannot be the first",
        )],
    ),
    (
        "a first entry within a bundle",
        |log| log.first = 100,
        &[(
            FindingKind::Manifest,
            "manifest.json",
            "entry 100 cannot be the first",
        )],
    ),
    (
        "entries that were deleted",
        |log| log.first = 256,
        &[(Pruned, "entry 256", "deleted or left out")],
    ),
    (
        "entries that were deleted and are known of",
        |log| {
            log.first = 256;
            log.accepted = Accepted {
                first: 256,
                ..Accepted::default()
            };
        },
        &[],
    ),
    (
        "another root",
        |log| {
            let mut checkpoint = log.head(SIZE);
            checkpoint.root = Hash([0; 32]);
            log.note = Some(Ok(signed(&checkpoint, KEY)));
        },
        &[(Root, "checkpoint", "the root of 300 entries is")],
    ),
    (
        "a view that has something else",
        |log| log.view = Some((299, "jsonl/a.jsonl")),
        &[(View, "jsonl/a.jsonl", "something else for entry 299")],
    ),
    (
        "a bundle with an entry too many",
        |log| {
            let entries = [&log.entries[256..], &log.entries[..1]].concat();
            log.put_bundle(1, &entries);
        },
        &[(EntryForm, LAST_BUNDLE, "more than 44 entries")],
    ),
    (
        "a bundle with an entry too few",
        |log| {
            let entries = log.entries[256..SIZE - 1].to_vec();
            log.put_bundle(1, &entries);
        },
        &[(EntryForm, LAST_BUNDLE, "it ends before entry 299")],
    ),
    (
        "a bundle that is cut",
        |log| {
            let entries = log.entries[256..].to_vec();
            log.put_bundle(1, &entries).pop();
        },
        &[(EntryForm, "entry 299", "ends within")],
    ),
    (
        "an entry of a kind that is not known",
        |log| {
            let mut entries = log.entries[..256].to_vec();
            entries[7][0] = 0x20;
            log.put_bundle(0, &entries);
        },
        &[(EntryForm, "entry 7", "begins with 0x20")],
    ),
    (
        "another hash of an entry",
        |log| tile(log, 0, 0, |hashes| hashes[7] = Hash([0; 32])),
        &[(EntryHash, "entry 7", "tile/0/000")],
    ),
    (
        "another hash of the tile below",
        |log| tile(log, 1, 0, |hashes| hashes[0] = Hash([0; 32])),
        &[(
            TileHash,
            "tile/1/000.p/1",
            "hash 0 is not that of tile/0/000",
        )],
    ),
    (
        "another hash above tiles that were deleted",
        |log| {
            // What is deleted is not looked at.
            log.entries.splice(..0, vec![entry::unsalted(b""); 65_536]);
            log.first = 65_536;
            log.accepted = Accepted {
                first: 65_536,
                ..Accepted::default()
            };
            tile(log, 2, 0, |hashes| hashes[0] = Hash([0; 32]));
        },
        &[(
            TileHash,
            "tile/2/000.p/1",
            "hash 0 is not that of tile/1/000",
        )],
    ),
    (
        "a tile with a hash too few",
        |log| tile(log, 0, 0, |hashes| hashes.truncate(255)),
        &[(FileForm, "tile/0/000", "the 256 hashes")],
    ),
    (
        "a tile with a hash too many",
        |log| tile(log, 0, 0, |hashes| hashes.push(Hash([0; 32]))),
        &[(FileForm, "tile/0/000", "the 256 hashes")],
    ),
    (
        "a bundle that is missing",
        |log| fault(log, SourceFault::Missing(FIRST_BUNDLE.into())),
        &[(FileMissing, FIRST_BUNDLE, "is missing")],
    ),
    (
        "a file of another length",
        |log| {
            let (path, expected) = (FIRST_BUNDLE.into(), "more".into());
            fault(
                log,
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
        |log| {
            let (path, why) = (FIRST_BUNDLE.into(), "so".into());
            fault(log, SourceFault::Form { path, why });
        },
        &[(FileForm, FIRST_BUNDLE, "cannot be read")],
    ),
    (
        "a link",
        |log| fault(log, SourceFault::NotAFile(FIRST_BUNDLE.into())),
        &[(FileUnreadable, FIRST_BUNDLE, "not a regular file")],
    ),
    (
        "a file that the system does not read",
        |log| {
            let (path, why) = (FIRST_BUNDLE.into(), "so".into());
            fault(log, SourceFault::Unreadable { path, why });
        },
        &[(FileUnreadable, FIRST_BUNDLE, "could not read")],
    ),
    (
        "entries behind the checkpoint",
        |log| log.unsealed = 2,
        &[(Unsealed, "entry 300", "2 entries stand behind")],
    ),
    (
        "entries behind the checkpoint that are known of",
        |log| {
            log.unsealed = 2;
            log.accepted = Accepted {
                unsealed: 2,
                ..Accepted::default()
            };
        },
        &[],
    ),
    (
        "the manifest of these files",
        |log| manifest(log, "aa", "aa"),
        &[],
    ),
    (
        "the manifest of other files",
        |log| manifest(log, "aa", "bb"),
        &[(
            FindingKind::Manifest,
            "manifest.json",
            "not the manifest of these",
        )],
    ),
    (
        "a file too many",
        |log| log.foreign = Some("tile/0/000.p/7".into()),
        &[(FileForeign, "tile/0/000.p/7", "does not belong")],
    ),
];

/// Another tile than the entries come to.
fn tile(log: &mut MemoryLog, level: u8, index: u64, change: fn(&mut Vec<Hash>)) {
    let id = log.tile_id(level, index);
    let mut hashes = log.good_tile(id);
    change(&mut hashes);
    log.tiles.insert(id.path(), hashes);
}

fn fault(log: &mut MemoryLog, fault: SourceFault) {
    log.faults.insert(fault.path().to_owned(), fault);
}

/// The manifest of a file with one digest, beside one with another.
fn manifest(log: &mut MemoryLog, listed: &str, there: &str) {
    let files = |digest: &str| BTreeMap::from([("a.txt".to_owned(), digest.to_owned())]);
    let text = Manifest::new(&log.head(SIZE), 0, files(listed)).text();
    log.manifest = Some(ManifestParts {
        text: text.into_bytes(),
        files: files(there),
    });
}
