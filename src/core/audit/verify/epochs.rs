//! Epochs: each goes on from what was kept of the one before, and says so.

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind};
use crate::log_record::EpochRecord;
use crate::tlog::{Hash, Origin};

/// Where one epoch goes over into the next.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// The entry that says so.
    pub(super) entry: u64,
    /// The epoch that ended.
    pub(super) old: Origin,
    /// The one that began.
    pub(super) new: Origin,
    /// What was kept of the old one.
    pub(super) kept: u64,
    /// Its root.
    pub(super) root: Hash,
}

/// The epochs of a log, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Epochs(Vec<Join>);

impl Epochs {
    /// Takes a statement that an epoch began.
    pub(super) fn take(&mut self, entry: u64, record: &EpochRecord) -> Result<(), Finding> {
        let wrong = |what: String| Finding::at(entry, FindingKind::EpochJoin, what);
        let origin = |text: &str| {
            let parsed = text.parse::<Origin>();
            parsed.map_err(|fault| wrong(format!("the origin `{text}`: {fault}")))
        };
        let (old, new) = (origin(&record.old_origin)?, origin(&record.origin)?);
        let root = Hash::from_base64(&record.kept.root)
            .ok_or_else(|| wrong("the root of what was kept is no hash".to_owned()))?;
        let kept = record.kept.size;
        if !old.same_log(&new) || new.epoch() <= old.epoch() {
            return Err(wrong(format!("{new} is no later epoch of {old}")));
        }
        if let Some(before) = self.0.last().filter(|before| before.new != old) {
            let what = format!("the epoch before is {}, it says {old}", before.new);
            return Err(wrong(what));
        }
        if kept > entry {
            let what = format!("it keeps {kept} entries, and there are {entry} before it");
            return Err(wrong(what));
        }
        self.0.push(Join {
            entry,
            old,
            new,
            kept,
            root,
        });
        Ok(())
    }

    /// The places where one epoch goes over into the next.
    pub(super) fn joins(&self) -> &[Join] {
        &self.0
    }

    /// How many entries of the tree of that epoch this log has for sure, and who says so;
    /// `None` where it has all of them.
    pub(super) fn kept_of(&self, epoch: u64) -> Option<&Join> {
        let later = self.0.iter().filter(|join| join.old.epoch() >= epoch);
        later.min_by_key(|join| join.kept)
    }

    /// What is wrong where the checkpoint is of that origin.
    pub(super) fn close(&self, origin: &Origin, whole: bool) -> Option<Finding> {
        let wrong = |what| Some(Finding::new(FindingKind::EpochJoin, "checkpoint", what));
        match self.0.last() {
            Some(last) if last.new != *origin => wrong(format!(
                "it is of {origin}, and entry {} begins {}",
                last.entry, last.new
            )),
            None if whole && origin.epoch() > FIRST => {
                wrong(format!("no entry says where {origin} began"))
            }
            _ => match self
                .0
                .first()
                .filter(|join| whole && join.old.epoch() > FIRST)
            {
                Some(first) => wrong(format!("no entry says where {} began", first.old)),
                None => None,
            },
        }
    }
}

/// The epoch that a new log begins with.
const FIRST: u64 = 1;
