//! An export that is damaged in any place is never taken for good: bits of every file, and
//! files and entries changed with one another.

use std::fs;
use std::path::Path;

use modegate_core::tlog::entry;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};

use super::verifiers::{Asked, Both};
use super::written_log::{WrittenLog, files, origin, put};

const SIZE: usize = 560;
const FLIPS: usize = 300;

/// A log with everything in it that a log can have.
fn log() -> WrittenLog {
    let mut log = WrittenLog::of(SIZE);
    log.redact(300);
    log
}

/// Ten random bits of each file, and more of random files to make 300.
#[test]
fn a_bit_of_any_file_is_found() {
    let (log, mut both) = (log(), Both::start());
    let dir = tempfile::tempdir().unwrap();
    log.write(dir.path());
    let asked = Asked::by(log.key()).older(log.checkpoint(400));
    assert_eq!(both.verify(dir.path(), &asked).outcome.exit_code(), 3);
    let mut runner = TestRunner::new(Config::default());
    let mut random = |below: usize| {
        let number = (0..below).new_tree(&mut runner);
        number.unwrap().current()
    };
    let paths = files(dir.path());
    let of_each = (0..paths.len() * 10).map(|number| number / 10);
    let mut chosen: Vec<usize> = of_each.collect();
    while chosen.len() < FLIPS {
        chosen.push(random(paths.len()));
    }
    for file in chosen {
        let path = &paths[file];
        let good = fs::read(dir.path().join(path)).unwrap();
        let bit = random(good.len() * 8);
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        put(dir.path(), path, &bad);
        both.refuse(dir.path(), &asked, &format!("bit {bit} of {path}"));
        put(dir.path(), path, &good);
    }
    assert_eq!(both.verify(dir.path(), &asked).outcome.exit_code(), 3);
}

/// Every byte of the checkpoint, and every third one of the manifest, in one bit each.
#[test]
fn a_bit_of_any_byte_of_checkpoint_and_manifest_is_found() {
    let (log, mut both) = (WrittenLog::of(300), Both::start());
    let dir = tempfile::tempdir().unwrap();
    log.write(dir.path());
    let asked = Asked::by(log.key());
    for (path, step) in [("checkpoint", 1), ("manifest.json", 3)] {
        let good = fs::read(dir.path().join(path)).unwrap();
        for at in (0..good.len()).step_by(step) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            put(dir.path(), path, &bad);
            both.refuse(dir.path(), &asked, &format!("byte {at} of {path}"));
        }
        put(dir.path(), path, &good);
    }
}

/// The entries of the first bundle, changed, with everything else as it was.
#[test]
fn entries_that_are_changed_with_one_another_are_found() {
    let (log, mut both) = (log(), Both::start());
    let dir = tempfile::tempdir().unwrap();
    log.write(dir.path());
    let asked = Asked::by(log.key());
    let path = "tile/entries/000";
    let entries = log.entries[..256].to_vec();
    let mut refuse = |what: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut changed = entries.clone();
        change(&mut changed);
        let mut bundle = Vec::new();
        for entry in &changed {
            entry::push_to_bundle(&mut bundle, entry).unwrap();
        }
        put(dir.path(), path, &bundle);
        both.refuse(dir.path(), &asked, what);
    };
    refuse("swapped", &|entries| entries.swap(100, 101));
    refuse("dropped", &|entries| drop(entries.remove(100)));
    refuse("doubled", &|entries| {
        entries.insert(100, entries[100].clone());
    });
    refuse("doubled in place of the next", &|entries| {
        entries[101] = entries[100].clone();
    });
    refuse("inserted", &|entries| {
        entries.insert(100, log.entries[400].clone());
    });
    refuse("the tail cut off", &|entries| entries.truncate(200));
    refuse("nothing left", &|entries| entries.clear());
    refuse("another salt", &|entries| entries[100][1] ^= 1);
    refuse("no salt", &|entries| drop(entries[100].splice(..17, [0])));
    refuse("redacted without an event", &|entries| {
        let leaf = entry::hash_of(&entries[100]).unwrap();
        entries[100] = entry::redacted(&leaf);
    });
    for (from, to) in [
        ("\"seq\":1,", "\"seq\":2,"),
        ("\"actor\":\"api:admin\"", "\"actor\":\"api:eve\""),
        ("-000000000002\"", "-000000000003\""),
    ] {
        refuse(&format!("{from} to {to}"), &|entries| {
            let has = |entry: &&mut Vec<u8>| String::from_utf8_lossy(entry).contains(from);
            let entry = entries.iter_mut().find(has).unwrap();
            let (front, json) = entry.split_at(if entry[0] == 0 { 1 } else { 17 });
            let json = std::str::from_utf8(json).unwrap().replacen(from, to, 1);
            *entry = [front, json.as_bytes()].concat();
        });
    }
}

