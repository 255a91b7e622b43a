//! When a waiting command can go: now, in the Apps session of the wake under
//! way, at the next Maintenance, in any session, not before a time, never.
//!
//! Pure. It asks the same [`PolicySet::decide`] as a session does. A push only
//! ever brings Apps (seed 004): no forecast promises that one repairs a channel.

mod families;
mod renewal;
mod windows81;

use serde::Serialize;

pub use renewal::{Window, renewal};
pub(crate) use windows81::channel_in_words;

use crate::change::Change;
use crate::command::{CommandState, OpenCommand};
use crate::context::{Context, ContextSet, Family, Login, Mode, Platform};
use crate::device::{DeviceRecord, State};
use crate::event::EventType;
use crate::ids::CommandSeq;
use crate::inventory::{Address, Inventory, Value};
use crate::limits;
use crate::policy::{Decision, PolicySet, Subject, Verdict};
use crate::push::wake::{self, Wake};
use crate::session::leaves_under;
use crate::session::queue::state_at;
use crate::time::Timestamp;

/// When, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It went out; its answer is awaited.
    Sent,
    /// In the session that is open.
    Now,
    /// In the Apps session of the wake under way.
    AppsSession,
    /// In the session that the wake under way brings (families without modes).
    PushSession,
    /// In the next Maintenance session.
    NextMaintenance,
    /// In the next Apps session, for which there must be a push first.
    NextApps,
    /// In the next Machine session: nothing else lets it go.
    NextMachine,
    /// In the next session, whatever it is.
    AnySession,
    /// Not before a time.
    NotBefore,
    /// When other commands are done.
    After,
    /// No session carries it as things stand.
    Never,
}

impl When {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            When::Sent => "sent",
            When::Now => "now",
            When::AppsSession => "apps_session",
            When::PushSession => "push_session",
            When::NextMaintenance => "next_maintenance",
            When::NextApps => "next_apps",
            When::NextMachine => "next_machine",
            When::AnySession => "any_session",
            When::NotBefore => "not_before",
            When::After => "after",
            When::Never => "never",
        }
    }
}

/// What can be said of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// When.
    pub when: When,
    /// The same in words.
    pub text: String,
    /// The number of the open session, where it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// Not before this, or expected until this.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub at: Option<Timestamp>,
    /// When a session of that kind was last seen.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub last_seen: Option<Timestamp>,
    /// What only the user of the device can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When the device is expected by itself, to renew its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Window>,
}

fn rfc3339<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}

impl Forecast {
    fn new(when: When, text: impl Into<String>) -> Self {
        Forecast {
            when,
            text: text.into(),
            session: None,
            at: None,
            last_seen: None,
            user: None,
            renewal: None,
        }
    }

    /// In one line, as the log keeps it.
    pub fn line(&self) -> String {
        format!("{}: {}", self.when.name(), self.text)
    }
}

/// What a forecast looks at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The device's state.
    pub state: &'a State,
    /// Its record.
    pub record: &'a DeviceRecord,
    /// The rules in force.
    pub policies: &'a PolicySet,
    /// The build of its system, where the inventory knows it (Windows 10: `./DevDetail/SwV`).
    pub build: Option<u32>,
    /// Now.
    pub now: Timestamp,
}

/// The forecast of an open command.
pub fn forecast(view: &View<'_>, command: &OpenCommand) -> Forecast {
    match state_at(view.state, command, view.now) {
        CommandState::Queued => {}
        CommandState::Expired => return Forecast::new(When::Never, "its time has passed"),
        CommandState::Unconfirmed => {
            let text = "it went out and its answer was lost; it is not sent again unasked";
            return Forecast::new(When::Sent, text);
        }
        _ => return Forecast::new(When::Sent, "it went out; the device's answer is awaited"),
    }
    if let Some(at) = command.not_before.filter(|at| *at > view.now) {
        let then = by_policy(view, command);
        let mut forecast = Forecast::new(
            When::NotBefore,
            format!("not before {at}; then {}", then.text),
        );
        (forecast.at, forecast.user) = (Some(at), then.user);
        return forecast;
    }
    if !command.manner.after.is_empty() {
        let others = command.manner.after.iter().map(|seq| seq.0.to_string());
        let others = others.collect::<Vec<_>>().join(", ");
        let then = by_policy(view, command);
        let text = format!("after command {others} is done; then {}", then.text);
        return Forecast::new(When::After, text);
    }
    by_policy(view, command)
}

/// Writes beside the commands that a change queues when they could go, for the log.
pub fn note(change: &mut Change, record: &DeviceRecord, policies: &PolicySet, now: Timestamp) {
    let view = View {
        state: &change.state,
        record,
        policies,
        build: None,
        now,
    };
    for event in &mut change.events {
        let queued = event.what == EventType::CommandQueued;
        let seq = event.command.filter(|_| queued).map(CommandSeq);
        if let Some(open) = seq.and_then(|seq| view.state.open(seq)) {
            event.forecast = Some(forecast(&view, open).line());
        }
    }
}

