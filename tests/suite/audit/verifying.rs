//! A whole log is verified: what is good passes, and every kind of lie is found and named,
//! also that of one who has the key.

use std::fs;
use std::path::Path;

use modegate_core::audit::verify::{Accepted, FindingKind, Outcome};
use modegate_core::tlog::Checkpoint;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::verifiers::{Asked, Both, kinds, report};
use super::written_log::{WrittenLog, device, files, origin, put, witness};

const SIZE: usize = 700;

fn written(log: &WrittenLog) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    log.write(dir.path());
    dir
}

/// What both find of a log that is signed as it is.
fn found(both: &mut Both, log: &WrittenLog, asked: Asked) -> Vec<FindingKind> {
    let report = both.verify(written(log).path(), &asked);
    kinds(&report)
}

#[test]
fn a_good_log_is_good() {
    let mut both = Both::start();
    for size in [0, 1, 255, 256, 257, SIZE] {
        let log = WrittenLog::of(size);
        let older = log.checkpoint(size / 2);
        let asked = Asked::by(log.key()).older(older).older(log.checkpoint(0));
        let report = both.verify(written(&log).path(), &asked);
        assert_eq!(
            report.outcome,
            Outcome::Good,
            "{size}: {:#?}",
            report.findings
        );
        assert_eq!((report.size, report.checked), (size as u64, size as u64));
        assert_eq!(report.origin, Some(log.origin.to_string()));
        assert_eq!(report.devices, size.min(7).saturating_sub(1).min(5) as u64);
    }
}

/// 65,536 entries and some more: three levels of tiles, of which each counts.
#[test]
fn tiles_of_every_level_are_checked() {
    let mut both = Both::start();
    let mut log = WrittenLog::of(0);
    for number in 0..65_536u64 + 300 {
        let event =
            json!({ "v": 2, "at": 1, "actor": "a", "type": "server.started", "seq": number + 1 });
        log.push(event);
    }
    let dir = written(&log);
    let asked = Asked::by(log.key()).older(log.checkpoint(65_537));
    assert_eq!(both.verify(dir.path(), &asked).outcome, Outcome::Good);
    for path in ["tile/2/000.p/1", "tile/1/001.p/1"] {
        let good = fs::read(dir.path().join(path)).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        put(dir.path(), path, &bad);
        let report = both.verify(dir.path(), &asked);
        assert_eq!(report.outcome, Outcome::Tampered, "{path}");
        put(dir.path(), path, &good);
    }
}

#[test]
fn a_pruned_log_is_good_from_its_first_entry_on() {
    let mut both = Both::start();
    let mut log = WrittenLog::of(SIZE);
    log.first = 512;
    let asked = || Asked::by(log.key());
    let dir = written(&log);
    let report = both.verify(dir.path(), &asked().older(log.checkpoint(600)));
    assert_eq!(kinds(&report), [FindingKind::Pruned]);
    assert_eq!((report.first, report.checked), (512, 188));
    let accepted = Accepted {
        first: 512,
        ..Accepted::default()
    };
    let accepting = Asked {
        accepted,
        ..asked()
    };
    assert_eq!(self::report(dir.path(), &accepting).outcome, Outcome::Good);
    // A whole tile is known by the tile above it; within one that is gone nothing is.
    let whole = both.verify(dir.path(), &asked().older(log.checkpoint(256)));
    assert_eq!(kinds(&whole), [FindingKind::Pruned]);
    let within = both.verify(dir.path(), &asked().older(log.checkpoint(300)));
    assert_eq!(
        kinds(&within),
        [FindingKind::OlderNotChecked, FindingKind::Pruned]
    );
    // The tile above still counts.
    let path = dir.path().join("tile/1/000.p/2");
    let mut tile = fs::read(&path).unwrap();
    tile[0] ^= 1;
    fs::write(&path, tile).unwrap();
    assert_eq!(both.verify(dir.path(), &asked()).outcome, Outcome::Tampered);
}

