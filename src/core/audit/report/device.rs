//! What a report keeps of each device while it reads the log: a few hundred bytes, and a
//! few words for each command that is withheld, under way or unconfirmed.

use std::collections::BTreeMap;

use super::value::{Column, Row, Value, columns};
use super::verdicts::Verdicts;
use super::withheld::Waiting;
use crate::context::{ContextSet, Family, Mode};
use crate::event::{Event, EventType, ExchangeRecord};
use crate::ids::DeviceId;
use crate::kind::Kind;
use crate::limits;
use crate::time::Timestamp;

/// What is known of a device.
#[derive(Debug, Default)]
pub struct DeviceFacts {
    pub(super) family: Option<Family>,
    pub(super) groups: Vec<String>,
    pub(super) registered_at: Option<Timestamp>,
    /// When it was retired.
    pub(super) retired_at: Option<Timestamp>,
    pub(super) last_session: Option<(Timestamp, Mode)>,
    pub(super) last_maintenance: Option<Timestamp>,
    /// Sessions since ever that named the mode, and in the period.
    pub(super) sessions_ever: [u32; Mode::ALL.len()],
    pub(super) sessions: [u32; Mode::ALL.len()],
    /// Commands that were carried in the period.
    pub(super) delivered: u32,
    pub(super) session: Session,
    pub(super) wake: WakeStep,
    pub(super) waiting: BTreeMap<u32, Waiting>,
    pub(super) underway: BTreeMap<u32, Underway>,
    pub(super) unconfirmed: BTreeMap<u32, Underway>,
    /// The latest verdicts on it.
    pub(super) verdicts: Verdicts,
}

/// A command that went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Underway {
    pub(super) kind: Kind,
    pub(super) at: Timestamp,
    pub(super) event: u64,
    pub(super) session: u32,
    pub(super) mode: Mode,
}

/// The device's latest session as far as it was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) number: u32,
    pub(super) contexts: ContextSet,
    /// The context of the latest message.
    pub(super) mode: Option<Mode>,
    /// What was counted of it already: each once a session.
    pub(super) counted: Counted,
    /// Where it began, if it began in Apps: the number of the device's event, when, and
    /// whether a push had been sent for it.
    pub(super) apps: Option<(u64, Timestamp, bool)>,
}

/// What was counted of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) nobody: bool,
    pub(super) somebody: bool,
    pub(super) changed: bool,
    pub(super) doubled: bool,
    pub(super) manual: bool,
}

/// How far the device's latest wake is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum WakeStep {
    /// None is known.
    #[default]
    None,
    /// Somebody wants one.
    Wanted,
    /// WNS took its notification.
    Sent,
    /// It has ended.
    Ended,
}

/// What an exchange adds to its session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Whether it begins a session.
    pub(super) begins: bool,
    /// The contexts that the session had not named before.
    pub(super) new: ContextSet,
    /// The session that it ends by beginning another.
    pub(super) before: Option<Session>,
}

impl DeviceFacts {
    /// Takes in what an event says of the device itself.
    pub(super) fn learn(&mut self, event: &Event) {
        match event.what {
            EventType::DeviceRegistered => self.registered_at = Some(event.at),
            EventType::DeviceRetired => {
                self.retired_at = Some(event.at);
                self.underway.clear();
                self.unconfirmed.clear();
                self.verdicts.clear();
                self.session = Session::default();
            }
            _ => {}
        }
        let subject = event.exchange.as_ref().and_then(|of| of.subject.as_ref());
        if let Some(subject) = subject {
            self.family = Some(subject.family);
            self.groups.clone_from(&subject.groups);
        }
        if let Some(change) = &event.change {
            self.family = change.family.or(self.family);
            if let Some(groups) = &change.groups {
                self.groups.clone_from(groups);
            }
        }
    }

    /// Forgets the oldest of more commands than can be open: they have ended without a word,
    /// under an earlier version.
    pub(super) fn bound(&mut self) {
        while self.waiting.len() > 2 * limits::OPEN_COMMANDS {
            self.waiting.pop_first();
        }
        for commands in [&mut self.underway, &mut self.unconfirmed] {
            while commands.len() > 2 * limits::OPEN_COMMANDS {
                commands.pop_first();
            }
        }
    }

