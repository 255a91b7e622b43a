//! What a device has been doing, worked out from what it shows: what likely
//! began each session, when its nights and its user's logons are, whether
//! somebody ran its agent interactively, and habits that an operator should know of.
//!
//! Pure, and never more than likely: no decision of the policy rests on it. The
//! MDMAgent article says when MDMAgent runs in which mode; the rest is time.

mod flags;
mod impersonation;
mod logons;
mod plan;
mod trigger;

use serde::{Deserialize, Serialize};

pub use flags::ActivityFlag;
pub use impersonation::Evidence;
pub(crate) use impersonation::{needs_impersonation, was_refused_impersonation};
pub use logons::{Logon, Logons};
pub use plan::Plan;
pub(crate) use plan::clock;
pub use trigger::{Seen, Trigger, TriggerRecord, trigger};

use crate::context::{Family, Mode};
use crate::device::DeviceState;
use crate::ids::SessionNo;
use crate::time::Timestamp;

/// Interactive runs in a row in which what failed counts as not tried. After
/// that many it is the device that fails, whoever runs the agent.
const EXCUSED_RUNS: u8 = 5;

/// What is kept of it in the device's state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Activity {
    /// The device's clock and plan, as it last reported them.
    pub plan: Plan,
    /// When the server last asked for them of its own accord.
    pub asked_at: Option<Timestamp>,
    /// The latest session.
    pub session: SessionActivity,
    /// When the user logged on in earlier sessions.
    pub logons: Logons,
    /// Sessions in a row that were interactive runs.
    pub interactive_runs: u8,
}

/// What is known of one session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionActivity {
    /// Its number.
    pub no: SessionNo,
    /// When it began.
    pub began_at: Timestamp,
    /// The mode of its first message.
    pub mode: Option<Mode>,
    /// Whether the session before it was in Machine: nobody was logged on.
    pub after_machine: bool,
    /// When a Maintenance session was last seen before it.
    pub maintenance_before: Option<Timestamp>,
    /// Whether it answered a wake.
    pub woken: bool,
    /// Whether it is an interactive run.
    pub interactive: bool,
    /// What its answers show of the agent's rights.
    pub evidence: Evidence,
    /// What likely began it.
    pub trigger: Option<Trigger>,
}

impl SessionActivity {
    /// Whether its answers tell an interactive run: the agent has a user to
    /// impersonate, and it was not a push that started it.
    pub(crate) fn may_be_interactive(&self) -> bool {
        match self.mode {
            Some(Mode::Maintenance) => true,
            Some(Mode::Apps) => !self.woken,
            Some(Mode::Machine | Mode::Unspecified) | None => false,
        }
    }

    fn logon(&self, plan: &Plan) -> Option<Logon> {
        (self.trigger == Some(Trigger::Logon)).then_some(Logon {
            at: self.began_at,
            offset_minutes: plan.offset_minutes,
        })
    }
}

impl Activity {
    /// The minute of the day, in the device's time, about which its user usually
    /// logs on; `None` where there is no such habit.
    pub fn usual_logon(&self) -> Option<i64> {
        let latest = self.session.logon(&self.plan);
        self.logons.with(latest).usual(self.plan.offset_minutes)
    }

    /// Takes in that the latest session was an interactive run, as it now looks.
    /// Whether that is news.
    pub(crate) fn is_interactive_now(&mut self) -> bool {
        let is_news = !self.session.interactive;
        if is_news {
            self.session.interactive = true;
            self.interactive_runs = self.interactive_runs.saturating_add(1);
        }
        is_news
    }

    /// Whether what failed in the latest session counts as not tried.
    pub(crate) fn excuses(&self) -> bool {
        self.session.interactive && self.may_excuse()
    }

    /// Whether it would, if the session is or turns out to be an interactive run.
    pub(crate) fn may_excuse(&self) -> bool {
        let runs = self.interactive_runs;
        runs.saturating_add(u8::from(!self.session.interactive)) <= EXCUSED_RUNS
    }

    /// The enrollment ended: whoever is enrolled next has other habits.
    pub(crate) fn end_enrollment(&mut self) {
        self.logons = Logons::default();
        self.interactive_runs = 0;
        // The session under way says nothing of the next user either.
        self.session = SessionActivity::default();
    }

    /// The agent could do what needs the user: no interactive run, and none before counts.
    pub(crate) fn worked(&mut self) {
        self.session.interactive = false;
        self.interactive_runs = 0;
    }
}

/// A session begins. To be called before the state says that its mode was seen.
pub(crate) fn begin(state: &mut DeviceState, no: SessionNo, mode: Mode, now: Timestamp) {
    let seen = |mode: Mode| state.last_seen(mode);
    let with_user = seen(Mode::Maintenance).max(seen(Mode::Apps));
    let session = SessionActivity {
        no,
        began_at: now,
        mode: Some(mode),
        after_machine: seen(Mode::Machine) > with_user,
        maintenance_before: seen(Mode::Maintenance),
        ..SessionActivity::default()
    };
    let activity = &mut state.activity;
    let before = std::mem::replace(&mut activity.session, session);
    if let Some(logon) = before.logon(&activity.plan) {
        activity.logons = activity.logons.with(Some(logon));
    }
}

/// Works out what began the session `no`; what is to be recorded, where it looks
/// otherwise than before.
pub(crate) fn note_trigger(
    activity: &mut Activity,
    no: SessionNo,
    family: Family,
    woken: bool,
) -> Option<TriggerRecord> {
    let session = &mut activity.session;
    session.woken |= woken;
    let mode = session.mode.filter(|_| session.no == no)?;
    let seen = Seen {
        at: session.began_at,
        family,
        mode,
        manual: session.interactive,
        woken: session.woken,
        after_machine: session.after_machine,
        maintenance_before: session.maintenance_before,
    };
    let (likely, because) = trigger(&seen, &activity.plan);
    let is_news = session.trigger.replace(likely) != Some(likely);
    is_news.then(|| TriggerRecord {
        likely,
        because: because.into(),
    })
}

/// Whether the enrolled user is logged on, by the latest session whose mode tells;
/// `None` where none did.
pub(crate) fn is_user_logged_on(state: &DeviceState) -> Option<bool> {
    let with_user = state
        .last_seen(Mode::Maintenance)
        .max(state.last_seen(Mode::Apps));
    let without = state.last_seen(Mode::Machine);
    with_user.max(without).map(|_| with_user > without)
}
