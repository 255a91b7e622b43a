//! What likely began a session.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::context::{Family, Mode};
use crate::time::Timestamp;

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

impl Trigger {
    /// It in words.
    pub fn words(self) -> &'static str {
        match self {
            Trigger::Reboot => "after a restart",
            Trigger::Logon => "at the user's logon",
            Trigger::NightlyActive => "nightly maintenance, user logged on",
            Trigger::NightlyLoggedOff => "nightly maintenance, user logged off",
            Trigger::Push => "by a push",
            Trigger::Manual => "begun by hand on the device",
            Trigger::Unknown => "what began it is not known",
        }
    }
}

/// What is on record of it: as it looked in the session itself, by what was known of the
/// device then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerRecord {
    /// What likely began the session.
    pub likely: Trigger,
    /// Why that is likely, in words.
    pub because: Cow<'static, str>,
}

/// What is known of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When it began.
    pub at: Timestamp,
    /// What kind of Windows the device runs.
    pub family: Family,
    /// The mode it named.
    pub mode: Mode,
    /// Whether it looked as if the agent was run by hand.
    pub manual: bool,
    /// Whether it answered a wake.
    pub woken: bool,
    /// Whether the session before it was in Machine.
    pub after_machine: bool,
    /// When a Maintenance session was last seen before it.
    pub maintenance_before: Option<Timestamp>,
}

/// What likely began the session, and why that is said.
pub fn trigger(seen: &Seen, plan: &Plan) -> (Trigger, &'static str) {
    if seen.manual {
        return (
            Trigger::Manual,
            "commands that need the user failed while the others succeeded",
        );
    }
    match (seen.family, seen.mode) {
        // Their agents are not MDMAgent: its modes say nothing of what began them.
        (Family::Windows10 | Family::WindowsPhone81, _) if seen.woken => {
            (Trigger::Push, "soon after a push")
        }
        (Family::Windows10 | Family::WindowsPhone81, _) => (
            Trigger::Unknown,
            "no push was waiting: the device's polling schedule, a logon or its user",
        ),
        (Family::Windows81, Mode::Apps) if seen.woken => {
            (Trigger::Push, "mode Apps soon after a push")
        }
        (Family::Windows81, Mode::Apps) => (Trigger::Push, "mode Apps, which only a push begins"),
        (Family::Windows81, Mode::Machine) => machine(seen, plan),
        (Family::Windows81, Mode::Maintenance) => maintenance(seen, plan),
        (Family::Windows81, Mode::Unspecified) if seen.woken => {
            (Trigger::Push, "no mode, soon after a push")
        }
        (Family::Windows81, Mode::Unspecified) => (Trigger::Unknown, "no known mode"),
    }
}

fn machine(seen: &Seen, plan: &Plan) -> (Trigger, &'static str) {
    match plan.is_nightly(seen.at) {
        _ if plan.just_started(seen.at) => (
            Trigger::Reboot,
            "mode Machine soon after the device started",
        ),
        Some(true) => (
            Trigger::NightlyLoggedOff,
            "mode Machine at the time of the nightly maintenance",
        ),
        Some(false) => (
            Trigger::Reboot,
            "mode Machine outside the time of the nightly maintenance",
        ),
        None => (
            Trigger::Unknown,
            "mode Machine: a restart or nightly maintenance; the device's time zone was unknown",
        ),
    }
}

/// Who had to log on first is no case of the nightly maintenance, whatever the hour.
fn maintenance(seen: &Seen, plan: &Plan) -> (Trigger, &'static str) {
    let since = seen.maintenance_before;
    let restarted = since.is_some_and(|since| plan.started_between(since, seen.at));
    match plan.is_nightly(seen.at) {
        _ if seen.after_machine => (
            Trigger::Logon,
            "mode Maintenance after a session in mode Machine, when nobody was logged on",
        ),
        _ if restarted || plan.just_started(seen.at) => (
            Trigger::Logon,
            "the first session in mode Maintenance since the device started",
        ),
        Some(true) => (
            Trigger::NightlyActive,
            "mode Maintenance at the time of the nightly maintenance",
        ),
        Some(false) => (
            Trigger::Logon,
            "mode Maintenance outside the time of the nightly maintenance",
        ),
        None => (
            Trigger::Unknown,
            "mode Maintenance: a logon or nightly maintenance; the device's time zone was unknown",
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn seen(mode: Mode, when: &str) -> Seen {
        Seen {
            at: at(when),
            family: Family::Windows81,
            mode,
            manual: false,
            woken: false,
            after_machine: false,
            maintenance_before: None,
        }
    }

    /// Berlin in summer; it started five minutes after two in the morning.
    fn berlin() -> Plan {
        Plan {
            offset_minutes: Some(120),
            booted_at: Some(at("2014-09-25T00:05:00Z")),
            ..Plan::default()
        }
    }

    #[test]
    fn the_trigger_comes_from_mode_and_local_time() {
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
                "2014-09-26T00:59:00Z",
                Trigger::NightlyActive,
            ),
            (Mode::Maintenance, "2014-09-25T02:00:00Z", Trigger::Logon),
            (Mode::Apps, "2014-09-25T02:00:00Z", Trigger::Push),
            (Mode::Unspecified, "2014-09-25T02:00:00Z", Trigger::Unknown),
        ];
        for (mode, when, expected) in cases {
            let (found, _) = trigger(&seen(mode, when), &berlin());
            assert_eq!(found, expected, "{mode:?} {when}");
        }
        let late = Plan {
            nightly_hour: Some(23),
            offset_minutes: Some(-60),
            ..Plan::default()
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
    fn who_logs_on_in_the_night_after_a_restart_logs_on() {
        let night = seen(Mode::Maintenance, "2014-09-25T01:40:00Z");
        let evening = Some(at("2014-09-24T18:00:00Z"));
        let plan = berlin();
        // The restart is known by its Machine session, or by the device's own word.
        let after_machine = Seen {
            after_machine: true,
            maintenance_before: evening,
            ..night
        };
        let unaware = Plan {
            booted_at: None,
            ..plan
        };
        assert_eq!(trigger(&after_machine, &unaware).0, Trigger::Logon);
        assert_eq!(trigger(&after_machine, &Plan::default()).0, Trigger::Logon);
        let restarted = Seen {
            maintenance_before: evening,
            ..night
        };
        assert_eq!(trigger(&restarted, &plan).0, Trigger::Logon);
        assert_eq!(trigger(&restarted, &unaware).0, Trigger::NightlyActive);
        // Later the same night, the user is still logged on.
        let again = Seen {
            maintenance_before: Some(at("2014-09-25T01:30:00Z")),
            ..night
        };
        assert_eq!(trigger(&again, &plan).0, Trigger::NightlyActive);
    }

    #[test]
    fn other_families_have_no_modes_to_tell_by() {
        for family in [Family::Windows10, Family::WindowsPhone81] {
            for mode in Mode::ALL {
                let polled = Seen {
                    family,
                    ..seen(mode, "2014-09-25T12:00:00Z")
                };
                assert_eq!(trigger(&polled, &berlin()).0, Trigger::Unknown, "{mode:?}");
                let woken = Seen {
                    woken: true,
                    ..polled
                };
                assert_eq!(trigger(&woken, &berlin()).0, Trigger::Push, "{mode:?}");
            }
        }
        // On Windows 8.1 a push brings Apps: another session came by itself.
        let woken = Seen {
            woken: true,
            ..seen(Mode::Maintenance, "2014-09-25T12:00:00Z")
        };
        assert_eq!(trigger(&woken, &berlin()).0, Trigger::Logon);
    }
}
