//! The hours of a Windows 8.1 device in words: its nights, and when its user logs on.
//!
//! In the device's time, as far as it has told its zone. A night carries what needs
//! the user only while that user is logged on (the MDMAgent article).

use super::asked::View;
use super::renewal::Window;
use crate::activity::{clock, is_user_logged_on};
use crate::context::Mode;

/// From this hour on, and before [`MORNING`], a maintenance is called "tonight".
const EVENING: i64 = 18;
const MORNING: i64 = 6;
/// Minutes of an hour.
const HOUR: i64 = 60;

/// What is known of them now.
pub(super) struct Hours {
    night: Window,
    /// "tonight 02:00 to 04:00 (device's time)".
    words: String,
    user: String,
    is_logged_on: Option<bool>,
    usual_logon: Option<String>,
}

impl Hours {
    /// `None` where the device's zone is not known.
    pub(super) fn of(view: &View<'_>) -> Option<Hours> {
        let (state, plan, now) = (view.state, &view.state.activity.plan, view.now);
        let (mut from, mut to) = plan.night(now)?;
        let latest = state
            .last_seen(Mode::Maintenance)
            .max(state.last_seen(Mode::Machine));
        // This night's maintenance has been: the next one counts.
        let has_been = latest >= Some(from);
        if has_been {
            (from, to) = plan.night(to)?;
        }
        let (today, _) = plan.local(now)?;
        let ((day, begins), (_, ends)) = (plan.local(from)?, plan.local(to)?);
        let at_night = !(MORNING * HOUR..EVENING * HOUR).contains(&begins);
        let first = match (at_night, day == today) {
            (true, _) if has_been => "tomorrow night",
            (true, _) => "tonight",
            (false, true) => "today",
            (false, false) => "tomorrow",
        };
        let words = format!(
            "{first} {} to {} (device's time)",
            clock(begins),
            clock(ends)
        );
        let usual_logon = state.activity.usual_logon().map(clock);
        Some(Hours {
            night: Window {
                from,
                to,
                why: "nightly maintenance",
            },
            words,
            user: view
                .record
                .user
                .clone()
                .unwrap_or_else(|| "the enrolled user".to_owned()),
            is_logged_on: is_user_logged_on(&state.seen),
            usual_logon,
        })
    }

    /// When a Maintenance session is expected.
    pub(super) fn maintenance(&self) -> String {
        let Hours { words, user, .. } = self;
        match self.is_logged_on {
            Some(true) => format!(
                "{words} if {user} stays logged on, else at the next logon{}",
                self.habit()
            ),
            Some(false) | None => format!(
                "at the next logon of {user}{}; or {words} if {user} is logged on then",
                self.habit()
            ),
        }
    }

    /// When a Machine session is.
    pub(super) fn machine(&self) -> String {
        let Hours { words, user, .. } = self;
        format!("the next restart, or {words} if {user} is logged off then")
    }

    /// Until when a session in any mode is.
    pub(super) fn at_the_latest(&self) -> String {
        format!("{} at the latest, if the device is on", self.words)
    }

    /// From when to when the nightly maintenance is.
    pub(super) fn night(&self) -> Window {
        self.night.clone()
    }

    /// About when the user usually logs on, as a clock shows it.
    pub(super) fn usual_logon(&self) -> Option<&str> {
        self.usual_logon.as_deref()
    }

