//! Redacted entries: each is named by a later event, with the hash that it has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind};
use super::sequences::Chain;
use crate::tlog::Hash;

/// What was redacted, by the entries and by the events that say so. It grows with their
/// number only.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redactions {
    found: BTreeMap<u64, Hash>,
    named: BTreeMap<u64, Named>,
    /// The numbers with which a database lists them.
    #[serde(skip)]
    listed: BTreeMap<u64, (Chain, u64)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    leaf_hash: String,
    number: (Chain, u64),
}

impl Redactions {
    /// A redacted entry.
    pub(super) fn found(&mut self, entry: u64, leaf: Hash) {
        self.found.insert(entry, leaf);
    }

    /// A database lists a redacted entry with this number.
    pub(super) fn listed(&mut self, entry: u64, number: (Chain, u64)) {
        self.listed.insert(entry, number);
    }

    /// How many redacted entries there are so far.
    pub(super) fn count(&self) -> u64 {
        self.found.len() as u64
    }

    /// An event at `at` says that an entry was redacted.
    pub(super) fn named(
        &mut self,
        at: u64,
        entry: u64,
        leaf_hash: &str,
        number: (Chain, u64),
    ) -> Result<(), Finding> {
        let wrong = |what| Finding::at(at, FindingKind::RedactionWrong, what);
        if entry >= at {
            let what = format!("it says that entry {entry} was redacted, which is not before it");
            return Err(wrong(what));
        }
        // One that is not redacted here was copied before that happened.
        let leaf_hash = leaf_hash.to_owned();
        match self.named.insert(entry, Named { leaf_hash, number }) {
            None => Ok(()),
            Some(_) => Err(wrong(format!(
                "it says once more that entry {entry} was redacted"
            ))),
        }
    }

    /// What is not right, and the numbers of what was redacted.
    pub(super) fn close(&self) -> (Vec<Finding>, BTreeSet<(Chain, u64)>) {
        let (mut findings, mut numbers) = (Vec::new(), BTreeSet::new());
        for (&entry, leaf) in &self.found {
            let finding = match self.named.get(&entry) {
                None => (
                    FindingKind::RedactionUnnamed,
                    "it is redacted, and no later event says so".to_owned(),
                ),
                Some(named) if named.leaf_hash != leaf.base64() => (
                    FindingKind::RedactionWrong,
                    format!(
                        "it has the hash {}, its event says {}",
                        leaf.base64(),
                        named.leaf_hash
                    ),
                ),
                Some(named) if self.listed.get(&entry).is_some_and(|n| *n != named.number) => (
                    FindingKind::Index,
                    "it is listed with another number than its event says".to_owned(),
                ),
                Some(named) if numbers.insert(named.number) => continue,
                Some(_) => (
                    FindingKind::RedactionWrong,
                    "its event gives it the number of another redacted entry".to_owned(),
                ),
            };
            findings.push(Finding::at(entry, finding.0, finding.1));
        }
        (findings, numbers)
    }
}
