//! Whether one command can go in one session, and what else it waits for: the one
//! reading of rules, modes and the queue that replies, previews and forecasts
//! share.

use std::borrow::Cow;

use super::queue::{leaves_of, unknown_of};
use super::settle::is_idle;
use crate::classify::classify;
use crate::command::{CommandBody, CommandState, OpenCommand, Operation};
use crate::context::{ContextSet, Mode};
use crate::device::{DeviceRecord, DeviceState, Session};
use crate::event::Touched;
use crate::event::touched::leaves_under;
use crate::ids::SessionNo;
use crate::kind::Leaf;
use crate::policy::{Decision, PolicySet, Subject, Verdict};
use crate::push::set_pause::SetPause;
use crate::time::Timestamp;

/// The rule named where a command waits for its time, not for a mode.
const NOT_BEFORE: &str = "queue.not-before";
/// The rule named where a command waits for a later session.
const LATER: &str = "queue.later-session";
/// The rule named where a command waits for another.
const AFTER: &str = "queue.after";

/// The session that is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// The device's record.
    pub(crate) record: &'a DeviceRecord,
    /// The rules in force.
    pub(crate) policies: &'a PolicySet,
    /// Every context that the session names.
    pub(crate) contexts: ContextSet,
    /// Its number; none for one that has yet to begin.
    pub(crate) session: Option<SessionNo>,
    /// How soon the push channel may be set again.
    pub(crate) set_pause: Option<SetPause>,
    /// Now.
    pub(crate) now: Timestamp,
}

/// What is to be said of one command in one session. It goes if the rules deliver
/// it and it waits for nothing.
#[derive(Debug)]
pub(crate) struct Availability {
    /// What the rules say.
    pub(crate) decision: Decision,
    /// What the queue has it wait for, whatever the rules say.
    pub(crate) waits: Waits,
}

/// What the queue itself has a command wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    /// For this time: its own, or that of its next attempt.
    pub(crate) until: Option<Timestamp>,
    /// For a later session than this one.
    pub(crate) later_session: bool,
    /// For other commands to be done.
    pub(crate) commands: bool,
}

impl Waits {
    /// What a command waits for at `now`, in that session. A set of the push channel goes
    /// once in a session and not within the pause.
    pub(crate) fn new(
        command: &OpenCommand,
        set_pause: Option<SetPause>,
        session: Option<SessionNo>,
        now: Timestamp,
    ) -> Self {
        let not_after = command.options.later_than;
        let pause = set_pause.filter(|_| command.sets_channel());
        let is_own = command.options.purpose.is_some();
        let paused = pause.and_then(|pause| pause.holds(command.seq, is_own, now));
        let is_set_in = |no| pause.is_some_and(|pause| pause.session == Some(no));
        Waits {
            until: command.not_before.filter(|&at| at > now).max(paused),
            later_session: session.zip(not_after).is_some_and(|(no, last)| no <= last)
                || session.is_some_and(is_set_in),
            commands: !command.options.after.is_empty(),
        }
    }

    /// The id of the queue's rule that is named for it, if it waits at all.
    pub(crate) fn rule(self) -> Option<&'static str> {
        if self.until.is_some() {
            Some(NOT_BEFORE)
        } else if self.later_session {
            Some(LATER)
        } else {
            self.commands.then_some(AFTER)
        }
    }
}

impl Availability {
    /// Whether the rules let it go, its waits aside.
    pub(crate) fn is_delivered_by_rules(&self) -> bool {
        self.decision.verdict == Verdict::Deliver
    }

    /// Whether it goes now.
    pub(crate) fn goes(&self) -> bool {
        self.is_delivered_by_rules() && self.waits.rule().is_none()
    }

    /// Whether it never goes to this device, so that it fails.
    pub(crate) fn is_refused(&self) -> bool {
        self.decision.verdict == Verdict::Refuse
    }

    /// The rules and modes to name for a command that stays.
    pub(crate) fn reason(&self) -> (Vec<String>, Vec<Mode>) {
        match self.waits.rule().filter(|_| self.is_delivered_by_rules()) {
            Some(rule) => (vec![rule.to_owned()], Vec::new()),
            None => (self.rule_names(), self.decision.modes.clone()),
        }
    }

    /// Whether [`Availability::reason`] is this one.
    pub(crate) fn is_reason(&self, rules: &[String], modes: &[Mode]) -> bool {
        let rules = rules.iter().map(String::as_str);
        if let Some(rule) = self.waits.rule().filter(|_| self.is_delivered_by_rules()) {
            modes.is_empty() && rules.eq([rule])
        } else {
            let decided = self.decision.rules.iter().map(|rule| &*rule.0);
            modes == self.decision.modes && rules.eq(decided)
        }
    }

