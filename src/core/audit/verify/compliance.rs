//! What entries say of compliance: each baseline that they name is there, and a list of
//! devices that is there is one whose root they state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind, Findings};
use super::source::LogSource;
use crate::audit::manifest::{digest as digest_of, is_digest, snapshot_path};
use crate::compliance::snapshot::ListCheck;
use crate::event::{BaselineRecord, Event, SnapshotRecord};
use crate::tlog::Hash;

/// So many baselines are known not to need another look.
const BASELINES: usize = 10_000;
/// So many of the latest lists are known: a daily one of ten baselines for decades.
const LISTS: usize = 100_000;

/// What was seen so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ComplianceChecks {
    baselines: BTreeSet<String>,
    /// What events state of lists, by the path that an export has each under.
    lists: BTreeMap<String, SnapshotRecord>,
}

impl ComplianceChecks {
    /// Looks at an event.
    pub(super) fn take<S: LogSource + ?Sized>(
        &mut self,
        number: u64,
        event: &Event,
        source: &mut S,
        findings: &mut Findings,
    ) {
        let changed = event.compliance.iter().map(|record| &record.baseline);
        let listed = event.snapshot.iter().map(|record| &record.baseline);
        for baseline in event.baselines.iter().chain(changed).chain(listed) {
            let checked = self.baseline(number, baseline, source);
            checked.unwrap_or_else(|finding| findings.add(finding));
        }
        if let Some(record) = &event.snapshot {
            match Hash::from_base64(&record.root) {
                Some(root) if self.lists.len() < LISTS => {
                    let path = snapshot_path(&record.baseline.id, &root);
                    self.lists.insert(path, (**record).clone());
                }
                Some(_) => {}
                None => {
                    let what = format!("it states no root of a list: '{}'", record.root);
                    findings.add(Finding::at(number, FindingKind::List, what));
                }
            }
        }
    }

    /// Each text is looked at once.
    fn baseline<S: LogSource + ?Sized>(
        &mut self,
        number: u64,
        named: &BaselineRecord,
        source: &mut S,
    ) -> Result<(), Finding> {
        let digest = &named.digest;
        if self.baselines.contains(digest) {
            return Ok(());
        }
        if self.baselines.len() < BASELINES {
            self.baselines.insert(digest.clone());
        }
        let wrong = |what: String| Finding::at(number, FindingKind::Baseline, what);
        if !is_digest(digest) {
            return Err(wrong("it names a baseline by no digest".to_owned()));
        }
        let text = source
            .baseline(digest)
            .map_err(|fault| wrong(format!("the baseline {}: {fault}", named.id)))?;
        match digest_of(&text) == *digest {
            true => Ok(()),
            false => Err(wrong(format!("the baseline {digest} is another one"))),
        }
    }

    /// Compares the lists that are there with what events state of them.
    pub(super) fn close<S: LogSource + ?Sized>(
        &self,
        source: &mut S,
        findings: &mut Findings,
    ) -> Result<(), Finding> {
        for path in source.lists()? {
            let wrong = |what: String| Finding::new(FindingKind::List, path.clone(), what);
            let Some(stated) = self.lists.get(&path) else {
                findings.add(wrong("no event states its root".to_owned()));
                continue;
            };
            let mut check = ListCheck::default();
            source.list(&path, &mut |line| check.line(line))?;
            match check.head() {
                Ok(head) if stated.is_of(&head) => {}
                Ok(head) => {
                    let what = format!(
                        "its root is {}: it is not the one listed",
                        head.root.base64()
                    );
                    findings.add(wrong(what));
                }
                Err(why) => findings.add(wrong(why)),
            }
        }
        Ok(())
    }
}