#[test]
fn a_redacted_entry_is_named_by_a_later_event() {
    let mut both = Both::start();
    let mut log = WrittenLog::of(SIZE);
    // One in the middle, some in a row, and the last of a device.
    let last = SIZE - 1;
    for number in [30, 300, 305, 306, 307, last] {
        log.redact(number);
    }
    let asked = Asked::by(log.key()).older(log.checkpoint(SIZE));
    let report = both.verify(written(&log).path(), &asked);
    assert_eq!(
        kinds(&report),
        [FindingKind::Redacted],
        "{:#?}",
        report.findings
    );
    assert_eq!((report.redacted, report.outcome.exit_code()), (6, 3));
    let accepted = Accepted {
        redacted: 6,
        ..Accepted::default()
    };
    let asked = Asked { accepted, ..asked };
    assert_eq!(
        self::report(written(&log).path(), &asked).outcome,
        Outcome::Good
    );
}

#[test]
fn a_redaction_that_is_not_as_its_event_says_is_found() {
    let mut both = Both::start();
    let mut worst = |change: &dyn Fn(&mut WrittenLog)| {
        let mut log = WrittenLog::of(SIZE);
        log.redact(300);
        change(&mut log);
        let asked = Asked::by(log.key());
        found(&mut both, &log, asked)[0]
    };
    let said = |change: fn(&mut Value)| {
        move |log: &mut WrittenLog| log.change(SIZE, |event| change(&mut event["log"]["redaction"]))
    };
    assert_eq!(
        worst(&|log| drop(log.entries.pop())),
        FindingKind::RedactionUnnamed
    );
    let other_entry = said(|redaction| redaction["entry"] = json!(301));
    assert_eq!(worst(&other_entry), FindingKind::RedactionUnnamed);
    let later = said(|redaction| redaction["entry"] = json!(SIZE));
    assert_eq!(worst(&later), FindingKind::RedactionWrong);
    let other_hash = said(|redaction| redaction["leaf_hash"] = json!("A".repeat(43) + "="));
    assert_eq!(worst(&other_hash), FindingKind::RedactionWrong);
    let other_number = said(|redaction| redaction["seq"] = json!(1));
    let lies = [FindingKind::Sequence, FindingKind::RedactionWrong];
    assert!(lies.contains(&worst(&other_number)));
    let other_device = said(|redaction| redaction["device"] = json!(device(9)));
    assert!(lies.contains(&worst(&other_device)));
}

/// One who has the key signs a log whose events are not right.
#[test]
fn what_the_entries_say_is_checked_even_if_it_is_signed() {
    let mut both = Both::start();
    let mut worst = |change: &dyn Fn(&mut WrittenLog)| {
        let mut log = WrittenLog::of(SIZE);
        change(&mut log);
        let asked = Asked::by(log.key());
        found(&mut both, &log, asked)[0]
    };
    let changed = |change: fn(&mut Value)| move |log: &mut WrittenLog| log.change(301, change);
    assert_eq!(
        worst(&|log| drop(log.entries.remove(301))),
        FindingKind::Sequence
    );
    assert_eq!(
        worst(&|log| log.entries.insert(302, log.entries[301].clone())),
        FindingKind::Sequence
    );
    assert_eq!(
        worst(&|log| log.entries.swap(301, 308)),
        FindingKind::Sequence
    );
    let moved = changed(|event| event["device"] = json!(device(3)));
    assert_eq!(worst(&moved), FindingKind::Sequence);
    let numbered = changed(|event| event["seq"] = json!(1_000_000));
    assert_eq!(worst(&numbered), FindingKind::Sequence);
    let set = changed(|event| event["exchange"]["policy_set"] = json!("0".repeat(64)));
    assert_eq!(worst(&set), FindingKind::PolicySet);
    let set = changed(|event| event["exchange"]["policy_set"] = json!("../checkpoint"));
    assert_eq!(worst(&set), FindingKind::PolicySet);
    let stub = changed(|event| event["type"] = json!("redacted"));
    assert_eq!(worst(&stub), FindingKind::EventForm);
    let spaced = |log: &mut WrittenLog| log.entries[301].push(b' ');
    assert_eq!(worst(&spaced), FindingKind::EventForm);
    let no_event = |log: &mut WrittenLog| log.entries[301].truncate(40);
    assert_eq!(worst(&no_event), FindingKind::EventForm);
    let unsalted = |log: &mut WrittenLog| drop(log.entries[301].splice(..17, [0]));
    assert_eq!(worst(&unsalted), FindingKind::Unsalted);
}

