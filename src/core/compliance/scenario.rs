//! A device made up to ask a baseline about it: for cases, explanations and tests.

use std::collections::BTreeMap;

use super::device::DeviceCompliance;
use super::facts::{Facts, Subject};
use super::judge::DAY_MS;
use super::verdict::Verdict;
use super::{Baseline, BaselineSet, Control, ControlId, Question};
use crate::context::{Family, Mode};
use crate::ids::CommandSeq;
use crate::inventory::{Entry, Inventory, Value};
use crate::time::Timestamp;

/// A device about which one control is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its family.
    pub family: Family,
    /// Its groups.
    pub groups: Vec<String>,
    /// When it is judged.
    pub now: Timestamp,
    /// What it answered, each for an instance of the class; nothing: it was never read.
    pub answers: Vec<Value>,
    /// How many days ago it answered.
    pub age_days: u32,
    /// In which modes it was ever seen.
    pub modes: Vec<Mode>,
    /// How many days ago it was last seen.
    pub last_session_days: u32,
    /// How many days ago it was last in Maintenance, if it ever was.
    pub last_maintenance_days: u32,
    /// For how many days its answer has been the same.
    pub same_for_days: u32,
}

impl Scenario {
    /// A Windows 8.1 tablet that was in Machine and Maintenance, judged now.
    pub fn new(now: Timestamp) -> Self {
        Scenario {
            family: Family::Windows81,
            groups: Vec::new(),
            now,
            answers: Vec::new(),
            age_days: 0,
            modes: vec![Mode::Machine, Mode::Maintenance],
            last_session_days: 0,
            last_maintenance_days: 0,
            same_for_days: 0,
        }
    }

    /// What a baseline says of it by that control; `None` where it does not cover the device.
    pub fn verdict(&self, baseline: &Baseline, control: &Control) -> Option<Verdict> {
        let set = BaselineSet {
            baselines: vec![baseline.clone()],
            digest: String::new(),
        };
        let now = self.now;
        let began = days_before(now, self.same_for_days);
        let none = DeviceCompliance::default();
        let before = match self.same_for_days {
            0 => none,
            _ => self.judge(&set, control, &none, began, 0),
        };
        let mut after = self.judge(&set, control, &before, now, self.age_days);
        let verdicts = after.baselines.remove(&baseline.id)?;
        let mut found = verdicts.controls.into_iter();
        found.find_map(|(id, verdict): (ControlId, Verdict)| (id == control.id).then_some(verdict))
    }

    fn judge(
        &self,
        set: &BaselineSet,
        control: &Control,
        before: &DeviceCompliance,
        now: Timestamp,
        age_days: u32,
    ) -> DeviceCompliance {
        let seen = |mode: &Mode| self.modes.contains(mode);
        let facts = Facts {
            family: self.family,
            registered_at: Timestamp(0),
            sessions: 1,
            last_session: (!self.modes.is_empty())
                .then(|| days_before(now, self.last_session_days)),
            last_maintenance: seen(&Mode::Maintenance)
                .then(|| days_before(now, self.last_maintenance_days)),
            has_met_user: seen(&Mode::Maintenance) || seen(&Mode::Apps),
            unenrolled_at: None,
        };
        let subject = Subject {
            groups: &self.groups,
            facts,
            inventory: &self.inventory(control, days_before(now, age_days)),
        };
        set.evaluate(&subject, before, now, 0).after
    }

    fn inventory(&self, control: &Control, read_at: Timestamp) -> Inventory {
        let mut inventory = Inventory::default();
        let Question::Reading { class, property } = &control.question else {
            return inventory;
        };
        let entry = |value: &Value| Entry {
            value: value.clone(),
            text: None,
            read_at,
            since: read_at,
            command: CommandSeq(1),
        };
        let instances = self.answers.iter().enumerate().map(|(number, value)| {
            let properties = BTreeMap::from([(property.clone(), entry(value))]);
            (format!("{class}.{}", number + 1), properties)
        });
        let instances: BTreeMap<_, _> = instances.collect();
        if !instances.is_empty() {
            inventory.classes.insert(class.clone(), instances);
        }
        inventory
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.plus_ms(-i64::from(days) * DAY_MS)
}
