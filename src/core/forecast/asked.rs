//! One command of one device, and what may be asked of it.

use super::outlook::{Forecast, When};
use crate::command::OpenCommand;
use crate::context::{Context, ContextSet, Login, Mode, Platform};
use crate::device::{DeviceRecord, DeviceState};
use crate::ids::SessionNo;
use crate::policy::PolicySet;
use crate::push::wake::{self, Wake};
use crate::session::{Availability, Circumstances, is_under_way};
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
    pub(super) command: &'a OpenCommand,
}

impl Asked<'_> {
    fn here(&self, contexts: ContextSet, session: Option<SessionNo>) -> Circumstances<'_> {
        Circumstances {
            record: self.view.record,
            policies: self.view.policies,
            contexts,
            session,
            set_pause: self.view.state.set_pause,
            now: self.view.now,
        }
    }

    /// How it stands in a session of that mode as it usually is: nobody logged
    /// on in Machine, the enrolled user in the others.
    fn in_mode(&self, mode: Mode) -> Availability {
        let login = match mode {
            Mode::Machine => Login::None,
            Mode::Maintenance | Mode::Apps => Login::User,
            Mode::Unspecified => Login::Absent,
        };
        let contexts = ContextSet::only(Context {
            mode,
            platform: Platform::WoA,
            login,
        });
        self.here(contexts, None).availability(self.command)
    }

    pub(super) fn goes_in(&self, mode: Mode) -> bool {
        self.in_mode(mode).is_delivered_by_rules()
    }

    /// In the session that is open, if that may carry it still.
    pub(super) fn now(&self) -> Option<Forecast> {
        let session = self.view.state.session.as_ref()?;
        let here = self.here(session.contexts, Some(session.no));
        if !is_under_way(session, self.view.now) || here.was_offered(self.command) {
            return None;
        }
        let availability = here.availability(self.command);
        if availability.waits.later_session || !availability.is_delivered_by_rules() {
            return None;
        }
        let text = format!("in session {}, which is open now", session.no.0);
        let mut forecast = Forecast::new(When::Now, text);
        forecast.session = Some(session.no.0);
        Some(forecast)
    }

    /// What is refused for good, or held back in every one of these modes.
    pub(super) fn never(&self, modes: &[Mode]) -> Option<Forecast> {
        let usual: Vec<Availability> = modes.iter().map(|&mode| self.in_mode(mode)).collect();
        if let Some(refused) = usual.iter().find(|one| one.is_refused()) {
            let rules = refused.rule_names().join(", ");
            let text = format!("never on this device: {rules}");
            return Some(Forecast::new(When::Never, text));
        }
        if usual.iter().any(Availability::is_delivered_by_rules) {
            return None;
        }
        let by = usual.last().map(Availability::rule_names);
        let by = by.unwrap_or_default().join(", ");
        let text =
            format!("no session delivers it under the rules in force ({by}); it stays queued");
        Some(Forecast::new(When::Never, text))
    }

    /// The wake under way, if a session can come of it: WNS has it or may have it, or the
    /// channel that it is to be sent to is in use.
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
        (left || !wake.state.is_final() && can_send).then_some(wake)
    }

    /// "last seen …" or "never seen", and when.
    pub(super) fn seen(&self, mode: Mode) -> (String, Option<Timestamp>) {
        match self.view.state.last_seen(mode) {
            Some(at) => (format!("last seen {at}"), Some(at)),
            None => ("never seen".to_owned(), None),
        }
    }
}
