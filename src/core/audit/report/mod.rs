//! The report for auditors: a pure function of a verified log, a period and the command line
//! that is printed on it. The same log gives the same report, to the last byte.
//!
//! Events come in the order of the log, each once. What is kept: of each device some hundred
//! bytes and a few words per command that is open; of each list the first [`LISTED`] rows,
//! while all are counted; what replay keeps.

mod access;
mod answers;
mod claims;
mod clock;
mod compliance;
mod cover;
mod device;
mod log_facts;
mod machine;
mod period;
mod policy_sets;
mod seen;
mod standing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod value;
mod verdicts;
mod wakes;
mod withheld;

use std::collections::{BTreeMap, BTreeSet};

pub use device::{DEVICES, DeviceFacts};
pub use period::{Period, PeriodFault};
pub use policy_sets::{PolicySpan, PolicySpans, loaded_set};
pub use standing::{Brought, ControlStanding, DeviceStanding};
pub use value::{Column, Fact, LISTED, Row, Section, Table, Value};
pub use withheld::{DeviceWaits, Ending, Reason, Wait, Waiting};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::replay::Replay;
use super::verify;
use crate::event::{Event, EventType};
use crate::ids::DeviceId;
use crate::policy::PolicySet;
use crate::time::Timestamp;
use value::RowObject;

/// The form of the report that is written.
const FORM: u32 = 1;

/// What a report is made from besides the events.
#[derive(Debug, Clone)]
pub struct Basis {
    /// The program and its version.
    pub program: String,
    /// The command that makes this report again from an export; without paths.
    pub command: String,
    /// The period.
    pub period: Period,
    /// How the log was verified.
    pub verified: verify::Report,
    /// Whether it was asked for cosignatures.
    pub trusts_witnesses: bool,
    /// Sizes of the older checkpoints that the log was found to go on from.
    pub older: Vec<u64>,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

/// Makes a report.
#[derive(Debug)]
pub struct Reporter {
    basis: Basis,
    devices: BTreeMap<DeviceId, DeviceFacts>,
    replay: Replay,
    missing_sets: BTreeSet<String>,
    machine: machine::MachineAudit,
    claims: claims::ClaimsAudit,
    wakes: wakes::WakesAudit,
    withheld: withheld::WithheldAudit,
    policy_sets: policy_sets::PolicySetsAudit,
    answers: answers::AnswersAudit,
    clock: clock::ClockAudit,
    log: log_facts::LogFacts,
    access: access::AccessAudit,
    compliance: compliance::ComplianceAudit,
    counts: Counts,
}

/// What the first page counts.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    events: u64,
    exchanges: u64,
    devices: u64,
    retired: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Reporter {
    /// Of a log that was verified.
    pub fn new(basis: Basis) -> Self {
        Reporter {
            basis,
            devices: BTreeMap::new(),
            replay: Replay::by_own([]),
            missing_sets: BTreeSet::new(),
            machine: machine::MachineAudit::default(),
            claims: claims::ClaimsAudit::default(),
            wakes: wakes::WakesAudit::default(),
            withheld: withheld::WithheldAudit::default(),
            policy_sets: policy_sets::PolicySetsAudit::default(),
            answers: answers::AnswersAudit::default(),
            clock: clock::ClockAudit::default(),
            log: log_facts::LogFacts::default(),
            access: access::AccessAudit::default(),
            compliance: compliance::ComplianceAudit::default(),
            counts: Counts::default(),
        }
    }

    /// The digest of the policy set that the event names and that was not handed in yet.
    pub fn lacks<'a>(&self, event: &'a Event) -> Option<&'a str> {
        let digest = &*event.exchange.as_ref()?.policy_set;
        let is_known = self.replay.set(digest).is_some() || self.missing_sets.contains(digest);
        (!is_known).then_some(digest)
    }

    /// Hands in a policy set; `None` where the log does not have it.
    pub fn provide(&mut self, digest: &str, set: Option<PolicySet>) {
        match set {
            Some(set) if set.digest() == digest => self.replay.add(set),
            _ => {
                self.missing_sets.insert(digest.to_owned());
            }
        }
    }

    /// Takes in the next entry of the log that has no event which can be read.
    pub fn take_unreadable(&mut self) {
        self.log.unreadable();
    }

    /// Takes in the next event of the log, by the number of its entry.
    pub fn take(&mut self, number: u64, event: &Event) {
        let period = self.basis.period;
        if event.at >= period.to {
            // Whether the log was exported after the period is said as well.
            self.log.take(number, event, false);
            return;
        }
        let counts = period.contains(event.at);
        self.clock.take(number, event, counts);
        self.log.take(number, event, counts);
        self.policy_sets.take(event, &period);
        self.compliance.take(event, counts);
        if counts {
            self.access.take(event);
            self.counts.exchanges += u64::from(event.exchange.is_some());
            self.counts.first = self.counts.first.or(Some(event.at));
            self.counts.last = self.counts.last.max(Some(event.at));
            self.machine.statement.take(event);
        }
        self.replay(event, counts);
        if let Some(id) = event.device {
            self.device(id, event, counts);
        }
    }

    fn replay(&mut self, event: &Event, counts: bool) {
        let differences = &mut self.machine.differences;
        self.replay.count(counts);
        self.replay
            .take(event, &mut |difference| differences.push(difference));
    }

    fn device(&mut self, id: DeviceId, event: &Event, counts: bool) {
        let facts = self.devices.entry(id).or_default();
        let withheld = &mut self.withheld;
        let mut ended = Vec::new();
        withheld::take(
            &mut facts.waiting,
            event,
            &mut withheld.reasons,
            &mut |_, wait, ending| ended.push((wait, ending)),
        );
        if counts {
            let ended = ended.iter();
            ended.for_each(|(wait, ending)| withheld.ended(wait, *ending, event.at));
        }
        self.wakes.take((id, facts), event, counts);
        if let Some(record) = &event.exchange {
            let before = facts.sessions_ever;
            let step = facts.exchange(event, record);
            if let Some(session) = step.before {
                self.wakes.session(id, session, &self.basis.period);
            }
            if counts {
                for (of, (now, before)) in facts
                    .sessions
                    .iter_mut()
                    .zip(facts.sessions_ever.iter().zip(before))
                {
                    *of += now - before;
                }
                self.claims.exchange((id, facts), &step, (event, record));
            }
        }
        if let Some(mode) = facts.session.mode.filter(|_| counts) {
            self.claims.delivered(id, facts.session.number, mode, event);
        }
        self.answers.take((id, facts), event, counts);
        if event.what == EventType::DeviceRetired {
            self.wakes.session(id, facts.session, &self.basis.period);
        }
        self.compliance.device(facts, event, counts);
        facts.learn(event);
        facts.bound();
    }

    /// The report.
    pub fn finish(mut self) -> Report {
        let latest = self.clock.latest().unwrap_or(self.basis.period.from);
        let end = latest.min(self.basis.period.to);
        self.log.close(end);
        for (id, facts) in &self.devices {
            for wait in facts.waiting.values() {
                self.withheld.open(wait, end);
            }
            self.wakes.close(facts);
            self.wakes.session(*id, facts.session, &self.basis.period);
            self.answers.close(*id, facts);
        }
        self.counts.events = self.access.events();
        self.counts.devices = self.devices.len() as u64;
        let retired = self
            .devices
            .values()
            .filter(|facts| facts.retired_at.is_some());
        self.counts.retired = retired.count() as u64;
        let digests = cover::digests(self.policy_sets.digests(), self.compliance.in_force());
        let summary = cover::section(&self.basis, &self.counts, self.log.exported).table(digests);
        let sections = self.sections();
        Report {
            summary,
            sections,
            devices: self.devices,
            basis: self.basis,
        }
    }

    fn sections(&self) -> Vec<Section> {
        let decided: Vec<&PolicySet> = self
            .policy_sets
            .digests()
            .filter_map(|digest| self.replay.set(digest))
            .collect();
        vec![
            self.machine
                .section(self.replay.finish(), decided.into_iter()),
            self.claims.configuration(),
            self.claims.logins(),
            self.wakes.section(),
            self.claims.manual(),
            seen::section(self.devices.iter().map(|(id, facts)| (*id, facts))),
            self.withheld.section(),
            self.claims.modes(),
            self.policy_sets
                .section(&self.basis.period, |digest| self.replay.set(digest)),
            self.answers.elsewhere(),
            self.answers.left(),
            self.clock.section(cover::cosigned(&self.basis)),
            self.log.section(),
            self.compliance
                .section(self.devices.iter().map(|(id, facts)| (*id, facts))),
            self.access.section(),
            self.log.alerts(),
        ]
    }
}

