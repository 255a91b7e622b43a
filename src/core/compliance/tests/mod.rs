//! Baselines and verdicts. The set of [`BASELINE`] has one control of each kind.
#![allow(clippy::unwrap_used)]

mod changes;
mod clock;
mod evidence;
mod faults;
mod golden;
mod readings;
mod snapshot;
mod texts;

use std::collections::BTreeMap;

use super::*;
use crate::context::Mode;
use crate::device::DeviceState;
use crate::fixtures::{NOW, device};
use crate::ids::CommandSeq;
use crate::inventory::{Entry, Inventory};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// One control of each kind of question and expectation.
const BASELINE: &str = r#"
[baseline]
id = "all"
family = ["windows81"]
max_age_days = 7
[[control]]
id = "any"
read = "Win32_QuickFixEngineering.HotFixID"
is = ["KB1"]
every = false
[[control]]
id = "bool"
read = "MDM_Restrictions.SmartScreenEnabled"
is = [true]
[[control]]
id = "grace"
read = "MDM_SecurityStatus.AntiVirusStatus"
is = [0]
grace_days = 3
[[control]]
id = "least"
read = "Win32_OperatingSystem.Version"
at_least = "6.3.9600"
[[control]]
id = "most"
read = "MDM_Restrictions.UserAccountControlStatus"
at_most = 1
[[control]]
id = "holds"
read = "./DevDetail/SwV"
holds = "9600"
[[control]]
id = "within"
read = "Win32_OperatingSystem.InstallDate"
within_days = 30
[[control]]
id = "user"
read = "MDM_SecurityStatusUser.PasswordStatus"
is = [2]
[[control]]
id = "fact.session"
fact = "last_session"
within_days = 7
[[control]]
id = "fact.maintenance"
fact = "last_maintenance"
within_days = 14
[[control]]
id = "fact.enrolled"
fact = "enrolled"
is = [true]
[[control]]
id = "fact.vendor"
fact = "vendor_supported"
is = [true]
"#;

fn set_of(text: &str) -> BaselineSet {
    match BaselineSet::from_texts(vec![("x.toml".to_owned(), text.to_owned())], NOW) {
        Ok(set) => set,
        Err(faults) => panic!("{faults:#?}\n{text}"),
    }
}

/// A device with its inventory, as it is judged.
#[derive(Debug, Clone)]
struct Judged {
    facts: Facts,
    groups: Vec<String>,
    inventory: Inventory,
    commands: u32,
}

impl Judged {
    /// One that was in Machine and Maintenance an hour ago, of which nothing was read.
    fn new() -> Self {
        let mut device = device(1, &["field"]);
        let mut state = DeviceState::registered();
        state.seen[Mode::Machine as usize] = Some(NOW.plus_ms(-DAY / 24));
        state.seen[Mode::Maintenance as usize] = Some(NOW.plus_ms(-DAY / 24));
        device.state = state;
        let mut facts = Facts::new(&device.record, &device.state);
        (facts.sessions, facts.last_session) = (1, Some(NOW.plus_ms(-DAY / 24)));
        Judged {
            facts,
            groups: device.record.groups,
            inventory: Inventory::default(),
            commands: 0,
        }
    }

    /// Reads a property of an instance, by a command of its own.
    fn read(&mut self, class: &str, instance: &str, property: &str, value: Value, at: Timestamp) {
        self.commands += 1;
        let entry = Entry {
            value,
            text: None,
            read_at: at,
            since: at,
            command: CommandSeq(self.commands),
        };
        let class = self.inventory.classes.entry(class.to_owned()).or_default();
        let instance = class.entry(instance.to_owned()).or_default();
        instance.insert(property.to_owned(), entry);
    }

    /// Everything that [`BASELINE`] asks for, with answers that comply.
    fn read_all(&mut self, at: Timestamp) {
        let text = |text: &str| Value::Text(text.to_owned());
        self.read(
            "Win32_QuickFixEngineering",
            "Q.1",
            "HotFixID",
            text("KB0"),
            at,
        );
        self.read(
            "Win32_QuickFixEngineering",
            "Q.2",
            "HotFixID",
            text("KB1"),
            at,
        );
        let restrictions = "MDM_Restrictions";
        self.read(
            restrictions,
            "R.1",
            "SmartScreenEnabled",
            Value::Bool(true),
            at,
        );
        self.read(
            restrictions,
            "R.1",
            "UserAccountControlStatus",
            Value::Integer(1),
            at,
        );
        let status = "MDM_SecurityStatus";
        self.read(status, "S.1", "AntiVirusStatus", Value::Integer(0), at);
        self.read(
            "Win32_OperatingSystem",
            "O",
            "Version",
            text("6.3.9600"),
            at,
        );
        self.read(
            "Win32_OperatingSystem",
            "O",
            "InstallDate",
            Value::Time(at.plus_ms(-DAY)),
            at,
        );
        self.read("./DevDetail", "", "SwV", text("6.3.9600.1"), at);
        self.read(
            "MDM_SecurityStatusUser",
            "U.1",
            "PasswordStatus",
            Value::Integer(2),
            at,
        );
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            groups: &self.groups,
            facts: self.facts,
            inventory: &self.inventory,
        }
    }

    fn judge(&self, set: &BaselineSet, before: &DeviceCompliance, now: Timestamp) -> Evaluation {
        set.evaluate(&self.subject(), before, now, 24)
    }
}

fn states(of: &DeviceCompliance) -> BTreeMap<String, ComplianceState> {
    let states = of
        .verdicts()
        .map(|(_, control, verdict)| (control.to_string(), verdict.state()));
    states.collect()
}

fn verdict<'a>(of: &'a DeviceCompliance, control: &str) -> &'a Verdict {
    let mut found = of.verdicts().filter(|(_, id, _)| id.0 == control);
    found.next().unwrap().2
}

/// What the device says after that control alone, as `state` or `state (reason)`.
fn said(of: &DeviceCompliance, control: &str) -> String {
    let verdict = verdict(of, control);
    match verdict.reason() {
        Some(reason) => format!("{} ({})", verdict.state().name(), reason.name()),
        None => verdict.state().name().to_owned(),
    }
}
