//! How one device stands to its controls, with the evidence: what was read, when, by which
//! command, and in which session, mode and under which policy set it came.

use std::collections::BTreeMap;

use super::value::LISTED;
use crate::compliance::ComplianceState;
use crate::context::{Login, Mode};
use crate::event::{ControlRecord, Event, EventType};
use crate::time::Timestamp;

/// The exchange that brought a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The session's number on the device.
    pub session: u32,
    /// The mode of the message.
    pub mode: Mode,
    /// The login status.
    pub login: Login,
    /// The policy set that decided.
    pub policy_set: String,
    /// When it was.
    pub at: Timestamp,
}

/// The latest verdict on the device by one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlStanding {
    /// The digest of the baseline.
    pub digest: String,
    /// The verdict, with its evidence.
    pub record: ControlRecord,
    /// The device's number of the event that states it.
    pub stated: u64,
    /// The exchange that brought the evidence, where it is in the log.
    pub brought: Option<Brought>,
}

/// The verdicts on one device, by baseline and control. Keeps the latest exchanges, among
/// which the evidence of a new verdict is.
#[derive(Debug, Default)]
pub struct DeviceStanding {
    verdicts: BTreeMap<(String, String), ControlStanding>,
    exchanges: BTreeMap<u64, Brought>,
    /// When the worst state became what it is, and the device's number of the event.
    since: Option<(Timestamp, u64)>,
}

impl DeviceStanding {
    /// Takes in the next event of the device.
    pub fn take(&mut self, event: &Event) {
        let before = self.worst();
        self.learn(event);
        if self.worst() != before {
            self.since = Some((event.at, event.seq));
        }
    }

    fn learn(&mut self, event: &Event) {
        if event.what == EventType::DeviceRetired {
            self.verdicts.clear();
        }
        if let Some(exchange) = &event.exchange {
            let brought = Brought {
                session: exchange.session,
                mode: exchange.mode,
                login: exchange.login,
                policy_set: exchange.policy_set.clone(),
                at: event.at,
            };
            self.exchanges.insert(event.seq, brought);
            if self.exchanges.len() > LISTED {
                self.exchanges.pop_first();
            }
        }
        let Some(record) = event.compliance.as_deref() else {
            return;
        };
        let baseline = &record.baseline;
        for control in &record.ended {
            self.verdicts
                .remove(&(baseline.id.clone(), control.clone()));
        }
        for control in &record.controls {
            let name = (baseline.id.clone(), control.control.clone());
            let known = self.verdicts.get(&name).and_then(|before| {
                let same = before.record.event == control.event;
                before.brought.clone().filter(|_| same)
            });
            let brought = control
                .event
                .and_then(|seq| self.exchanges.get(&seq).cloned());
            let standing = ControlStanding {
                digest: baseline.digest.clone(),
                record: control.clone(),
                stated: event.seq,
                brought: brought.or(known),
            };
            self.verdicts.insert(name, standing);
        }
    }

    /// The worst state; `None` where no verdict is on record: then it is not covered.
    pub fn worst(&self) -> Option<ComplianceState> {
        self.verdicts.values().map(|one| one.record.state).max()
    }

    /// Since when that is the worst state, and the device's number of the event that says so.
    pub fn since(&self) -> Option<(Timestamp, u64)> {
        self.since
    }

    /// Every control, by baseline and name.
    pub fn controls(&self) -> impl Iterator<Item = (&str, &ControlStanding)> {
        let verdicts = self.verdicts.iter();
        verdicts.map(|((baseline, _), standing)| (baseline.as_str(), standing))
    }
}