#[test]
fn an_event_of_a_newer_version_cannot_be_checked() {
    let mut log = WrittenLog::of(SIZE);
    let newer = br#"{"v":3,"of":"something that nobody knows yet"}"#;
    log.entries[301].truncate(17);
    log.entries[301].extend(newer);
    // Its number is unknown, so that the next one of its device does not follow.
    log.entries.truncate(302);
    let report = Both::start().verify(written(&log).path(), &Asked::by(log.key()));
    assert_eq!(kinds(&report), [FindingKind::EventVersion]);
    assert_eq!(report.outcome.exit_code(), 2);
}

#[test]
fn a_key_that_is_not_the_logs_checks_nothing() {
    let mut both = Both::start();
    let log = WrittenLog::of(300);
    let dir = written(&log);
    let mut unsigned = |key| {
        let report = both.verify(dir.path(), &Asked::by(key));
        assert_eq!(kinds(&report), [FindingKind::CheckpointUnsigned]);
        assert_eq!((report.outcome.exit_code(), report.checked), (2, 0));
    };
    unsigned(log.origin.key([1; 32]).unwrap());
    let elsewhere = WrittenLog {
        origin: "other.example/01970000-0000-7000-8000-000000000001/1"
            .parse()
            .unwrap(),
        ..WrittenLog::of(0)
    };
    unsigned(elsewhere.key());
    // A key of a later epoch, of which this log knows nothing.
    let later = WrittenLog {
        origin: origin(2),
        ..WrittenLog::of(0)
    };
    let report = both.verify(dir.path(), &Asked::by(later.key()));
    assert_eq!(kinds(&report), [FindingKind::EpochOlder]);
    // A second signature of the same key, and one more of somebody unknown.
    let note = log.checkpoint(300);
    let line = note.lines().last().unwrap();
    put(
        dir.path(),
        "checkpoint",
        format!("{note}{line}\n").as_bytes(),
    );
    let report = both.verify(dir.path(), &Asked::by(log.key()));
    assert_eq!(kinds(&report), [FindingKind::SignatureWrong]);
    let unknown = format!("{note}\u{2014} unknown.example AAAAAAAA\n");
    put(dir.path(), "checkpoint", unknown.as_bytes());
    let report = both.verify(dir.path(), &Asked::by(log.key()));
    assert_eq!(report.outcome, Outcome::Good);
}

#[test]
fn an_older_checkpoint_shows_what_was_rewritten_or_cut_off() {
    let mut both = Both::start();
    let log = WrittenLog::of(SIZE);
    let mut worst = |change: &dyn Fn(&mut WrittenLog), older: String| {
        let mut changed = WrittenLog::of(SIZE);
        change(&mut changed);
        let asked = Asked::by(log.key()).older(older);
        found(&mut both, &changed, asked).first().copied()
    };
    let renamed = |log: &mut WrittenLog| log.change(301, |event| event["actor"] = json!("api:eve"));
    let cut = |log: &mut WrittenLog| log.entries.truncate(500);
    let forked = Some(FindingKind::Forked);
    assert_eq!(worst(&renamed, log.checkpoint(302)), forked);
    assert_eq!(worst(&renamed, log.checkpoint(SIZE)), forked);
    assert_eq!(worst(&renamed, log.checkpoint(301)), None);
    assert_eq!(worst(&cut, log.checkpoint(501)), forked);
    assert_eq!(worst(&cut, log.checkpoint(500)), None);
    let stranger = WrittenLog {
        seed: [8; 32],
        ..WrittenLog::of(SIZE)
    };
    let not_checked = Some(FindingKind::OlderNotChecked);
    assert_eq!(worst(&|_| {}, stranger.checkpoint(9)), not_checked);
    let note = log.checkpoint(300);
    assert_eq!(
        worst(&|_| {}, note.replace("\n300\n", "\n301\n")),
        Some(FindingKind::SignatureWrong)
    );
}

