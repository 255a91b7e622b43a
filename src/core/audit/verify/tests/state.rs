//! A verification that goes on from where an earlier one ended: it checks what is new, and finds
//! it when the log does not go on from there.

use serde_json::json;

use super::memory_log::{MemoryLog, device, origin};
use crate::audit::verify::{FindingKind, Outcome, Report, VerifiedState};
use crate::tlog::entry;

/// A log of so many entries, verified; what it says at the end, as a file has it.
fn verified(log: &MemoryLog) -> String {
    let (report, state) = log.clone().verify_from(None);
    let outcome = report.outcome;
    assert!(
        matches!(outcome, Outcome::Good | Outcome::Limited),
        "{:#?}",
        report.findings
    );
    serde_json::to_string(&state.unwrap()).unwrap()
}

fn from(log: MemoryLog, state: &str) -> (Report, Option<String>) {
    let state: VerifiedState = serde_json::from_str(state).unwrap();
    let (report, state) = log.verify_from(Some(state));
    let state = state.map(|state| serde_json::to_string(&state).unwrap());
    (report, state)
}

fn found(report: &Report) -> Vec<(FindingKind, &str)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.kind, finding.place.as_str()))
        .collect()
}

#[test]
fn only_what_is_new_is_checked_and_the_end_is_the_same() {
    for (before, now) in [
        (0, 300),
        (1, 2),
        (255, 300),
        (256, 600),
        (300, 300),
        (300, 1_000),
    ] {
        let state = verified(&MemoryLog::of(before));
        let log = MemoryLog::of(now);
        let whole = verified(&log);
        let (report, state) = from(log, &state);
        assert_eq!(report.outcome, Outcome::Good, "{:#?}", report.findings);
        assert_eq!(report.resumed, Some(before as u64));
        assert_eq!(report.checked, (now - before) as u64);
        assert_eq!(state, Some(whole), "{before} to {now}");
    }
}

#[test]
fn what_is_new_is_compared_with_what_was_before() {
    let state = verified(&MemoryLog::of(300));
    // A number that the device had before.
    let mut log = MemoryLog::of(300);
    log.push(json!({
        "v": 2, "at": 1, "actor": "a", "type": "device.changed", "device": device(1), "seq": 1,
    }));
    let (report, state_after) = from(log, &state);
    assert_eq!(found(&report), [(FindingKind::Sequence, "entry 300")]);
    assert_eq!(state_after, None);
    // An entry without a salt, behind one that had one.
    let mut log = MemoryLog::of(300);
    let unsalted = [&[0][..], &MemoryLog::of(301).entries[300][17..]].concat();
    log.entries.push(unsalted);
    let (report, _) = from(log, &state);
    assert_eq!(found(&report), [(FindingKind::Unsalted, "entry 300")]);
}

#[test]
fn a_log_that_does_not_go_on_from_there_is_found() {
    let state = verified(&MemoryLog::of(300));
    // Another entry, in a tile that is full and in one that was not.
    for changed in [3, 299] {
        let mut log = MemoryLog::of(600);
        log.change(changed, |event| event["actor"] = json!("b"));
        let (report, state_after) = from(log, &state);
        assert_eq!(
            found(&report),
            [(FindingKind::Forked, "state")],
            "{changed}"
        );
        assert_eq!(state_after, None);
    }
    let (report, _) = from(MemoryLog::of(299), &state);
    assert_eq!(found(&report), [(FindingKind::Forked, "state")]);
    assert_eq!(report.outcome, Outcome::Tampered);
}

#[test]
fn an_old_entry_that_shares_a_tile_with_what_is_new_is_compared() {
    let state = verified(&MemoryLog::of(300));
    let mut log = MemoryLog::of(600);
    let mut entries = log.entries[256..512].to_vec();
    entries[5] = entry::salted(&[8; 16], b"{}");
    log.put_bundle(1, &entries);
    let (report, _) = from(log, &state);
    assert_eq!(found(&report), [(FindingKind::EntryHash, "entry 261")]);
}

#[test]
fn the_state_of_another_log_or_form_or_root_is_not_gone_on_from() {
    let state = verified(&MemoryLog::of(300));
    let mut other: serde_json::Value = serde_json::from_str(&state).unwrap();
    let host = origin(1).to_string().replace("tablets", "others");
    other["origin"] = json!(host);
    let mut form = other.clone();
    form["origin"] = json!(origin(1).to_string());
    let mut root = form.clone();
    form["form"] = json!(2);
    root["root"] = json!(MemoryLog::of(299).root(299).base64());
    for (state, words) in [(other, "of the log"), (form, "form"), (root, "root")] {
        let (report, _) = from(MemoryLog::of(300), &state.to_string());
        assert_eq!(found(&report), [(FindingKind::OlderNotChecked, "state")]);
        assert_eq!(report.outcome, Outcome::NotChecked);
        assert!(report.findings[0].what.contains(words), "{words}");
    }
}

#[test]
fn what_was_deleted_since_was_verified_before() {
    let state = verified(&MemoryLog::of(300));
    let mut log = MemoryLog::of(1_000);
    log.first = 256;
    let (report, _) = from(log.clone(), &state);
    assert_eq!(report.outcome, Outcome::Good, "{:#?}", report.findings);
    assert_eq!(report.checked, 700);
    // More than that: what is left is verified as a whole, where the tiles above show that it
    // goes on from there.
    let state = verified(&MemoryLog::of(512));
    log.first = 768;
    let (report, _) = from(log.clone(), &state);
    assert_eq!(found(&report), [(FindingKind::Pruned, "entry 768")]);
    assert_eq!((report.resumed, report.checked), (None, 232));
    let state = verified(&MemoryLog::of(300));
    let (report, _) = from(log, &state);
    assert_eq!(
        report.outcome,
        Outcome::NotChecked,
        "{:#?}",
        report.findings
    );
    // Of a log that began late, it stays known.
    let mut late = MemoryLog::of(600);
    late.first = 256;
    let state = verified(&late);
    let mut later = MemoryLog::of(800);
    later.first = 512;
    let (report, _) = from(later, &state);
    assert_eq!(found(&report), [(FindingKind::Pruned, "entry 256")]);
}

#[test]
fn an_epoch_and_a_redaction_go_on_over_it() {
    let mut log = MemoryLog::of(300);
    let redacted = log.redact(20);
    let mut grown = log.clone();
    grown.say_redacted(redacted.clone());
    log.say_redacted(redacted);
    log.accepted.redacted = 1;
    let state = verified(&log);
    let mut log = grown;
    log.accepted.redacted = 1;
    log.say_epoch(1, 2, 301);
    for _ in 0..10 {
        log.push(json!({"v": 2, "at": 1, "actor": "a", "type": "server.started"}));
    }
    let (report, state) = from(log.clone(), &state);
    assert_eq!(report.outcome, Outcome::Good, "{:#?}", report.findings);
    assert_eq!((report.redacted, report.epochs, report.checked), (1, 1, 11));
    // The epoch before it keeps fewer entries than were verified in it.
    let (report, _) = from(MemoryLog::of(310), &state.unwrap());
    assert_eq!(report.outcome, Outcome::Tampered);
}
