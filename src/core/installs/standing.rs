//! Where an install stands for whoever waits for it: how far it is in five stages, why it is
//! no further, and what brings it further. The portal, the console and the API show the same,
//! since they all ask this.

use super::{Install, InstallState};
use crate::context::{Family, Mode};
use crate::forecast::{Forecast, View, When, Window, device_hours};
use crate::named::named;
use crate::time::Timestamp;

named! {
    /// One of the stages of every install, in their order.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Stage {
        /// Somebody asked for it.
        Asked = "asked",
        /// A push asks the device to begin a session.
        Called = "called",
        /// The command goes out in a session.
        Sent = "sent",
        /// The device works at it.
        Installing = "installing",
        /// The app is there.
        Ready = "ready",
    }
}

named! {
    /// How a stage stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Mark {
        /// It is done.
        Done = "done",
        /// It is under way.
        Now = "now",
        /// It is yet to come.
        Todo = "todo",
        /// The install ended here.
        Failed = "failed",
        /// The install went on without it: the device came by itself.
        Skipped = "skipped",
    }
}

named! {
    /// Why an install is no further.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Hold {
        /// A push is about to be sent.
        PushDue = "push_due",
        /// No push can be sent: the device has no channel in use.
        NoPush = "no_push",
        /// A push left; the session that it brings is waited for.
        VisitDue = "visit_due",
        /// A push brought no session, or was not delivered.
        NoVisit = "no_visit",
        /// A session that carries it is open.
        InSession = "in_session",
        /// It is not to go out before a time.
        Time = "time",
        /// Other commands go first.
        Commands = "commands",
        /// No session carries it by the rules in force.
        Rules = "rules",
        /// It went out; the device has not answered.
        Answer = "answer",
        /// The device has it, and reports how far it is when it comes next.
        Job = "job",
    }
}

/// A stage of one install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StageStanding {
    /// Which.
    pub stage: Stage,
    /// How it stands.
    pub mark: Mark,
    /// When it was done, or when the install ended here.
    pub at: Option<Timestamp>,
}

/// What brings a device without a push.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct OwnVisits {
    /// Its user's sign-in to Windows.
    pub sign_in: bool,
    /// About when that usually is, by the device's clock: `07:50`.
    pub usual_sign_in: Option<String>,
    /// The nightly maintenance, while its user stays signed in: from and to.
    pub night: Option<(Timestamp, Timestamp)>,
}

/// Where an install stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Standing {
    /// All stages.
    pub stages: [StageStanding; 5],
    /// Why it is no further; `None` once it is final.
    pub hold: Option<Hold>,
    /// Until when a session is waited for that a push brings, or before when it does not go.
    pub until: Option<Timestamp>,
    /// What brings it further without a push. Nothing once it is final, nor where that is not
    /// known: other families come when their schedule says.
    pub visits: OwnVisits,
}

impl Standing {
    /// Where an install stands on the device of `view`, with the forecast of its command
    /// while that is open.
    pub fn new(view: &View<'_>, install: &Install, forecast: Option<&Forecast>) -> Self {
        let hold = hold(install, forecast);
        let until = match hold {
            Some(Hold::VisitDue | Hold::Time) => forecast.and_then(|forecast| forecast.at),
            _ => None,
        };
        Standing {
            stages: stages(install),
            hold,
            until: until.filter(|at| *at > view.now),
            visits: hold.map_or_else(OwnVisits::default, |hold| visits(view, hold, forecast)),
        }
    }

    /// The number of the stage that is under way, or that was reached last: 1 to 5.
    pub fn step(&self) -> usize {
        let reached = |stage: &StageStanding| !matches!(stage.mark, Mark::Todo | Mark::Skipped);
        let last = self.stages.iter().rposition(reached);
        last.map_or(1, |at| at + 1)
    }
}

fn stages(install: &Install) -> [StageStanding; 5] {
    // Where it is, or was when it ended.
    let steps = || install.steps.iter().rev();
    let before = steps().find(|step| !step.state.is_final());
    let reached = before.map_or(InstallState::Requested, |step| step.state);
    let now = match reached {
        InstallState::Woken => Stage::Sent,
        state if state >= InstallState::Delivered => Stage::Installing,
        _ => Stage::Called,
    };
    let ended = steps().next().filter(|step| step.state.is_final());
    let was_installed = install.first(InstallState::Installed);
    Stage::ALL.map(|stage| {
        let at = match stage {
            Stage::Asked => Some(install.requested_at),
            Stage::Called => latest(install, &[InstallState::Woken]),
            Stage::Sent => latest(install, &[InstallState::Delivered])
                .or_else(|| install.first(InstallState::Accepted)),
            Stage::Installing => install
                .first(InstallState::Accepted)
                .or_else(|| install.first(InstallState::Progress)),
            Stage::Ready => was_installed,
        };
        let is_over = was_installed.is_some();
        let (mark, at) = match (stage.cmp(&now), ended) {
            (_, _) if is_over && stage == Stage::Called && at.is_none() => (Mark::Skipped, None),
            (_, _) if is_over => (Mark::Done, at),
            (std::cmp::Ordering::Less, _) if stage == Stage::Called && at.is_none() => {
                (Mark::Skipped, None)
            }
            (std::cmp::Ordering::Less, _) => (Mark::Done, at),
            (std::cmp::Ordering::Equal, Some(end)) => (Mark::Failed, Some(end.at)),
            (std::cmp::Ordering::Equal, None) => (Mark::Now, None),
            (std::cmp::Ordering::Greater, _) => (Mark::Todo, None),
        };
        StageStanding { stage, mark, at }
    })
}

