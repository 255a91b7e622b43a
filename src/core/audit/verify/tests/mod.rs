//! Each check of the verifier, by a log that is wrong in one thing: all that is found is what
//! that check finds. Without the check, the log passes or is found in other words.
#![allow(clippy::unwrap_used)]

mod checkpoints;
mod database;
mod entries;
mod epochs;
mod memory_log;
mod state;
mod tree;

use std::collections::BTreeSet;

use super::FindingKind;
use memory_log::MemoryLog;

/// What is wrong with a log, and all that is found of it: kind, place, and some of the words.
type Case = (
    &'static str,
    fn(&mut MemoryLog),
    &'static [(FindingKind, &'static str, &'static str)],
);

/// Entries of the log that a case changes.
const SIZE: usize = 300;

fn cases() -> impl Iterator<Item = &'static Case> {
    let parts = [
        checkpoints::CASES,
        database::CASES,
        epochs::CASES,
        entries::CASES,
        tree::CASES,
    ];
    parts.into_iter().flatten()
}

#[test]
fn each_check_finds_what_only_it_finds() {
    let good = MemoryLog::of(SIZE);
    for (what, change, expected) in cases() {
        let mut log = good.clone();
        change(&mut log);
        let report = log.verify();
        let found = &report.findings;
        let as_expected = found.len() == expected.len()
            && expected
                .iter()
                .zip(found)
                .all(|((kind, place, words), found)| {
                    found.kind == *kind && found.place == *place && found.what.contains(words)
                });
        assert!(
            as_expected,
            "{what}: expected {expected:?}, found {found:#?}"
        );
        let outcomes = expected.iter().map(|(kind, ..)| kind.outcome());
        assert_eq!(
            Some(report.outcome),
            outcomes.max().or(Some(super::Outcome::Good))
        );
    }
}

#[test]
fn every_kind_of_finding_has_a_case() {
    let found = cases().flat_map(|(_, _, expected)| expected.iter().map(|(kind, ..)| *kind));
    let found: BTreeSet<FindingKind> = found.collect();
    let mut all = BTreeSet::from(FindingKind::ALL);
    // What is found of files with proofs alone, not of a whole log.
    all.remove(&FindingKind::Proof);
    assert_eq!(found, all);
}
