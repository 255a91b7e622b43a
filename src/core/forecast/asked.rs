//! One command of one device, and what may be asked of it.

use super::outlook::{Forecast, When};
use crate::command::OpenCommand;
use crate::context::{Context, ContextSet, Login, Mode, Platform};
use crate::device::{ActivityFlag, DeviceRecord, DeviceState};
use crate::ids::{CommandSeq, SessionNo};
use crate::policy::PolicySet;
use crate::push::wake::{self, Wake};
use crate::session::{self, Availability, Circumstances, is_under_way};
use crate::time::Timestamp;

/// What a forecast looks at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The device's state.
    pub state: &'a DeviceState,
    /// Its record.
    pub record: &'a DeviceRecord,
    /// The rules in force.
    pub policies: &'a PolicySet,
    /// The build of its system, where the inventory knows it (Windows 10: `./DevDetail/SwV`).
    pub build: Option<u32>,
    /// Now.
    pub now: Timestamp,
}

/// One command, to ask the policy set about.
pub(super) struct Asked<'a> {
    pub(super) view: &'a View<'a>,
    command: &'a OpenCommand,
    /// How it stands in a session of each mode as it usually is, in the order of [`Mode::ALL`].
    usual: [Availability; 4],
}

impl<'a> Asked<'a> {
    pub(super) fn new(view: &'a View<'a>, command: &'a OpenCommand) -> Self {
        Asked {
            view,
            command,
            usual: Mode::ALL.map(|mode| in_context(view, command, mode, usual_login(mode))),
        }
    }

    pub(super) fn goes_in(&self, mode: Mode) -> bool {
        self.usual[mode as usize].is_delivered_by_rules()
    }

    fn goes_with(&self, mode: Mode, login: Login) -> bool {
        in_context(self.view, self.command, mode, login).is_delivered_by_rules()
    }

    /// The modes whose sessions carry it.
    pub(super) fn modes(&self) -> Vec<Mode> {
        let all = Mode::ALL.into_iter();
        all.filter(|&mode| self.goes_in(mode)).collect()
    }

    /// Those of `modes` whose sessions do not carry it where nobody is logged on.
    pub(super) fn needs_logon(&self, modes: &[Mode]) -> Vec<Mode> {
        let modes = modes.iter().copied();
        let held = |mode: &Mode| !self.goes_with(*mode, Login::None);
        modes.filter(held).collect()
    }

    /// Whether a session that names no mode carries it where the user is logged on: the
    /// rule of `policies/optional`.
    pub(super) fn goes_with_login_alone(&self) -> bool {
        self.goes_with(Mode::Unspecified, Login::User)
    }

    /// Whether the device has had sessions, and none of them named a mode.
    pub(super) fn names_no_mode(&self) -> bool {
        ActivityFlag::NamesNoMode.is_of(self.view.state)
    }

    /// In the session that is open, if that may carry it still.
    pub(super) fn now(&self) -> Option<Forecast> {
        let session = self.view.state.session.as_ref()?;
        let here = here(self.view, session.contexts, Some(session.no));
        if !is_under_way(session, self.view.now) || here.was_offered(self.command) {
            return None;
        }
        let availability = here.availability(self.command);
        let waits = availability.waits;
        if waits.until.is_some() || waits.later_session || !availability.is_delivered_by_rules() {
            return None;
        }
        let text = format!("in session {}, which is open now", session.no.0);
        let mut forecast = Forecast::new(When::Now, text);
        forecast.session = Some(session.no.0);
        Some(forecast)
    }

    /// What is refused for good, or held back in every mode.
    pub(super) fn never(&self) -> Option<Forecast> {
        if self.usual.iter().any(Availability::is_delivered_by_rules)
            || self.goes_with_login_alone()
        {
            return None;
        }
        if let Some(refused) = self.usual.iter().find(|one| one.is_refused()) {
            let rules = refused.rule_names().join(", ");
            let text = format!("never on this device: {rules}");
            return Some(Forecast::new(When::Never, text));
        }
        let by = self.usual[Mode::Apps as usize].rule_names().join(", ");
        let text =
            format!("no session delivers it under the rules in force ({by}); it stays queued");
        Some(Forecast::new(When::Never, text))
    }

    /// The wake under way, if a session can come of it: WNS has it or may have it, or the
    /// channel that it is to be sent to is in use.
    ///
    /// What waits for a time after the session is due does not go in that.
    pub(super) fn wake(&self) -> Option<&Wake> {
        let View { state, now, .. } = self.view;
        let can_send = state
            .channel
            .as_ref()
            .is_some_and(|channel| channel.may_send(*now));
        let wake = state.wake.as_ref()?;
        let left = matches!(
            wake.state,
            wake::WakeState::Accepted | wake::WakeState::Unconfirmed
        );
        let later = self.command.not_before.is_some_and(|at| at > wake.due_at);
        let comes = left || !wake.state.is_final() && can_send;
        (comes && !later).then_some(wake)
    }

    /// "last seen …" or "never seen", and when.
    pub(super) fn seen(&self, mode: Mode) -> (String, Option<Timestamp>) {
        match self.view.state.last_seen(mode) {
            Some(at) => (format!("last seen {}", at.minute()), Some(at)),
            None => ("never seen".to_owned(), None),
        }
    }
}

fn here<'a>(
    view: &'a View<'a>,
    contexts: ContextSet,
    session: Option<SessionNo>,
) -> Circumstances<'a> {
    Circumstances {
        record: view.record,
        policies: view.policies,
        contexts,
        session,
        set_pause: view.state.set_pause,
        now: view.now,
    }
}

/// The set of the push channel that a session carries in place of this command, in a mode in
/// which both could go.
pub(super) fn set_before(view: &View<'_>, command: &OpenCommand) -> Option<CommandSeq> {
    Mode::ALL.into_iter().find_map(|mode| {
        let contexts = ContextSet::only(usual_context(mode));
        session::set_before(view.state, &here(view, contexts, None), command)
    })
}

fn usual_context(mode: Mode) -> Context {
    Context {
        mode,
        platform: Platform::WoA,
        login: usual_login(mode),
    }
}

/// How a command stands in a session of that mode with that login status.
fn in_context(view: &View<'_>, command: &OpenCommand, mode: Mode, login: Login) -> Availability {
    let contexts = ContextSet::only(Context {
        login,
        ..usual_context(mode)
    });
    here(view, contexts, None).availability(command)
}

/// Who is logged on in a session of that mode as it usually is.
fn usual_login(mode: Mode) -> Login {
    match mode {
        Mode::Machine => Login::None,
        Mode::Maintenance | Mode::Apps => Login::User,
        Mode::Unspecified => Login::Absent,
    }
}