fn latest(install: &Install, states: &[InstallState]) -> Option<Timestamp> {
    let mut steps = install.steps.iter().rev();
    let found = steps.find(|step| states.contains(&step.state));
    found.map(|step| step.at)
}

fn hold(install: &Install, forecast: Option<&Forecast>) -> Option<Hold> {
    let waits = |otherwise: Hold| match forecast.map(|forecast| forecast.when) {
        Some(When::Now) => Hold::InSession,
        Some(When::NotBefore) => Hold::Time,
        Some(When::After) => Hold::Commands,
        Some(When::Never) => Hold::Rules,
        Some(When::Sent) => Hold::Answer,
        _ => otherwise,
    };
    let is_doubted = install.reason.is_some();
    match install.state {
        InstallState::Requested if is_doubted => Some(waits(Hold::NoVisit)),
        InstallState::Requested => Some(waits(Hold::PushDue)),
        InstallState::WaitingForChannel => Some(waits(Hold::NoPush)),
        InstallState::Woken if is_doubted => Some(waits(Hold::NoVisit)),
        InstallState::Woken => Some(waits(Hold::VisitDue)),
        InstallState::Delivered => Some(Hold::Answer),
        InstallState::Accepted | InstallState::Progress => Some(Hold::Job),
        _ => None,
    }
}

impl OwnVisits {
    /// Of the device of `view`. A tablet comes by itself when its user signs in, and in the
    /// night while that user stays signed in; both are Maintenance (the MDMAgent article).
    pub fn of(view: &View<'_>) -> Self {
        if view.record.family != Family::Windows81 {
            return OwnVisits::default();
        }
        let (night, usual_sign_in) = device_hours(view);
        OwnVisits {
            sign_in: true,
            usual_sign_in,
            night: night.map(|Window { from, to, .. }| (from, to)),
        }
    }
}

