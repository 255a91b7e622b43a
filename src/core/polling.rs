//! How often a device asks its server for news of its own accord: on phones and Windows 10
//! the Poll nodes of DMClient, as the device last answered them; on Windows 8.1 the nightly
//! maintenance, which cannot be read as switched off. A push does not replace it
//! (Microsoft's page on push for device management).

use serde::{Deserialize, Serialize};

use crate::context::Family;
use crate::ids::SessionNo;
use crate::named::named;
use crate::time::Timestamp;

/// The sets of retries in their order, as the CSP names them: interval, count.
pub(crate) const SETS: [(&str, &str); 3] = [
    ("IntervalForFirstSetOfRetries", "NumberOfFirstRetries"),
    ("IntervalForSecondSetOfRetries", "NumberOfSecondRetries"),
    (
        "IntervalForRemainingScheduledRetries",
        "NumberOfRemainingScheduledRetries",
    ),
];
/// Whether the device polls at every logon, and at the first of each user.
pub(crate) const FLAGS: [&str; 2] = ["PollOnLogin", "AllUsersPollOnFirstLogin"];
/// What Microsoft recommends ([MS-MDE2] and the DMClient CSP, "sigmoid polling schedule"),
/// minutes and count: every 15 minutes five times, every hour ten times, then daily for ever.
pub(crate) const RECOMMENDED: [(u32, u32); 3] = [(15, 5), (60, 10), (1_440, 0)];
/// Where no set goes on for ever, the device adds a daily schedule of its own
/// (DMClient CSP, Poll), minutes.
const DAILY: u32 = 1_440;
/// What the first set counts where the device names no number (DMClient CSP).
const FIRST_COUNT: u32 = 10;
/// A schedule that stays off after so many repairs is not repaired again.
pub const REPAIRS: u8 = 3;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How old what is known may be before it is read anew, milliseconds.
const AGE_MS: i64 = 7 * DAY_MS;

named! {
    /// Whether a device asks for news by itself.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum ScheduleState {
        /// At least one set of retries has an interval.
        Active = "in_force",
        /// No set has one: each interval is 0 or the node is missing.
        Off = "off",
        /// The device has not said.
        Unknown = "unknown",
        /// Windows 8.1: by its nightly maintenance, and at logons and restarts.
        Nightly = "nightly_maintenance",
    }
}

/// What a node answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum NodeValue {
    /// Nothing yet.
    #[default]
    Unread,
    /// That it is not there (404).
    Missing,
    /// This.
    Number(u32),
}

impl NodeValue {
    /// The number that it answered.
    pub fn number(self) -> Option<u32> {
        match self {
            NodeValue::Number(number) => Some(number),
            NodeValue::Unread | NodeValue::Missing => None,
        }
    }
}

/// One set of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetrySet {
    /// Minutes from one retry to the next; 0: the set is off.
    pub interval: NodeValue,
    /// How many retries; 0: without end.
    pub count: NodeValue,
}

impl RetrySet {
    fn is_on(&self) -> bool {
        self.interval.number().is_some_and(|minutes| minutes > 0)
    }
}

/// What is known of a device's Poll nodes, and what the server did about them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Polling {
    /// The first, the second and the remaining retries.
    pub sets: [RetrySet; 3],
    /// Whether it polls at every logon.
    pub on_login: Option<bool>,
    /// Whether it polls at each user's first logon.
    pub on_first_login: Option<bool>,
    /// When the device last said anything of it.
    pub read_at: Option<Timestamp>,
    /// The session in which that was.
    pub read_in: SessionNo,
    /// When the server last asked of its own accord.
    pub asked_at: Option<Timestamp>,
    /// Repairs since the schedule was last seen in force.
    pub repairs: u8,
    /// The latest repair.
    pub repaired_at: Option<Timestamp>,
    /// Whether it has not been asked since then.
    pub is_unchecked: bool,
}

impl Polling {
    /// Whether a device of that family, of which this is known, asks for news by itself.
    pub fn of_family(&self, family: Family) -> ScheduleState {
        match family {
            Family::Windows81 => ScheduleState::Nightly,
            Family::WindowsPhone81 | Family::Windows10 => self.state(),
        }
    }

    /// Whether a set of retries is in force, as the nodes say.
    pub fn state(&self) -> ScheduleState {
        let is_off =
            |set: &RetrySet| matches!(set.interval, NodeValue::Missing | NodeValue::Number(0));
        if self.sets.iter().any(RetrySet::is_on) {
            ScheduleState::Active
        } else if self.sets.iter().all(is_off) {
            ScheduleState::Off
        } else {
            ScheduleState::Unknown
        }
    }

    /// The minutes between two polls in the long run; `None` where that is not known, or
    /// no schedule is in force.
    pub fn long_run_minutes(&self) -> Option<u32> {
        if self.state() != ScheduleState::Active {
            return None;
        }
        for (nth, set) in self.sets.iter().enumerate() {
            let count = match set.count {
                NodeValue::Number(count) => count,
                NodeValue::Missing if nth == 0 => FIRST_COUNT,
                NodeValue::Missing => 0,
                NodeValue::Unread => return None,
            };
            // Behind a set without end no other one counts.
            if set.is_on() && count == 0 {
                return set.interval.number();
            }
        }
        Some(DAILY)
    }

    /// Whether the schedule is off and is not repaired any more.
    pub fn is_given_up(&self) -> bool {
        self.state() == ScheduleState::Off && self.repairs >= REPAIRS
    }

    /// Whether none of the sets' nodes is there.
    pub(crate) fn is_missing(&self) -> bool {
        let missing = |set: &RetrySet| [set.interval, set.count] == [NodeValue::Missing; 2];
        self.sets.iter().all(missing)
    }