    /// Takes in an exchange.
    pub(super) fn exchange(&mut self, event: &Event, record: &ExchangeRecord) -> Step {
        let begins = self.session.number != record.session || self.session.mode.is_none();
        let before = (begins && self.session.mode.is_some()).then_some(self.session);
        if begins {
            self.session = Session {
                number: record.session,
                apps: (record.mode == Mode::Apps).then_some((event.seq, event.at, false)),
                ..Session::default()
            };
        }
        let (known, named) = (self.session.contexts, record.all_contexts());
        let mut new = ContextSet::default();
        for context in named.iter() {
            if known.with(context) != known {
                new = new.with(context);
                self.session.contexts = self.session.contexts.with(context);
                self.names(known, new, context.mode, event.at);
            }
        }
        self.session.mode = Some(record.mode);
        if let Some((_, _, woken)) = &mut self.session.apps {
            *woken |= record.woken;
        }
        self.last_session = Some((event.at, record.mode));
        Step {
            begins,
            new,
            before,
        }
    }

    /// Counts a mode when a session names it first.
    fn names(&mut self, known: ContextSet, new: ContextSet, mode: Mode, at: Timestamp) {
        let of_mode = |contexts: ContextSet| contexts.iter().filter(|one| one.mode == mode).count();
        if of_mode(known) == 0 && of_mode(new) == 1 {
            self.sessions_ever[mode as usize] += 1;
        }
        if mode == Mode::Maintenance {
            self.last_maintenance = Some(at);
        }
    }

    /// What its sessions have been so far.
    pub(super) fn standing(&self) -> Standing {
        let [machine, maintenance, apps, unspecified] = self.sessions_ever;
        match (machine, maintenance + apps, unspecified) {
            (0, 0, 0) => Standing::NeverSeen,
            (1.., 0, _) => Standing::OnlyMachine,
            (0, 0, _) => Standing::NeverAMode,
            _ => Standing::Usual,
        }
    }

    /// Its row in the list of devices.
    pub(super) fn row(&self, id: DeviceId) -> Row {
        let [machine, maintenance, apps, unspecified] = self.sessions.map(Value::from);
        vec![
            id.into(),
            self.family.map(Family::name).into(),
            self.groups.join(", ").into(),
            self.registered_at.into(),
            self.retired_at.into(),
            self.last_session.map(|(at, _)| at).into(),
            self.last_session.map(|(_, mode)| mode.name()).into(),
            self.last_maintenance.into(),
            machine,
            maintenance,
            apps,
            unspecified,
            self.delivered.into(),
            self.waiting.len().into(),
            self.standing().name().into(),
        ]
    }
}

/// The columns of the list of devices.
pub const DEVICES: &[Column] = columns! {
    device "Device",
    family "Family",
    groups "Groups",
    registered_at "Registered",
    retired_at "Retired",
    last_session_at "Last exchange",
    last_mode "Its mode",
    last_maintenance_at "Last Maintenance",
    machine "Machine",
    maintenance "Maintenance",
    apps "Apps",
    unspecified "Unspecified",
    delivered "Commands carried",
    withheld "Withheld now",
    standing "Seen",
};

/// What a device's sessions have been so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not had a session.
    NeverSeen,
    /// It has only ever named Machine.
    OnlyMachine,
    /// It has never named a mode that is known.
    NeverAMode,
    /// It has named Maintenance or Apps.
    Usual,
}

impl Standing {
    /// Every value, in the order of declaration.
    pub(super) const ALL: [Standing; 4] = [
        Standing::NeverSeen,
        Standing::OnlyMachine,
        Standing::NeverAMode,
        Standing::Usual,
    ];

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Standing::NeverSeen => "never",
            Standing::OnlyMachine => "only in Machine",
            Standing::NeverAMode => "never with a mode",
            Standing::Usual => "in modes with a user",
        }
    }
}