    fn habit(&self) -> String {
        let habit = self.usual_logon.as_ref();
        let habit = habit.map(|at| format!("; {} usually logs on about {at}", self.user));
        habit.unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::activity::{Logon, Plan};
    use crate::context::Family;
    use crate::device::DeviceState;
    use crate::fixtures::registered;
    use crate::policy::PolicySet;
    use crate::time::Timestamp;

    const ZONE: i64 = 120;

    /// An instant by the device's clock.
    fn local(text: &str) -> Timestamp {
        Timestamp::parse(&format!("{text}:00+02:00")).unwrap()
    }

    fn state(hour: Option<i64>, seen: &[(Mode, &str)]) -> DeviceState {
        let mut state = DeviceState::default();
        state.activity.plan = Plan {
            offset_minutes: Some(ZONE),
            nightly_hour: hour,
            ..Plan::default()
        };
        for &(mode, at) in seen {
            state.seen[mode as usize] = Some(local(at));
        }
        state
    }

    fn hours(state: &DeviceState, user: Option<&str>, now: &str) -> Option<Hours> {
        let mut device = registered(1, "d", Family::Windows81, Timestamp(0));
        device.record.user = user.map(str::to_owned);
        let policies = PolicySet::builtin().unwrap();
        Hours::of(&View {
            state,
            record: &device.record,
            policies: &policies,
            build: None,
            now: local(now),
        })
    }

    #[test]
    fn the_night_has_a_name_and_its_hours() {
        let evening = [(Mode::Maintenance, "2014-09-25T18:00")];
        let in_it = [(Mode::Maintenance, "2014-09-26T02:10")];
        // The hour, what was seen, now: the words.
        type Row<'a> = (Option<i64>, &'a [(Mode, &'a str)], &'a str, &'a str);
        let rows: [Row<'_>; 8] = [
            (None, &evening, "2014-09-25T18:30", "tonight 02:00 to 04:00"),
            (None, &evening, "2014-09-26T00:30", "tonight 02:00 to 04:00"),
            (None, &evening, "2014-09-26T02:30", "tonight 02:00 to 04:00"),
            (
                None,
                &in_it,
                "2014-09-26T02:30",
                "tomorrow night 02:00 to 04:00",
            ),
            (None, &in_it, "2014-09-26T09:00", "tonight 02:00 to 04:00"),
            (
                Some(23),
                &evening,
                "2014-09-25T18:30",
                "tonight 23:00 to 01:00",
            ),
            (Some(13), &in_it, "2014-09-26T09:00", "today 13:00 to 15:00"),
            (
                Some(13),
                &in_it,
                "2014-09-26T16:00",
                "tomorrow 13:00 to 15:00",
            ),
        ];
        for (hour, seen, now, expected) in rows {
            let hours = hours(&state(hour, seen), None, now).unwrap();
            assert_eq!(hours.words, format!("{expected} (device's time)"), "{now}");
            assert!(hours.night().to > local(now), "{now}");
        }
        assert!(hours(&DeviceState::default(), None, "2014-09-25T18:30").is_none());
    }

    #[test]
    fn who_is_logged_on_has_the_night_and_who_is_not_the_next_logon() {
        let mut on = state(None, &[(Mode::Maintenance, "2014-09-25T07:52")]);
        for (day, minute) in [(22, "07:48"), (23, "07:50"), (24, "07:53")] {
            let logon = Logon {
                at: local(&format!("2014-09-{day}T{minute}")),
                offset_minutes: Some(ZONE),
            };
            on.activity.logons = on.activity.logons.with(Some(logon));
        }
        let ann = hours(&on, Some("ann"), "2014-09-25T12:00").unwrap();
        assert_eq!(
            ann.maintenance(),
            "tonight 02:00 to 04:00 (device's time) if ann stays logged on, else at the next \
             logon; ann usually logs on about 07:50"
        );
        let mut off = on.clone();
        off.seen[Mode::Machine as usize] = Some(local("2014-09-25T11:00"));
        let ann = hours(&off, Some("ann"), "2014-09-25T12:00").unwrap();
        assert_eq!(
            ann.maintenance(),
            "at the next logon of ann; ann usually logs on about 07:50; or tonight 02:00 to \
             04:00 (device's time) if ann is logged on then"
        );
        let nobody = state(None, &[(Mode::Maintenance, "2014-09-25T07:52")]);
        let words = hours(&nobody, None, "2014-09-25T12:00")
            .unwrap()
            .maintenance();
        assert!(words.ends_with("if the enrolled user stays logged on, else at the next logon"));
    }
}
