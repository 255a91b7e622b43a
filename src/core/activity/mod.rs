//! What a device has been doing, worked out from what it shows: what likely
//! began each session, and habits that an operator should know of.
//!
//! Pure, and never more than likely: no decision rests on it. The MDMAgent article says
//! when MDMAgent runs in which mode; the rest is time.

use serde::{Deserialize, Serialize};

use crate::context::{Login, Mode};
use crate::device::DeviceState;
use crate::inventory::{Inventory, Value};
use crate::limits;
use crate::named::named;
use crate::time::Timestamp;

/// When the nightly maintenance begins unless the device says otherwise, local hour.
const NIGHTLY_HOUR: i64 = 2;
/// How long after its hour the nightly task may begin, minutes: it is delayed
/// at random, and a device that slept runs it late.
const NIGHTLY_MINUTES: i64 = 120;
/// A session so long after the device started belongs to that start, milliseconds.
const AFTER_BOOT_MS: i64 = 30 * 60 * 1000;

/// What likely began a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The device started; nobody was logged on.
    Reboot,
    /// The enrolled user logged on.
    Logon,
    /// Nightly maintenance while the user's session was active or locked.
    NightlyActive,
    /// Nightly maintenance with the user logged off.
    NightlyLoggedOff,
    /// A push.
    Push,
    /// Somebody ran the agent from a prompt.
    Manual,
    /// It cannot be told.
    Unknown,
}

/// What is known of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When it began.
    pub at: Timestamp,
    /// The mode it named.
    pub mode: Mode,
    /// Who was logged on, as it said.
    pub login: Login,
    /// Whether it looked as if the agent was run by hand.
    pub manual: bool,
    /// Whether it answered a wake.
    pub woken: bool,
}

/// What is known of the device's clock and plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Minutes by which local time is ahead of UTC.
    pub offset_minutes: Option<i64>,
    /// The hour of its nightly maintenance, local.
    pub nightly_hour: Option<i64>,
    /// When it last started.
    pub booted_at: Option<Timestamp>,
}

impl Plan {
    /// What an inventory says of it.
    pub fn from_inventory(inventory: &Inventory) -> Plan {
        let value = |class: &str, property: &str| {
            let instances = inventory.classes.get(class)?;
            let mut values = instances.values().filter_map(|values| values.get(property));
            values.next().map(|entry| &entry.value)
        };
        let number = |class: &str, property: &str| match value(class, property)? {
            Value::Integer(number) => i64::try_from(*number).ok(),
            _ => None,
        };
        let offset = number("Win32_OperatingSystem", "CurrentTimeZone")
            .or_else(|| number("Win32_TimeZone", "Bias"))
            .filter(|minutes| minutes.abs() <= 14 * 60);
        Plan {
            offset_minutes: offset,
            nightly_hour: number("MDM_SecurityStatus", "MaintenanceScheduleStartHour")
                .filter(|hour| (0..24).contains(hour)),
            booted_at: match value("Win32_OperatingSystem", "LastBootUpTime") {
                Some(Value::Time(at)) => Some(*at),
                _ => None,
            },
        }
    }

    /// Whether `at` is about the time of the nightly maintenance; `None` where
    /// the device's zone is not known.
    fn is_nightly(&self, at: Timestamp) -> Option<bool> {
        const DAY: i64 = 24 * 60;
        let minutes = at.0.div_euclid(60_000) + self.offset_minutes?;
        let begins = self.nightly_hour.unwrap_or(NIGHTLY_HOUR) * 60;
        Some((minutes - begins).rem_euclid(DAY) < NIGHTLY_MINUTES)
    }

    fn just_started(&self, at: Timestamp) -> bool {
        self.booted_at
            .is_some_and(|boot| (0..AFTER_BOOT_MS).contains(&at.ms_since(boot)))
    }
}

/// What likely began the session, and why that is said.
pub fn trigger(seen: &Seen, plan: &Plan) -> (Trigger, &'static str) {
    if seen.manual {
        return (
            Trigger::Manual,
            "commands that need the user failed while the others succeeded",
        );
    }
    match (seen.mode, plan.is_nightly(seen.at)) {
        (Mode::Apps, _) if seen.woken => (Trigger::Push, "mode Apps soon after a push"),
        (Mode::Apps, _) => (Trigger::Push, "mode Apps, which only a push begins"),
        (Mode::Machine, _) if plan.just_started(seen.at) => (
            Trigger::Reboot,
            "mode Machine soon after the device started",
        ),
        (Mode::Machine, Some(true)) => (
            Trigger::NightlyLoggedOff,
            "mode Machine at the time of the nightly maintenance",
        ),
        (Mode::Machine, Some(false)) => (
            Trigger::Reboot,
            "mode Machine outside the time of the nightly maintenance",
        ),
        (Mode::Machine, None) => (
            Trigger::Unknown,
            "mode Machine: a restart or nightly maintenance; the device's time zone is unknown (read the inventory preset os)",
        ),
        (Mode::Maintenance, Some(true)) => (
            Trigger::NightlyActive,
            "mode Maintenance at the time of the nightly maintenance",
        ),
        (Mode::Maintenance, Some(false)) => (
            Trigger::Logon,
            "mode Maintenance outside the time of the nightly maintenance",
        ),
        (Mode::Maintenance, None) => (
            Trigger::Unknown,
            "mode Maintenance: a logon or nightly maintenance; the device's time zone is unknown (read the inventory preset os)",
        ),
        (Mode::Unspecified, _) if seen.woken => (Trigger::Push, "no mode, soon after a push"),
        (Mode::Unspecified, _) => (Trigger::Unknown, "no known mode"),
    }
}

