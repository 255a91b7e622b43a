//! What a verification knows at its end, so that a later one of the same log, grown since, has
//! to check only what is new.

use serde::{Deserialize, Serialize};

use super::events::EventChecks;
use super::finding::{Finding, FindingKind};
use super::index::Index;
use super::source::{GrownTiles, LogSource, SourceFault};
use super::walk::Walk;
use crate::tlog::proof::{self, MakeFault};
use crate::tlog::{Checkpoint, Frontier, Hash, Origin};

/// The form that is written.
const FORM: u32 = 1;
/// How findings call it.
const PLACE: &str = "state";

/// A log as far as it was verified and found good: its tree, and what its entries said that
/// later ones are compared with. It is serialized as JSON, and takes some 60 bytes per device.
///
/// Whoever goes on from it trusts it as much as the verification that it comes from: it has to
/// be kept where those who run the server cannot write.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedState {
    form: u32,
    origin: Origin,
    size: u64,
    root: Hash,
    frontier: Vec<Hash>,
    /// The number of the first entry that was checked.
    first: u64,
    events: EventChecks,
}

impl VerifiedState {
    pub(super) fn new(
        checkpoint: &Checkpoint,
        frontier: &Frontier,
        first: u64,
        events: EventChecks,
    ) -> Self {
        VerifiedState {
            form: FORM,
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
            frontier: frontier.roots().to_vec(),
            first,
            events,
        }
    }

    /// How many entries the tree had.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The number of the first entry that was checked.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Whether the log of this checkpoint is the same one, and begins with what was verified.
    /// The tiles that are read for it are all those that were not full.
    pub(super) fn is_beginning_of<S: LogSource + ?Sized>(
        &self,
        checkpoint: &Checkpoint,
        source: &mut S,
    ) -> Result<(), Finding> {
        let finding = |kind, what: String| Finding::new(kind, PLACE, what);
        let not_checked = |what| finding(FindingKind::OlderNotChecked, what);
        let forked = |what| Err(finding(FindingKind::Forked, what));
        if self.form != FORM {
            let what = format!("its form is {}: expected {FORM}", self.form);
            return Err(not_checked(what));
        }
        if !self.origin.same_log(&checkpoint.origin) {
            return Err(not_checked(format!("it is of the log {}", self.origin)));
        }
        if self.edge().is_none() {
            let what = "its hashes do not come to its root".to_owned();
            return Err(not_checked(what));
        }
        if self.origin.epoch() > checkpoint.origin.epoch() {
            return forked(format!("it is of {}, a later epoch", self.origin));
        }
        let size = self.size;
        if size > checkpoint.size {
            let found = checkpoint.size;
            return forked(format!("it has {size} entries, this log has {found}"));
        }
        let mut tiles = GrownTiles {
            size: checkpoint.size,
            source,
        };
        match proof::root_of(size, &mut tiles) {
            Ok(root) if root == self.root => Ok(()),
            Ok(_) => forked(format!("the first {size} entries have another root")),
            Err(MakeFault::Read {
                why: SourceFault::Missing(path),
                ..
            }) => Err(not_checked(format!(
                "the root of its {size} entries needs {path}, which is not there"
            ))),
            Err(MakeFault::Read { why, .. }) => Err(why.into()),
            Err(fault) => Err(not_checked(fault.to_string())),
        }
    }

    /// Goes on from it, in a tree of so many entries that begins with it.
    pub(super) fn resume(self, size: u64) -> (Walk, EventChecks) {
        let edge = self.edge().unwrap_or_default();
        let mut events = self.events;
        events.index = Index::skipped();
        (Walk::resume(size, edge), events)
    }

    fn edge(&self) -> Option<Frontier> {
        let edge = Frontier::new(self.size, self.frontier.clone());
        edge.filter(|edge| edge.root() == self.root)
    }
}
