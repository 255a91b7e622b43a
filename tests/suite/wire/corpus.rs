//! The corpus of the fuzz targets, through the same functions, on stable: what
//! was found once stays found. And random bytes, some of them near a document.

use std::path::Path;

use modegate_wire::encoding::Encoding;
use proptest::prelude::*;

#[path = "../../../fuzz/src/drive.rs"]
mod drive;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 5] = [
    ("xml", drive::xml),
    ("wbxml", drive::wbxml),
    ("query", drive::query),
    ("loc_uri", drive::loc_uri),
    ("step", drive::step),
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

#[test]
fn the_whole_corpus_holds() {
    for (name, target) in TARGETS {
        let files = corpus(name);
        assert!(files.len() >= 5, "{name} has {} files", files.len());
        files.iter().for_each(|bytes| target(bytes));
    }
}

#[test]
fn the_corpus_gets_behind_the_decoders() {
    for (name, encoding) in [("xml", Encoding::Xml), ("wbxml", Encoding::Wbxml)] {
        let files = corpus(name);
        let read = files.iter().filter(|bytes| encoding.decode(bytes).is_ok());
        assert!(read.count() >= files.len() - 1, "{name}");
    }
}

#[test]
fn every_part_and_every_changed_byte_of_the_corpus_holds() {
    for (name, target) in TARGETS {
        for bytes in corpus(name) {
            let stride = (bytes.len() / 80).max(1);
            for at in (0..bytes.len()).step_by(stride) {
                target(&bytes[..at]);
                let mut changed = bytes.clone();
                for with in [0x00, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1), b'%'] {
                    changed[at] = with;
                    target(&changed);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_that_is_put_together_from_the_corpus_breaks_it(
        which in 0..TARGETS.len(),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
        noise in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let (name, target) = TARGETS[which];
        let files = corpus(name);
        let mut bytes = Vec::new();
        for (file, from, to) in pieces {
            let file = file.get(&files);
            let (from, to) = (from.index(file.len() + 1), to.index(file.len() + 1));
            bytes.extend(&file[from.min(to)..from.max(to)]);
            bytes.extend(&noise);
        }
        target(&bytes);
    }
}
