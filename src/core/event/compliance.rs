//! What events say of compliance: never a value that no control reads.

use serde::{Deserialize, Serialize};

use crate::compliance::{Baseline, ComplianceState, Reason};
use crate::compliance::{
    BaselineSet, Change, ControlId, Shown, SnapshotHead, StateCounts, Verdict,
};
use crate::time::Timestamp;

/// A baseline by its id and the text that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRecord {
    /// Its id.
    pub id: String,
    /// SHA-256 of its text, 64 hexadecimal digits.
    pub digest: String,
}

impl BaselineRecord {
    /// Of each baseline of a set.
    pub fn all(set: &BaselineSet) -> Vec<Self> {
        let one = |baseline: &Baseline| BaselineRecord {
            id: baseline.id.to_string(),
            digest: baseline.digest.to_string(),
        };
        set.baselines().iter().map(one).collect()
    }
}

/// What changed in the verdicts on a device by one baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceRecord {
    /// The baseline.
    pub baseline: BaselineRecord,
    /// The controls whose state, reason or value is another, or that are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<ControlRecord>,
    /// The controls that are judged no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<String>,
}

/// A verdict as it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// The control.
    pub control: String,
    /// The state.
    pub state: ComplianceState,
    /// Since when.
    pub since: Timestamp,
    /// For one that is exempt: the state beneath.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneath: Option<ComplianceState>,
    /// Why nothing is known, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the grace or the exemption ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The value that decided it, where it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// SHA-256 of the value, where it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_sha256: Option<String>,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// The command that read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<u32>,
    /// The number of the device's event of the exchange that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
}

impl ComplianceRecord {
    /// Of what changed.
    pub fn new(change: &Change) -> Self {
        let controls = change.controls.iter();
        ComplianceRecord {
            baseline: BaselineRecord {
                id: change.baseline.to_string(),
                digest: change.digest.to_string(),
            },
            controls: controls
                .map(|(control, verdict)| ControlRecord::new(control, verdict))
                .collect(),
            ended: change.ended.iter().map(ToString::to_string).collect(),
        }
    }
}

impl ControlRecord {
    fn new(control: &ControlId, verdict: &Verdict) -> Self {
        let (state, beneath) = (verdict.state(), verdict.state_beneath());
        let evidence = verdict.evidence.as_ref();
        let (value, value_sha256) = match evidence.map(|evidence| &evidence.value) {
            Some(Shown::Value(value)) => (Some(value.json()), None),
            Some(Shown::Digest(digest)) => (None, Some(data_encoding::HEXLOWER.encode(digest))),
            None => (None, None),
        };
        ControlRecord {
            control: control.to_string(),
            state,
            since: verdict.since,
            beneath: (beneath != state).then_some(beneath),
            reason: verdict.reason(),
            until: verdict.ends_at(),
            value: value.filter(|value| !value.is_null()),
            value_sha256,
            read_at: evidence.map(|evidence| evidence.read_at),
            command: evidence.and_then(|evidence| Some(evidence.command?.0)),
            event: evidence.and_then(|evidence| evidence.event),
        }
    }
}

/// The population of a baseline at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// The baseline.
    pub baseline: BaselineRecord,
    /// When the list was begun.
    pub at: Timestamp,
    /// How many devices it has.
    pub devices: u64,
    /// How many lines it has: one per device and control.
    pub lines: u64,
    /// How many devices are in each state.
    pub counts: StateCounts,
    /// The root of the tree of its lines, in base64.
    pub root: String,
}

impl SnapshotRecord {
    /// Of a list of that baseline that was begun then.
    pub fn new(baseline: &Baseline, at: Timestamp, head: &SnapshotHead) -> Self {
        SnapshotRecord {
            baseline: BaselineRecord {
                id: baseline.id.to_string(),
                digest: baseline.digest.to_string(),
            },
            at,
            devices: head.counts.total(),
            lines: head.lines,
            counts: head.counts,
            root: head.root.base64(),
        }
    }

    /// Whether it is the record of the list that this proves.
    pub fn is_of(&self, head: &SnapshotHead) -> bool {
        let counted = (self.devices, self.lines, self.counts);
        counted == (head.counts.total(), head.lines, head.counts) && self.root == head.root.base64()
    }
}