/// The build of a Windows 10 device, from `./DevDetail/SwV` of its inventory
/// (`10.0.14393.0`).
pub fn build(inventory: &Inventory) -> Option<u32> {
    let entry = inventory.entry(&Address::of(&"./DevDetail/SwV".into())?)?;
    let text = match &entry.value {
        Value::Text(text) => text.clone(),
        _ => entry.text.clone()?,
    };
    text.split('.').nth(2)?.parse().ok()
}

fn by_policy(view: &View<'_>, command: &OpenCommand) -> Forecast {
    let asked = Asked { view, command };
    if let Some(forecast) = asked.now() {
        return forecast;
    }
    match view.record.family {
        Family::Windows81 => windows81::forecast(&asked),
        family => families::forecast(&asked, family),
    }
}

/// One command, to ask the policy set about.
struct Asked<'a> {
    view: &'a View<'a>,
    command: &'a OpenCommand,
}

impl Asked<'_> {
    fn decide(&self, contexts: ContextSet) -> Decision {
        let View {
            record, policies, ..
        } = self.view;
        let leaves = leaves_under(self.command, policies);
        policies.decide(
            contexts,
            &Subject {
                family: record.family,
                groups: &record.groups,
                app: self.command.manner.app.as_deref(),
                leaves: &leaves,
            },
        )
    }

    /// The decision in a session of that mode as it usually is: nobody logged
    /// on in Machine, the enrolled user in the others.
    fn in_mode(&self, mode: Mode) -> Decision {
        let login = match mode {
            Mode::Machine => Login::None,
            Mode::Maintenance | Mode::Apps => Login::User,
            Mode::Unspecified => Login::Absent,
        };
        self.decide(ContextSet::only(Context {
            mode,
            platform: Platform::WoA,
            login,
        }))
    }

    fn goes_in(&self, mode: Mode) -> bool {
        self.in_mode(mode).verdict == Verdict::Deliver
    }

    /// In the session that is open, if that may carry it still.
    fn now(&self) -> Option<Forecast> {
        let session = self.view.state.session.as_ref()?;
        let idle = self.view.now.ms_since(session.last_at) > limits::SESSION_IDLE_MS;
        let offered = self
            .command
            .leases
            .first()
            .is_some_and(|lease| lease.session == session.no);
        let later = self
            .command
            .manner
            .later_than
            .is_some_and(|last| session.no <= last);
        if !session.is_open || idle || offered || later {
            return None;
        }
        if self.decide(session.contexts).verdict != Verdict::Deliver {
            return None;
        }
        let text = format!("in session {}, which is open now", session.no.0);
        let mut forecast = Forecast::new(When::Now, text);
        forecast.session = Some(session.no.0);
        Some(forecast)
    }

    /// What is refused for good, or held back in every one of these modes.
    fn never(&self, modes: &[Mode]) -> Option<Forecast> {
        let decisions: Vec<Decision> = modes.iter().map(|&mode| self.in_mode(mode)).collect();
        let rules = |decision: &Decision| {
            let rules: Vec<String> = decision.rules.iter().map(ToString::to_string).collect();
            rules.join(", ")
        };
        if let Some(refused) = decisions.iter().find(|one| one.verdict == Verdict::Refuse) {
            let text = format!("never on this device: {}", rules(refused));
            return Some(Forecast::new(When::Never, text));
        }
        if decisions.iter().any(|one| one.verdict == Verdict::Deliver) {
            return None;
        }
        let by = decisions.last().map(rules).unwrap_or_default();
        let text =
            format!("no session carries it under the rules in force ({by}); it stays queued");
        Some(Forecast::new(When::Never, text))
    }

    /// The wake under way, if a session can come of it: WNS has it, or the
    /// channel that it is to be sent to is in use.
    fn wake(&self) -> Option<&Wake> {
        let View { state, now, .. } = self.view;
        let can_send = state
            .channel
            .as_ref()
            .is_some_and(|channel| channel.may_send(*now));
        let wake = state.wake.as_ref()?;
        let taken = wake.state == wake::State::Accepted;
        (taken || !wake.state.is_final() && can_send).then_some(wake)
    }

    /// "last seen …" or "never seen", and when.
    fn seen(&self, mode: Mode) -> (String, Option<Timestamp>) {
        match self.view.state.last_seen(mode) {
            Some(at) => (format!("last seen {at}"), Some(at)),
            None => ("never seen".to_owned(), None),
        }
    }
}

#[cfg(test)]
mod tests;