/// 500 entries of the first epoch, of which 400 were kept.
fn forked() -> (WrittenLog, WrittenLog) {
    let old = WrittenLog::of(500);
    let mut new = WrittenLog::of(500);
    new.entries.truncate(400);
    new.origin = origin(2);
    let kept = json!({ "size": 400, "root": new.root(400).base64() });
    new.push(json!({
        "v": 2, "at": 1, "actor": "server", "type": "log.forked",
        "log": { "epoch": {
            "old_origin": origin(1).to_string(), "origin": origin(2).to_string(), "kept": kept,
        } },
    }));
    for number in 0..100 {
        new.push(json!({ "v": 2, "at": number, "actor": "server", "type": "server.started" }));
    }
    (old, new)
}

#[test]
fn epochs_are_joined_by_what_was_kept() {
    let mut both = Both::start();
    let (old, new) = forked();
    // The key of the first epoch is that of the second.
    let asked = || Asked::by(old.key());
    let report = both.verify(written(&new).path(), &asked().older(old.checkpoint(400)));
    assert_eq!(
        (report.outcome, report.epochs),
        (Outcome::Good, 1),
        "{:#?}",
        report.findings
    );
    let lost = both.verify(written(&new).path(), &asked().older(old.checkpoint(401)));
    assert_eq!(kinds(&lost), [FindingKind::Forked]);
    assert!(
        lost.findings[0].what.contains("entry 400 says"),
        "{:?}",
        lost.findings
    );
    let mut worst = |change: &dyn Fn(&mut WrittenLog)| {
        let (_, mut new) = forked();
        change(&mut new);
        found(&mut both, &new, asked()).first().copied()
    };
    let wrong = Some(FindingKind::EpochJoin);
    let said = |change: fn(&mut Value)| {
        move |log: &mut WrittenLog| log.change(400, |event| change(&mut event["log"]["epoch"]))
    };
    assert_eq!(worst(&|_| {}), None);
    assert_eq!(worst(&|log| log.origin = origin(3)), wrong);
    assert_eq!(worst(&|log| log.origin = origin(1)), wrong);
    assert_eq!(
        worst(&said(|epoch| epoch["kept"]["size"] = json!(399))),
        wrong
    );
    assert_eq!(
        worst(&said(|epoch| epoch["kept"]["size"] = json!(401))),
        wrong
    );
    assert_eq!(
        worst(&said(|epoch| epoch["origin"] = epoch["old_origin"].clone())),
        wrong
    );
    assert_eq!(
        worst(&said(|epoch| epoch["old_origin"] = json!("x"))),
        wrong
    );
    // A second epoch whose beginning nobody says.
    assert_eq!(
        worst(&|log| log.change(400, |event| *event = json!({
            "v": 2, "at": 1, "actor": "server", "type": "server.started", "seq": event["seq"],
        }))),
        wrong
    );
}

