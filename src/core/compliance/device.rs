//! The verdicts on one device: what changed, when time alone changes them, and which readings
//! are missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::verdict::{ComplianceState, Verdict};
use super::{BaselineDigest, BaselineId, BaselineSet, ControlId};
use crate::ids::CommandSeq;
use crate::inventory::Inventory;
use crate::time::Timestamp;

/// The device that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its groups.
    pub groups: &'a [String],
    /// What the server knows of it.
    pub facts: Facts,
    /// What was read from it.
    pub inventory: &'a Inventory,
}

/// The verdicts on one device, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceCompliance {
    /// By the baselines that cover it.
    pub baselines: BTreeMap<BaselineId, BaselineVerdicts>,
    /// When each class or node was last asked for so that a control can be judged.
    pub asked: BTreeMap<String, Timestamp>,
}

/// The verdicts by one baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineVerdicts {
    /// The digest of the baseline.
    pub digest: BaselineDigest,
    /// By control.
    pub controls: BTreeMap<ControlId, Verdict>,
}

/// What judging a device came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The verdicts now.
    pub after: DeviceCompliance,
    /// What is another than before, by baseline; each is one event.
    pub changes: Vec<Change>,
    /// When it is to be judged again though nothing moves: time alone changes a verdict then,
    /// or a reading is due.
    pub next_at: Option<Timestamp>,
    /// Classes and nodes to be read now, as an inventory command names them.
    pub reads: Vec<String>,
}

/// What changed by one baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The baseline.
    pub baseline: BaselineId,
    /// Its digest.
    pub digest: BaselineDigest,
    /// The controls whose state, reason or value is another, or that are new.
    pub controls: Vec<(ControlId, Verdict)>,
    /// The controls that are judged no longer; all, where the baseline covers the device no
    /// longer.
    pub ended: Vec<ControlId>,
}

impl DeviceCompliance {
    /// Every verdict, with its baseline and control, in order.
    pub fn verdicts(&self) -> impl Iterator<Item = (&BaselineId, &ControlId, &Verdict)> {
        self.baselines.iter().flat_map(|(id, baseline)| {
            let controls = baseline.controls.iter();
            controls.map(move |(control, verdict)| (id, control, verdict))
        })
    }

    /// The device's state: that of its worst control. `None` where no baseline covers it,
    /// which is never compliant (see [`NOT_COVERED`](super::NOT_COVERED)).
    pub fn state(&self) -> Option<ComplianceState> {
        let states = self.baselines.values().filter_map(BaselineVerdicts::state);
        states.max()
    }

    /// Whether the device is covered and every control is compliant or exempt.
    /// With a baseline: by that one alone.
    pub fn is_compliant(&self, baseline: Option<&BaselineId>) -> bool {
        let state = match baseline {
            None => self.state(),
            Some(id) => self.baselines.get(id).and_then(BaselineVerdicts::state),
        };
        state.is_some_and(|state| state <= ComplianceState::Exempt)
    }
}

impl Evaluation {
    /// The commands of new evidence, of which the exchange's event is still to be named.
    pub fn unnamed(&self) -> BTreeSet<CommandSeq> {
        let verdicts = self.after.verdicts();
        let evidence = verdicts.filter_map(|(_, _, verdict)| verdict.evidence.as_ref());
        let unnamed = evidence.filter(|evidence| evidence.event.is_none());
        unnamed.filter_map(|evidence| evidence.command).collect()
    }

    /// Names the events of the exchanges that brought the answers of commands.
    pub fn name_events(&mut self, events: &BTreeMap<CommandSeq, u64>) {
        let kept = self.after.baselines.values_mut();
        let kept = kept.flat_map(|baseline| baseline.controls.values_mut());
        let changed = self.changes.iter_mut();
        let changed = changed.flat_map(|change| change.controls.iter_mut());
        for verdict in kept.chain(changed.map(|(_, verdict)| verdict)) {
            if let Some(evidence) = &mut verdict.evidence {
                let found = evidence.command.and_then(|command| events.get(&command));
                evidence.event = evidence.event.or(found.copied());
            }
        }
    }
}

impl BaselineVerdicts {
    /// The state of the worst control; `None` where there is no control.
    pub fn state(&self) -> Option<ComplianceState> {
        self.controls.values().map(Verdict::state).max()
    }
}

impl BaselineSet {
    /// Judges a device. `before` is what was stored of it; `read_hours` after how many hours
    /// a reading that is still missing is asked for again, 0 if none is ever asked for. The
    /// evaluation has yet to be told the events ([`Evaluation::unnamed`]).
    pub fn evaluate(
        &self,
        _subject: &Subject<'_>,
        _before: &DeviceCompliance,
        _now: Timestamp,
        _read_hours: u32,
    ) -> Evaluation {
        todo!()
    }
}
