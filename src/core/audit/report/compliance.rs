//! Compliance at the end of the period, by control, from what the log says of each change.
//!
//! Of each device and control this keeps the latest verdict: the state, since when, and where
//! its evidence is. The names of controls are kept once.

use std::collections::BTreeMap;

use super::device::DeviceFacts;
use super::value::{Column, LISTED, Listed, Row, Section, Table, Value, columns, whole};
use super::verdicts::{ControlNumber, Standing};
use crate::compliance::{ComplianceState, Reason};
use crate::event::{BaselineRecord, Event, SnapshotRecord};
use crate::ids::DeviceId;
use crate::time::Timestamp;

/// Most controls that are told apart.
const CONTROLS: usize = 10_000;

/// What the log says of compliance.
#[derive(Debug, Default)]
pub(super) struct ComplianceAudit {
    numbers: BTreeMap<(String, String), ControlNumber>,
    names: Vec<(String, String)>,
    /// Changes in the period, by control.
    changes: BTreeMap<ControlNumber, u64>,
    loaded: Listed<(Timestamp, String, BaselineRecord)>,
    in_force: Vec<BaselineRecord>,
    snapshots: Listed<SnapshotRecord>,
    unlisted: u64,
}

/// A count for each state.
type States = [u64; ComplianceState::ALL.len()];

impl ComplianceAudit {
    /// Takes in an event.
    pub(super) fn take(&mut self, event: &Event, counts: bool) {
        if !event.baselines.is_empty() {
            self.in_force.clone_from(&event.baselines);
            for baseline in event.baselines.iter().filter(|_| counts) {
                self.loaded
                    .push((event.at, event.actor.clone(), baseline.clone()));
            }
        }
        if let Some(snapshot) = event.snapshot.as_deref().filter(|_| counts) {
            self.snapshots.push(snapshot.clone());
        }
    }

    /// Takes in what an event of a device says of its verdicts.
    pub(super) fn device(&mut self, facts: &mut DeviceFacts, event: &Event, counts: bool) {
        let Some(record) = event.compliance.as_deref() else {
            return;
        };
        let baseline = &record.baseline.id;
        for control in &record.ended {
            if let Some(number) = self.number(baseline, control) {
                facts.verdicts.remove(&number);
            }
        }
        for control in &record.controls {
            let Some(number) = self.number(baseline, &control.control) else {
                self.unlisted += 1;
                continue;
            };
            *self.changes.entry(number).or_default() += u64::from(counts);
            facts
                .verdicts
                .insert(number, Standing::new(control, event.seq));
        }
    }

    fn number(&mut self, baseline: &str, control: &str) -> Option<ControlNumber> {
        let name = (baseline.to_owned(), control.to_owned());
        if let Some(number) = self.numbers.get(&name) {
            return Some(*number);
        }
        let number = ControlNumber::try_from(self.names.len()).ok()?;
        if self.names.len() == CONTROLS {
            return None;
        }
        self.numbers.insert(name.clone(), number);
        self.names.push(name);
        Some(number)
    }

    /// The baselines that were in force at the end.
    pub(super) fn in_force(&self) -> &[BaselineRecord] {
        &self.in_force
    }

    pub(super) fn section<'a>(
        &self,
        devices: impl Iterator<Item = (DeviceId, &'a DeviceFacts)>,
    ) -> Section {
        let (mut worst, mut uncovered) = (States::default(), 0_u64);
        let mut controls: BTreeMap<ControlNumber, (States, [u64; Reason::ALL.len()])> =
            BTreeMap::new();
        let mut unmet: Listed<Row> = Listed::default();
        for (id, facts) in devices.filter(|(_, facts)| facts.retired_at.is_none()) {
            match facts.verdicts.values().map(|standing| standing.state).max() {
                Some(state) => worst[state as usize] += 1,
                None => uncovered += 1,
            }
            for (number, standing) in &facts.verdicts {
                let (states, reasons) = controls.entry(*number).or_default();
                states[standing.state as usize] += 1;
                if let Some(reason) = standing.reason {
                    reasons[reason as usize] += 1;
                }
                if standing.state != ComplianceState::Compliant {
                    unmet.push(self.row(id, *number, standing));
                }
            }
        }
        let of = |state: ComplianceState| worst[state as usize];
        let bad = of(ComplianceState::NotCompliant) + of(ComplianceState::Unknown) + uncovered;
        Section::new(
            "compliance",
            "Compliance",
            "How each device stood at the end of the period to each control of the baselines in force. A device is as its worst control: not compliant, unknown, in grace, exempt, compliant. What was never read, is too old, absent or empty is unknown, never compliant.",
            "That the tablet is what it reports: each value is its own word. What needs the user can never be read from a device that is only ever seen in Machine (`needs_user`). A verdict changes with the next reading: its time is listed.",
        )
        .headline("not_compliant", bad > 0)
        .fact("compliant", "Devices that are compliant", of(ComplianceState::Compliant))
        .fact("exempt", "Devices that are exempt", of(ComplianceState::Exempt))
        .fact("in_grace", "Devices in grace", of(ComplianceState::InGrace))
        .fact("unknown", "Devices of which something is unknown", of(ComplianceState::Unknown))
        .fact("not_compliant", "Devices that are not compliant", of(ComplianceState::NotCompliant))
        .fact("not_covered", "Devices that no baseline covers, or that no verdict is on record of", uncovered)
        .fact("unlisted", "Verdicts by controls beyond those that are told apart", self.unlisted)
        .table(self.baselines())
        .table(self.controls(&controls))
        .table(unmet.table("unmet_controls", "Controls that are not met, with their evidence", UNMET, Row::clone))
        .table(self.snapshots.table("snapshots", "Daily lists of the population", SNAPSHOTS, snapshot_row))
    }