named! {
    /// What an operator should know of how a device behaves.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ActivityFlag by eq {
        /// It has never had a session.
        NeverSeen = "never_seen",
        /// It has only ever been seen in Machine: its user never logs on, or the
        /// agent's maintenance does not run. Most commands wait for ever.
        OnlyMachine = "only_machine",
        /// It has never named a mode: see `policies/optional` for what may be done.
        NamesNoMode = "names_no_mode",
        /// Its agent looked as if run by hand.
        #[serde(rename = "by_hand")]
        Manual = "by_hand",
        /// It is unenrolled.
        Unenrolled = "unenrolled",
        /// Its latest sessions in Maintenance or Apps, three at the least, said that nobody
        /// is logged on: a contradiction, for which `policies/context.toml` holds back what
        /// needs the user.
        NobodyLoggedOn = "nobody_logged_on",
    }
}

impl ActivityFlag {
    /// Whether a device in this state has it.
    pub fn is_of(self, state: &DeviceState) -> bool {
        let seen = |mode: Mode| state.last_seen(mode).is_some();
        let only = |mode: Mode| {
            seen(mode)
                && !Mode::ALL
                    .into_iter()
                    .any(|other| other != mode && seen(other))
        };
        match self {
            ActivityFlag::NeverSeen => state.sessions == 0,
            ActivityFlag::OnlyMachine => only(Mode::Machine),
            ActivityFlag::NamesNoMode => only(Mode::Unspecified),
            ActivityFlag::Manual => state.manual_at.is_some(),
            ActivityFlag::Unenrolled => state.unenrolled_at.is_some(),
            ActivityFlag::NobodyLoggedOn => state.nobody_logged_on >= limits::CONTRADICTIONS,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::inventory::Address;

    fn address(class: &str, property: &str) -> Address {
        Address {
            class: class.to_owned(),
            instance: format!("{class}=@"),
            property: property.to_owned(),
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn seen(mode: Mode, when: &str) -> Seen {
        Seen {
            at: at(when),
            mode,
            login: Login::Absent,
            manual: false,
            woken: false,
        }
    }

    #[test]
    fn the_trigger_comes_from_mode_and_local_time() {
        let berlin = Plan {
            offset_minutes: Some(120),
            nightly_hour: None,
            booted_at: Some(at("2014-09-25T00:05:00Z")),
        };
        let cases = [
            (Mode::Machine, "2014-09-25T00:10:00Z", Trigger::Reboot),
            (
                Mode::Machine,
                "2014-09-26T00:10:00Z",
                Trigger::NightlyLoggedOff,
            ),
            (Mode::Machine, "2014-09-25T12:10:00Z", Trigger::Reboot),
            (
                Mode::Maintenance,
                "2014-09-25T00:59:00Z",
                Trigger::NightlyActive,
            ),
            (Mode::Maintenance, "2014-09-25T02:00:00Z", Trigger::Logon),
            (Mode::Apps, "2014-09-25T02:00:00Z", Trigger::Push),
            (Mode::Unspecified, "2014-09-25T02:00:00Z", Trigger::Unknown),
        ];
        for (mode, when, expected) in cases {
            assert_eq!(
                trigger(&seen(mode, when), &berlin).0,
                expected,
                "{mode:?} {when}"
            );
        }
        let late = Plan {
            nightly_hour: Some(23),
            offset_minutes: Some(-60),
            booted_at: None,
        };
        let night = seen(Mode::Machine, "2014-09-26T01:30:00Z");
        assert_eq!(
            trigger(&night, &late).0,
            Trigger::NightlyLoggedOff,
            "across midnight"
        );
        assert_eq!(trigger(&night, &Plan::default()).0, Trigger::Unknown);
        let by_hand = Seen {
            manual: true,
            ..night
        };
        assert_eq!(trigger(&by_hand, &late).0, Trigger::Manual);
        let woken = Seen {
            woken: true,
            ..seen(Mode::Unspecified, "2014-09-26T01:30:00Z")
        };
        assert_eq!(trigger(&woken, &Plan::default()).0, Trigger::Push);
    }

    #[test]
    fn the_plan_comes_from_the_inventory() {
        let mut inventory = Inventory::default();
        for (class, property, data) in [
            ("Win32_OperatingSystem", "CurrentTimeZone", "120"),
            (
                "Win32_OperatingSystem",
                "LastBootUpTime",
                "20140925020500.000000+120",
            ),
            ("MDM_SecurityStatus", "MaintenanceScheduleStartHour", "3"),
        ] {
            let reading = crate::inventory::Reading {
                address: &address(class, property),
                status: 200,
                format: None,
                data: Some(data),
                command: crate::ids::CommandSeq(1),
                whole: true,
            };
            inventory.take(&reading, Timestamp(0), &mut Default::default());
        }
        let expected = Plan {
            offset_minutes: Some(120),
            nightly_hour: Some(3),
            booted_at: Some(at("2014-09-25T00:05:00Z")),
        };
        assert_eq!(Plan::from_inventory(&inventory), expected);
    }

    #[test]
    fn habits_are_what_was_ever_seen() {
        let mut state = DeviceState::default();
        assert!(ActivityFlag::NeverSeen.is_of(&state));
        (state.sessions, state.seen[Mode::Machine as usize]) = (1, Some(Timestamp(1)));
        assert!(
            ActivityFlag::OnlyMachine.is_of(&state) && !ActivityFlag::NamesNoMode.is_of(&state)
        );
        state.seen[Mode::Maintenance as usize] = Some(Timestamp(2));
        assert!(!ActivityFlag::ALL.into_iter().any(|flag| flag.is_of(&state)));
        for flag in ActivityFlag::ALL {
            assert_eq!(ActivityFlag::from_name(flag.name()), Some(flag));
        }
    }
}