/// Files of one export in another.
#[test]
fn exports_that_are_mixed_are_found() {
    let (log, mut both) = (log(), Both::start());
    let asked = Asked::by(log.key());
    let mut refuse = |what: &str, change: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        log.write(dir.path());
        change(dir.path());
        both.refuse(dir.path(), &asked, what);
    };
    refuse("an older checkpoint with the newer tiles", &|dir| {
        put(dir, "checkpoint", log.checkpoint(400).as_bytes());
    });
    refuse("the same, and its manifest", &|dir| {
        put(dir, "checkpoint", log.checkpoint(400).as_bytes());
        log.write_manifest(dir);
    });
    refuse("a checkpoint of another epoch", &|dir| {
        let later = WrittenLog {
            origin: origin(2),
            ..log_again(&log)
        };
        put(dir, "checkpoint", later.checkpoint(SIZE + 1).as_bytes());
        later.write_manifest(dir);
    });
    refuse("a checkpoint of another host", &|dir| {
        let origin = "other.example/01970000-0000-7000-8000-000000000001/1"
            .parse()
            .unwrap();
        let other = WrittenLog {
            origin,
            ..log_again(&log)
        };
        put(dir, "checkpoint", other.checkpoint(SIZE + 1).as_bytes());
        other.write_manifest(dir);
    });
    refuse("a checkpoint by another key", &|dir| {
        let other = WrittenLog {
            seed: [8; 32],
            ..log_again(&log)
        };
        put(dir, "checkpoint", other.checkpoint(SIZE + 1).as_bytes());
    });
    refuse("policy sets in each other's place", &|dir| {
        let paths: Vec<String> = files(dir)
            .into_iter()
            .filter(|path| path.starts_with("policy-sets/"))
            .collect();
        let (one, two) = (dir.join(&paths[0]), dir.join(&paths[1]));
        fs::rename(&one, dir.join("between")).unwrap();
        fs::rename(&two, &one).unwrap();
        fs::rename(dir.join("between"), &two).unwrap();
        log.write_manifest(dir);
    });
    refuse("a policy set changed, and the manifest with it", &|dir| {
        let path = files(dir)
            .into_iter()
            .find(|path| path.starts_with("policy-sets/"))
            .unwrap();
        let text = fs::read_to_string(dir.join(&path)).unwrap();
        put(dir, &path, text.replace("# ", "#  ").as_bytes());
        log.write_manifest(dir);
    });
    refuse("a manifest that hides the first entries", &|dir| {
        let hiding = WrittenLog {
            first: 256,
            ..log_again(&log)
        };
        hiding.write_manifest(dir);
    });
    refuse("the manifest of a larger log", &|dir| {
        let text = fs::read_to_string(dir.join("manifest.json")).unwrap();
        put(
            dir,
            "manifest.json",
            text.replace("\"size\":561", "\"size\":562").as_bytes(),
        );
    });
    for path in [
        "tile/0/001",
        "tile/entries/001",
        "tile/1/000.p/2",
        "checkpoint",
    ] {
        for length in [0, 1, 31] {
            refuse(&format!("{path} cut to {length} bytes"), &|dir| {
                let bytes = fs::read(dir.join(path)).unwrap();
                put(dir, path, &bytes[..length]);
            });
        }
        refuse(&format!("{path} with a byte more"), &|dir| {
            let bytes = fs::read(dir.join(path)).unwrap();
            put(dir, path, &[&bytes[..], &[0]].concat());
        });
    }
}

fn log_again(log: &WrittenLog) -> WrittenLog {
    WrittenLog {
        entries: log.entries.clone(),
        origin: log.origin.clone(),
        seed: log.seed,
        sets: log.sets.clone(),
        baselines: log.baselines.clone(),
        first: log.first,
    }
}