/// What brings the install further.
fn visits(view: &View<'_>, hold: Hold, forecast: Option<&Forecast>) -> OwnVisits {
    let carried = match (hold, forecast) {
        (Hold::Rules, _) => false,
        // What reads how far it is goes in any Maintenance.
        (Hold::Job | Hold::Answer, _) | (_, None) => true,
        (_, Some(forecast)) => forecast.modes.contains(&Mode::Maintenance),
    };
    if carried {
        OwnVisits::of(view)
    } else {
        OwnVisits::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::device::Device;
    use crate::fixtures::{self, NOW, device};
    use crate::policy::PolicySet;

    fn install(steps: &[(InstallState, i64, Option<&str>)]) -> Install {
        let mut install = fixtures::install(1);
        install.step(InstallState::Requested, NOW, None);
        for (state, after, detail) in steps {
            install.step(*state, NOW.plus_ms(*after), detail.map(str::to_owned));
        }
        install
    }

    fn standing(device: &Device, install: &Install, forecast: Option<&Forecast>) -> Standing {
        let policies = PolicySet::builtin().unwrap();
        let view = View {
            state: &device.state,
            record: &device.record,
            policies: &policies,
            build: None,
            now: NOW,
        };
        Standing::new(&view, install, forecast)
    }

    fn forecast(when: When, modes: &[Mode], at: Option<i64>) -> Forecast {
        let mut forecast = Forecast::new(when, "");
        forecast.modes = modes.to_vec();
        forecast.at = at.map(|at| NOW.plus_ms(at));
        forecast
    }

    /// One letter per stage.
    fn marks(standing: &Standing) -> String {
        let letter = |stage: &StageStanding| stage.mark.name().chars().next().unwrap();
        standing.stages.iter().map(letter).collect()
    }

    #[test]
    fn each_state_is_a_stage_with_what_holds_it() {
        use InstallState::*;
        let apps = forecast(When::AppsSession, &[Mode::Maintenance, Mode::Apps], Some(9));
        let night = forecast(
            When::NextMaintenance,
            &[Mode::Maintenance, Mode::Apps],
            None,
        );
        let never = forecast(When::Never, &[], None);
        type Row<'a> = (
            &'a [(InstallState, i64, Option<&'a str>)],
            Option<&'a Forecast>,
            &'a str,
            Option<Hold>,
        );
        let rows: [Row<'_>; 14] = [
            (&[], Some(&apps), "dnttt", Some(Hold::PushDue)),
            (&[], Some(&never), "dnttt", Some(Hold::Rules)),
            (
                &[(Requested, 1, Some("dropped"))],
                Some(&night),
                "dnttt",
                Some(Hold::NoVisit),
            ),
            (
                &[(WaitingForChannel, 1, Some("x"))],
                Some(&night),
                "dnttt",
                Some(Hold::NoPush),
            ),
            (
                &[(Woken, 1, None)],
                Some(&apps),
                "ddntt",
                Some(Hold::VisitDue),
            ),
            (
                &[(Woken, 1, None), (Woken, 2, Some("x"))],
                Some(&night),
                "ddntt",
                Some(Hold::NoVisit),
            ),
            (
                &[(Woken, 1, None), (Delivered, 2, None)],
                None,
                "dddnt",
                Some(Hold::Answer),
            ),
            (
                &[(Delivered, 2, None), (Accepted, 3, None)],
                None,
                "dsdnt",
                Some(Hold::Job),
            ),
            (
                &[(Delivered, 2, None), (Progress, 3, None)],
                None,
                "dsdnt",
                Some(Hold::Job),
            ),
            (
                &[(Woken, 1, None), (Accepted, 3, None), (Installed, 4, None)],
                None,
                "ddddd",
                None,
            ),
            (
                &[(Accepted, 3, None), (Installed, 4, None)],
                None,
                "dsddd",
                None,
            ),
            (
                &[(Woken, 1, None), (Accepted, 3, None), (Failed, 4, None)],
                None,
                "dddft",
                None,
            ),
            (&[(Cancelled, 4, None)], None, "dfttt", None),
            // What came back unexecuted is called again.
            (
                &[
                    (Woken, 1, None),
                    (Delivered, 2, None),
                    (Requested, 3, Some("x")),
                ],
                Some(&night),
                "dnttt",
                Some(Hold::NoVisit),
            ),
        ];
        for (steps, forecast, expected, hold) in rows {
            let install = install(steps);
            let standing = standing(&device(1, &[]), &install, forecast);
            assert_eq!(
                (&*marks(&standing), standing.hold),
                (expected, hold),
                "{steps:?}"
            );
            assert_eq!(standing.hold.is_none(), install.state.is_final());
            let last = standing.stages.iter().filter(|stage| stage.at.is_some());
            assert!(last.clone().count() >= 1, "each has a time: {standing:?}");
        }
    }

    #[test]
    fn a_time_is_told_only_where_something_is_expected_by_then() {
        let woken = install(&[(InstallState::Woken, 1, None)]);
        let apps = forecast(When::AppsSession, &[Mode::Maintenance, Mode::Apps], Some(9));
        let waits = standing(&device(1, &[]), &woken, Some(&apps));
        assert_eq!((waits.until, waits.step()), (Some(NOW.plus_ms(9)), 3));
        let past = forecast(When::AppsSession, &[Mode::Apps], Some(-9));
        assert_eq!(standing(&device(1, &[]), &woken, Some(&past)).until, None);
        let later = forecast(When::NotBefore, &[Mode::Maintenance], Some(9));
        let waits = standing(&device(1, &[]), &install(&[]), Some(&later));
        assert_eq!(
            (waits.hold, waits.until),
            (Some(Hold::Time), Some(NOW.plus_ms(9)))
        );
    }

    #[test]
    fn a_tablet_comes_by_itself_at_sign_in_and_at_night_and_others_by_their_schedule() {
        let mut tablet = device(1, &[]);
        let night = forecast(When::NextMaintenance, &[Mode::Maintenance], None);
        let waiting = install(&[(InstallState::WaitingForChannel, 1, Some("x"))]);
        let visits = standing(&tablet, &waiting, Some(&night)).visits;
        assert!(
            visits.sign_in && visits.night.is_none(),
            "its zone is not known"
        );
        tablet.state.activity.plan.offset_minutes = Some(120);
        let (from, to) = standing(&tablet, &waiting, Some(&night))
            .visits
            .night
            .unwrap();
        assert_eq!(to.ms_since(from), 2 * 60 * 60 * 1000);
        for (install, forecast) in [
            (waiting.clone(), forecast(When::Never, &[], None)),
            (
                waiting.clone(),
                forecast(When::NextApps, &[Mode::Apps], None),
            ),
            (
                install(&[(InstallState::Installed, 1, None)]),
                night.clone(),
            ),
        ] {
            let visits = standing(&tablet, &install, Some(&forecast)).visits;
            assert_eq!(visits, OwnVisits::default(), "{:?}", forecast.when);
        }
        tablet.record.family = Family::Windows10;
        let visits = standing(&tablet, &waiting, Some(&night)).visits;
        assert_eq!(visits, OwnVisits::default());
    }
}
