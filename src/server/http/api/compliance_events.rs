//! What events say of compliance, as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::event_parts::full;
use crate::app::input::Time;
use crate::app::word::Word;
use modegate_core::compliance::{ComplianceState, Reason};
use modegate_core::event::{
    BaselineRecord, ComplianceRecord, ControlRecord, Event, SnapshotRecord,
};

/// A baseline that an event names.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct BaselineNameView {
    id: String,
    /// SHA-256 of its text.
    digest: String,
}

impl From<&BaselineRecord> for BaselineNameView {
    fn from(record: &BaselineRecord) -> Self {
        BaselineNameView {
            id: record.id.clone(),
            digest: record.digest.clone(),
        }
    }
}

/// What changed in the verdicts on a device by one baseline.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ComplianceChangeView {
    baseline: BaselineNameView,
    controls: Vec<ControlChangeView>,
    /// The controls that are judged no longer.
    ended: Vec<String>,
}

/// A verdict as it is on record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ControlChangeView {
    control: String,
    state: Word<ComplianceState>,
    since: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneath: Option<Word<ComplianceState>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Word<Reason>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// The device's event of the exchange that brought the reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<u64>,
}

impl ComplianceChangeView {
    pub(super) fn new(event: &Event, record: &ComplianceRecord) -> Self {
        let control = |control: &ControlRecord| ControlChangeView {
            control: control.control.clone(),
            state: Word(control.state),
            since: Time(control.since),
            beneath: control.beneath.map(Word),
            reason: control.reason.map(Word),
            until: control.until.map(Time),
            value: control.value.clone(),
            value_sha256: control.value_sha256.clone(),
            read_at: control.read_at.map(Time),
            command: control.command.and_then(|seq| full(event, seq)),
            event: control.event,
        };
        ComplianceChangeView {
            baseline: BaselineNameView::from(&record.baseline),
            controls: record.controls.iter().map(control).collect(),
            ended: record.ended.clone(),
        }
    }
}

/// The list of all devices that a baseline covers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct SnapshotView {
    baseline: BaselineNameView,
    at: Time,
    devices: u64,
    lines: u64,
    /// How many devices are in each state.
    counts: CountsView,
    /// The root of the tree of its lines, in base64.
    root: String,
}

/// How many devices are in each state.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CountsView {
    compliant: u64,
    exempt: u64,
    in_grace: u64,
    unknown: u64,
    not_compliant: u64,
}

impl From<&SnapshotRecord> for SnapshotView {
    fn from(record: &SnapshotRecord) -> Self {
        let counts = &record.counts;
        SnapshotView {
            baseline: BaselineNameView::from(&record.baseline),
            at: Time(record.at),
            devices: record.devices,
            lines: record.lines,
            counts: CountsView {
                compliant: counts.compliant,
                exempt: counts.exempt,
                in_grace: counts.in_grace,
                unknown: counts.unknown,
                not_compliant: counts.not_compliant,
            },
            root: record.root.clone(),
        }
    }
}