/// A report.
#[derive(Debug)]
pub struct Report {
    /// What it was made from.
    pub basis: Basis,
    /// The first page.
    pub summary: Section,
    /// The audits, in their order, and what else is reported.
    pub sections: Vec<Section>,
    devices: BTreeMap<DeviceId, DeviceFacts>,
}

impl Report {
    /// How many devices there are.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// A row for each device, in the order of their ids.
    pub fn devices(&self) -> impl Iterator<Item = Row> {
        self.devices.iter().map(|(id, facts)| facts.row(*id))
    }

    /// Every section, the first page first.
    pub fn all_sections(&self) -> impl Iterator<Item = &Section> {
        std::iter::once(&self.summary).chain(&self.sections)
    }
}

/// The JSON form: docs/reports.md describes it.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let basis = &self.basis;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("form", &FORM)?;
        map.serialize_entry("program", &basis.program)?;
        map.serialize_entry("command", &basis.command)?;
        map.serialize_entry("period", &basis.period.to_string())?;
        map.serialize_entry("verification", &basis.verified)?;
        map.serialize_entry("summary", &self.summary)?;
        map.serialize_entry("sections", &self.sections)?;
        map.serialize_entry("devices", &Devices(self))?;
        map.serialize_entry("checkpoint", &basis.checkpoint)?;
        map.end()
    }
}

struct Devices<'a>(&'a Report);

impl Serialize for Devices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Object(Row);
        impl Serialize for Object {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                RowObject(DEVICES, &self.0).serialize(serializer)
            }
        }
        serializer.collect_seq(self.0.devices().map(Object))
    }
}