    /// Takes in what the node of that name answered; whether it said anything.
    pub(crate) fn take(&mut self, node: &str, status: u16, data: Option<&str>) -> bool {
        let text = data.map(str::trim);
        let number = match text {
            Some(text) => text.parse().ok().map(NodeValue::Number),
            None => (status == 404).then_some(NodeValue::Missing),
        };
        for (set, (interval, count)) in self.sets.iter_mut().zip(SETS) {
            let value = match node {
                node if node == interval => &mut set.interval,
                node if node == count => &mut set.count,
                _ => continue,
            };
            *value = number.unwrap_or(*value);
            return number.is_some();
        }
        let flag = match text {
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            _ => return false,
        };
        match node {
            node if node == FLAGS[0] => self.on_login = flag,
            node if node == FLAGS[1] => self.on_first_login = flag,
            _ => return false,
        }
        true
    }

    /// The answers of a message are in: `now`, in that session.
    pub(crate) fn was_read(&mut self, session: SessionNo, now: Timestamp) {
        (self.read_at, self.read_in) = (Some(now), session);
        if self.state() == ScheduleState::Active {
            self.repairs = 0;
        }
    }

    /// Whether the server reads it as a session begins: it was never read, or is old.
    pub(crate) fn is_read_due(&self, now: Timestamp) -> bool {
        let age = match self.read_at {
            Some(_) => AGE_MS,
            None => DAY_MS,
        };
        is_older(self.asked_at.max(self.read_at), age, now)
    }

    /// Whether the server repairs it, once it has read it in the session under way.
    pub(crate) fn is_repair_due(&self, now: Timestamp) -> bool {
        let is_off = self.state() == ScheduleState::Off && self.repairs < REPAIRS;
        is_off && is_older(self.repaired_at, DAY_MS, now)
    }

    /// A repair is queued.
    pub(crate) fn is_repaired(&mut self, now: Timestamp) {
        self.repairs = self.repairs.saturating_add(1);
        (self.repaired_at, self.is_unchecked) = (Some(now), true);
    }
}

fn is_older(at: Option<Timestamp>, age: i64, now: Timestamp) -> bool {
    at.is_none_or(|at| !(0..age).contains(&now.ms_since(at)))
}

/// Minutes in words: `15 min`, `24 h`.
pub(crate) fn in_words(minutes: u32) -> String {
    match minutes {
        whole if whole >= 60 && whole % 60 == 0 => format!("{} h", whole / 60),
        minutes => format!("{minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the nodes answer, interval and count of each set; `None`: 404.
    fn answered(values: [(Option<&str>, Option<&str>); 3]) -> Polling {
        let mut polling = Polling::default();
        for ((interval, count), values) in SETS.into_iter().zip(values) {
            for (node, value) in [(interval, values.0), (count, values.1)] {
                let status = if value.is_some() { 0 } else { 404 };
                assert!(polling.take(node, status, value), "{node}");
            }
        }
        polling
    }

    #[test]
    fn a_schedule_is_off_where_no_set_has_an_interval() {
        use ScheduleState::{Active, Off};
        let on = |minutes, count| (Some(minutes), Some(count));
        let (off, missing) = (on("0", "0"), (None, None));
        let rows = [
            ([off, off, off], Off, None),
            ([on("0", "10"), off, off], Off, None),
            ([missing, missing, missing], Off, None),
            ([missing, off, off], Off, None),
            // Without end, so what is behind does not count.
            (
                [on("15", "0"), on("60", "0"), on("1440", "0")],
                Active,
                Some(15),
            ),
            (
                [on("15", "5"), on("60", "10"), on("1440", "0")],
                Active,
                Some(1_440),
            ),
            // None without end: the device adds a daily one.
            ([on("15", "5"), off, off], Active, Some(1_440)),
            ([(Some("15"), None), off, off], Active, Some(1_440)),
            ([off, (Some("60"), None), off], Active, Some(60)),
        ];
        for (values, state, minutes) in rows {
            let polling = answered(values);
            assert_eq!(polling.state(), state, "{values:?}");
            assert_eq!(polling.long_run_minutes(), minutes, "{values:?}");
        }
        assert_eq!(Polling::default().state(), ScheduleState::Unknown);
    }

    #[test]
    fn only_a_value_or_404_says_anything() {
        let mut polling = Polling::default();
        let node = SETS[2].0;
        for (status, data) in [(200, None), (500, None), (405, None), (0, Some("soon"))] {
            assert!(!polling.take(node, status, data), "{status} {data:?}");
        }
        assert!(!polling.take("EntDMID", 0, Some("1")));
        assert_eq!(polling, Polling::default());
        assert!(polling.take(FLAGS[0], 0, Some(" true ")));
        assert_eq!(polling.on_login, Some(true));
        assert_eq!(polling.state(), ScheduleState::Unknown);
    }

    #[test]
    fn a_repair_without_effect_is_not_repeated_for_ever() {
        let mut polling = answered([(Some("0"), Some("0")); 3]);
        let at = |days: i64| Timestamp(days * DAY_MS);
        for day in 1..=3 {
            polling.was_read(SessionNo(1), at(day));
            assert!(polling.is_repair_due(at(day)), "{day}");
            polling.is_repaired(at(day));
            assert!(!polling.is_repair_due(Timestamp(at(day).0 + DAY_MS - 1)));
        }
        assert!(polling.is_given_up() && !polling.is_repair_due(at(30)));
        assert!(polling.is_read_due(at(10)), "it is looked at still");
        polling.take(SETS[0].0, 0, Some("15"));
        polling.was_read(SessionNo(2), at(10));
        assert_eq!((polling.repairs, polling.is_given_up()), (0, false));
    }
}