    fn baselines(&self) -> Table {
        let columns = columns! { at "Loaded", by "By", baseline "Baseline", digest "Digest" };
        self.loaded.table(
            "baselines",
            "Baselines that came into force",
            columns,
            |(at, by, of)| {
                vec![
                    (*at).into(),
                    by.as_str().into(),
                    of.id.as_str().into(),
                    Value::Code(of.digest.clone()),
                ]
            },
        )
    }

    fn controls(
        &self,
        controls: &BTreeMap<ControlNumber, (States, [u64; Reason::ALL.len()])>,
    ) -> Table {
        let columns = columns! {
            baseline "Baseline",
            control "Control",
            compliant "Compliant",
            exempt "Exempt",
            in_grace "In grace",
            unknown "Unknown",
            not_compliant "Not compliant",
            never_read "Never read",
            stale "Stale",
            absent "Absent",
            null "Null",
            needs_user "Needs user",
            unreadable "Unreadable",
            changes "Changes",
        };
        let rows = controls.iter().map(|(number, (states, reasons))| {
            let [baseline, control] = self.name(*number);
            let changes = self.changes.get(number).copied().unwrap_or(0);
            let counts = states.iter().chain(reasons).copied().map(Value::from);
            [baseline, control]
                .into_iter()
                .chain(counts)
                .chain([changes.into()])
                .collect()
        });
        let mut rows: Vec<Row> = rows.collect();
        let total = rows.len() as u64;
        rows.truncate(LISTED);
        let title = "Devices by control, and why something is unknown";
        let mut table = whole("controls", title, columns, rows);
        table.total = total;
        table
    }

    fn name(&self, number: ControlNumber) -> [Value; 2] {
        let name = usize::try_from(number)
            .ok()
            .and_then(|at| self.names.get(at));
        match name {
            Some((baseline, control)) => [baseline.as_str().into(), control.as_str().into()],
            None => [Value::None, Value::None],
        }
    }

    fn row(&self, id: DeviceId, number: ControlNumber, standing: &Standing) -> Row {
        let [baseline, control] = self.name(number);
        vec![
            id.into(),
            baseline,
            control,
            standing.state.name().into(),
            standing.beneath.map(ComplianceState::name).into(),
            standing.reason.map(Reason::name).into(),
            standing.since.into(),
            standing.until.into(),
            standing.value.as_deref().into(),
            standing.read_at.into(),
            standing.command.into(),
            standing.event.into(),
            standing.stated.into(),
        ]
    }
}

const UNMET: &[Column] = columns! {
    device "Device",
    baseline "Baseline",
    control "Control",
    state "State",
    beneath "Beneath",
    reason "Reason",
    since "Since",
    until "Until",
    value "Value",
    read_at "Read",
    command "Command",
    exchange_event "Exchange",
    event "Event",
};

const SNAPSHOTS: &[Column] = columns! {
    at "When",
    baseline "Baseline",
    devices "Devices",
    compliant "Compliant",
    exempt "Exempt",
    in_grace "In grace",
    unknown "Unknown",
    not_compliant "Not compliant",
    lines "Lines",
    root "Root",
    digest "Digest of the baseline",
};

fn snapshot_row(one: &SnapshotRecord) -> Row {
    vec![
        one.at.into(),
        one.baseline.id.as_str().into(),
        one.devices.into(),
        one.counts.compliant.into(),
        one.counts.exempt.into(),
        one.counts.in_grace.into(),
        one.counts.unknown.into(),
        one.counts.not_compliant.into(),
        one.lines.into(),
        Value::Code(one.root.clone()),
        Value::Code(one.baseline.digest.clone()),
    ]
}