#[test]
fn a_trust_file_asks_for_its_witnesses() {
    let log = WrittenLog::of(300);
    let dir = written(&log);
    let ((one, one_key), (_, two_key)) = (witness(1), witness(2));
    let policy = |quorum: &str| {
        let key = log.key();
        format!(
            "log {key}\nwitness a {one_key}\nwitness b {two_key}\ngroup all all a b\nquorum {quorum}\n"
        )
    };
    let ask = |quorum: &str| {
        let asked = Asked {
            policy: Some(policy(quorum)),
            ..Asked::default()
        };
        report(dir.path(), &asked)
    };
    assert_eq!(ask("none").outcome, Outcome::Good);
    assert_eq!(kinds(&ask("a")), [FindingKind::Unwitnessed]);
    assert_eq!(ask("a").outcome.exit_code(), 3);
    let note = log.checkpoint(300);
    let (checkpoint, mut note) = Checkpoint::from_note(note.as_bytes()).unwrap();
    note.add(
        one_key.cosign(&checkpoint.text(), 1_700_000_000, |message| {
            one.sign(message)
        }),
    );
    put(dir.path(), "checkpoint", note.to_string().as_bytes());
    let report = ask("a");
    assert_eq!(
        (report.outcome, report.witnesses),
        (Outcome::Good, vec![("a".to_owned(), 1_700_000_000)])
    );
    assert_eq!(kinds(&ask("all")), [FindingKind::Unwitnessed]);
    // A cosignature with another time than it was made at.
    let mut line = note.signatures().last().unwrap().clone();
    line.signature[7] ^= 1;
    note.add(line);
    put(dir.path(), "checkpoint", note.to_string().as_bytes());
    assert_eq!(kinds(&ask("none")), [FindingKind::SignatureWrong]);
}

#[test]
fn files_that_do_not_belong_there_are_found() {
    let mut both = Both::start();
    let log = WrittenLog::of(300);
    let asked = Asked::by(log.key());
    let mut worst = |change: &dyn Fn(&Path)| {
        let dir = written(&log);
        change(dir.path());
        let report = both.verify(dir.path(), &asked);
        kinds(&report).first().copied()
    };
    let foreign = Some(FindingKind::FileForeign);
    // A tile of an older, smaller tree.
    assert_eq!(worst(&|dir| put(dir, "tile/0/000.p/7", &[0; 224])), foreign);
    assert_eq!(worst(&|dir| put(dir, "tile/2/000", b"")), foreign);
    assert_eq!(worst(&|dir| put(dir, "tile/notes.txt", b"")), foreign);
    let manifest = Some(FindingKind::Manifest);
    assert_eq!(worst(&|dir| put(dir, "notes.txt", b"")), manifest);
    assert_eq!(
        worst(&|dir| fs::remove_dir_all(dir.join("keys")).unwrap()),
        manifest
    );
    let listed = |dir: &Path| {
        put(dir, "view.jsonl", b"");
        log.write_manifest(dir);
    };
    assert_eq!(worst(&listed), None);
    let missing = Some(FindingKind::FileMissing);
    assert_eq!(
        worst(&|dir| fs::remove_file(dir.join("tile/0/000")).unwrap()),
        missing
    );
    assert_eq!(
        worst(&|dir| fs::remove_file(dir.join("manifest.json")).unwrap()),
        missing
    );
    let unreadable = Some(FindingKind::FileUnreadable);
    let link = |dir: &Path| {
        fs::rename(dir.join("tile/0/000"), dir.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.join("elsewhere"), dir.join("tile/0/000")).unwrap();
    };
    assert_eq!(worst(&link), unreadable);
    let linked_directory = |dir: &Path| {
        fs::rename(dir.join("tile"), dir.join("tiles")).unwrap();
        std::os::unix::fs::symlink(dir.join("tiles"), dir.join("tile")).unwrap();
    };
    assert_eq!(worst(&linked_directory), unreadable);
    let nothing = |dir: &Path| {
        files(dir)
            .iter()
            .for_each(|path| fs::remove_file(dir.join(path)).unwrap());
    };
    assert_eq!(worst(&nothing), Some(FindingKind::CheckpointForm));
}