    /// The rules of the decision, as text.
    pub(crate) fn rule_names(&self) -> Vec<String> {
        self.decision
            .rules
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

impl<'a> Circumstances<'a> {
    /// Those of a session that has begun.
    pub(crate) fn in_session(
        (state, session): (&DeviceState, &Session),
        record: &'a DeviceRecord,
        policies: &'a PolicySet,
        now: Timestamp,
    ) -> Self {
        Circumstances {
            record,
            policies,
            contexts: session.contexts,
            session: Some(session.no),
            set_pause: state.set_pause,
            now,
        }
    }

    /// Whether a command is in the queue for this session: not out, not over, not
    /// offered in it before. What was put back after its time is in no queue.
    pub(crate) fn is_queued(&self, command: &OpenCommand) -> bool {
        let lapsed = command.expires_at.is_some_and(|at| at <= self.now);
        command.state == CommandState::Queued && !lapsed && !self.was_offered(command)
    }

    /// Whether the command was offered in this session.
    pub(crate) fn was_offered(&self, command: &OpenCommand) -> bool {
        let latest = command.leases.first();
        self.session
            .is_some_and(|no| latest.is_some_and(|lease| lease.session == no))
    }

    /// Whether the command can go.
    pub(crate) fn availability(&self, command: &OpenCommand) -> Availability {
        let leaves = seen_by(self.policies, command, None).leaves;
        self.availability_by(
            self.decide(&leaves, command.options.app.as_deref()),
            command,
        )
    }

    /// The same where the decision is known, from a command that touches the same.
    pub(crate) fn availability_by(
        &self,
        decision: Decision,
        command: &OpenCommand,
    ) -> Availability {
        Availability {
            decision,
            waits: Waits::new(command, self.set_pause, self.session, self.now),
        }
    }

    /// What the rules say of these leaves, for that app of the catalogue if it is one's.
    pub(crate) fn decide(&self, leaves: &[Leaf], app: Option<&str>) -> Decision {
        let subject = Subject {
            family: self.record.family,
            groups: &self.record.groups,
            app,
            leaves,
        };
        self.policies.decide(self.contexts, &subject)
    }
}

/// Whether a session may carry more at `now`.
pub(crate) fn is_under_way(session: &Session, now: Timestamp) -> bool {
    session.is_open && !is_idle(session, now)
}

/// Whether policy would let these go in the session as far as it is known. It is asked again
/// for the command itself.
pub(super) fn delivers_in_session(
    state: &DeviceState,
    record: &DeviceRecord,
    policies: &PolicySet,
    operations: &[Operation],
    now: Timestamp,
) -> bool {
    state.session.as_ref().is_some_and(|session| {
        let here = Circumstances::in_session((state, session), record, policies, now);
        let decision = here.decide(&leaves_of(operations, classify), None);
        is_under_way(session, now) && decision.verdict == Verdict::Deliver
    })
}

/// What a policy set sees of a command.
pub(super) struct Seen<'a> {
    /// What is decided on.
    pub(super) leaves: Cow<'a, [Leaf]>,
    /// The same for the log, where the event that the command was queued by does not say it.
    pub(super) late: Option<Touched>,
}

/// What a policy set sees of a command; it may classify what the table does not know. With
/// the body at hand, it is what leaves that counts: it may do something else than when it was
/// queued, since another key of MDM_Client is known, or another version classifies; and not
/// all nodes that the table does not know are in the state.
pub(super) fn seen_by<'a>(
    policies: &PolicySet,
    command: &'a OpenCommand,
    body: Option<&CommandBody>,
) -> Seen<'a> {
    let app = command.options.app.as_deref();
    let known = || leaves_under(&command.leaves, &command.unknown, policies);
    let as_queued = |leaves: Cow<'a, [Leaf]>| Seen {
        late: (!command.is_on_record)
            .then(|| whole_or(Touched::of_open(command), &leaves).of_app(app)),
        leaves,
    };
    let Some(body) = body else {
        return as_queued(known());
    };
    let leaves = leaves_of(&body.operations, |verb, loc_uri| {
        policies.classify(verb, loc_uri)
    });
    if !command.has_more_unknown {
        let known = known();
        if leaves.iter().all(|leaf| known.contains(leaf)) {
            return as_queued(known);
        }
    }
    let table = leaves_of(&body.operations, classify);
    let unknown = unknown_of(&body.operations);
    let leaves = leaves_under(&table, &unknown, policies).into_owned();
    let late = Touched::new(&table, &unknown).unwrap_or_else(|| Touched::partial(&leaves));
    Seen {
        leaves: Cow::Owned(leaves),
        late: Some(late.of_app(app)),
    }
}

/// What the log says where not all of it has room: what was decided on.
fn whole_or(touched: Touched, leaves: &[Leaf]) -> Touched {
    match touched.partial {
        true => Touched::partial(leaves),
        false => touched,
    }
}
