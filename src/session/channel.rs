//! The push channel in a session: what the device's answers and the session
//! itself mean for it, and the commands that follow. What is to be done is
//! decided in [`crate::push::channel`]; whether a command may go is decided by
//! the policy engine, as for every other.

use super::bodies::Bodies;
use super::closing;
use super::exchange::Exchange;
use super::ledger::Ledger;
use super::queue::{leaves_of, opened};
use super::told::{Nodes, Says, Told};
use super::{Request, settle};
use crate::classify::classify;
use crate::command::{CommandBody, CommandState, Lenient, Manner, Operation, Serves, Unanswered};
use crate::context::Family;
use crate::device::{DeviceRecord, State};
use crate::event::{Event, EventType};
use crate::ids::{CommandSeq, DeviceId};
use crate::limits;
use crate::operations::{channel_reads, channel_set, dmclient_reads, dmclient_set};
use crate::policy::{Subject, Verdict};
use crate::push::address::ChannelUri;
use crate::push::answer::WnsVerdict;
use crate::push::channel::{self, Channel, Effect, SetVerb};
use crate::push::in_force::{Notes, Target, status_words};
use crate::push::{outbox, wake};
use crate::secret::Secret;
use crate::wire::message::Verb;

/// Who queues the commands.
const ACTOR: &str = "server";
/// DMClient's Push/Status for a URI that has expired.
const URI_EXPIRED: u16 = 5;

/// What is to be recorded besides the state.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The URI afterwards, where it is another: none to delete the one that is kept.
    pub(super) uri: Option<Option<Secret>>,
    /// What was queued.
    pub(super) queued: Vec<(CommandSeq, CommandBody)>,
}

/// The device of a session.
pub(super) struct Whose<'a> {
    pub(super) id: DeviceId,
    pub(super) record: &'a DeviceRecord,
    /// The set that was open before this message's answers.
    pub(super) set: Option<CommandSeq>,
    /// Whether this message begins a session in its order.
    pub(super) begins: bool,
}

/// The open set of a device's channel.
pub(super) fn open_set(state: &State) -> Option<CommandSeq> {
    find(state, Serves::ChannelSet)
}

fn find(state: &State, serves: Serves) -> Option<CommandSeq> {
    let open = state.open.iter();
    let mut of_it = open.filter(|command| command.manner.serves == Some(serves));
    of_it.next().map(|command| command.seq)
}

/// Takes in what this message means for the channel and the wake.
pub(super) fn take(
    state: &mut State,
    whose: &Whose<'_>,
    told: &Told,
    request: &Request<'_>,
    bodies: &mut Bodies<'_>,
    ledger: &mut Ledger,
) -> News {
    if whose.begins {
        answer_wake(state, whose, request, ledger);
    }
    let Some(target) = target(state, whose, request) else {
        return forget(state, "no push profile is for this device", ledger);
    };
    let mut work = Work {
        channel: state.channel.take().unwrap_or_default(),
        state,
        whose,
        target,
        request,
        ledger,
        effects: Vec::new(),
        news: News::default(),
    };
    let before = work.channel.state;
    work.mine();
    work.set_answered();
    let says = told.at(&work.nodes());
    work.told(says);
    if whose.begins {
        work.session();
    }
    work.act(bodies);
    let (channel, news) = (work.channel, work.news);
    if channel.state != before {
        let detail = format!("{} to {}", before.name(), channel.state.name());
        let changed = Event::new(ledger.now, ACTOR, Some(whose.id), EventType::ChannelChanged);
        ledger.events.push(changed.detail(detail));
    }
    state.channel = Some(channel);
    news
}

/// The profile that the device is set up for. A phone beyond the 30 days does
/// not renew by itself: where there is another profile for it, it is moved on.
fn target<'a>(state: &State, whose: &Whose<'_>, request: &Request<'a>) -> Option<&'a Target> {
    let (push, record) = (request.push, whose.record);
    let own = state.push.own.as_ref();
    let current = push.current(record.family, &record.groups, own)?;
    let expired = state.channel.as_ref().is_some_and(|channel| {
        channel.state == channel::State::Expired
            || channel.expires_at().is_some_and(|end| end <= request.now)
    });
    let moves = expired && whose.begins && record.family == Family::WindowsPhone81;
    if moves {
        push.another(&record.groups, current)
    } else {
        Some(current)
    }
}

/// The device has no channel any more: it is unenrolled, or no profile is for it.
pub(super) fn forget(state: &mut State, why: &str, ledger: &mut Ledger) -> News {
    let Some(channel) = state.channel.take() else {
        return News::default();
    };
    state.push = Notes::default();
    for serves in [Serves::ChannelSet, Serves::ChannelRead] {
        close(
            state,
            serves,
            |_| true,
            CommandState::Cancelled,
            why,
            ledger,
        );
    }
    News {
        uri: channel.uri.map(|_| None),
        queued: Vec::new(),
    }
}

/// Tells the channel that its set is in the reply.
pub(super) fn delivered(exchange: &mut Exchange, family: Family, now: crate::clock::Timestamp) {
    let set = open_set(&exchange.state);
    let carried = exchange.carried.iter().any(|one| Some(one.seq) == set);
    if let (true, Some(channel)) = (carried, &exchange.state.channel) {
        let done = channel::next(channel, channel::Event::SetDelivered, family, now);
        exchange.state.channel = Some(done.channel);
    }
}

/// A session answers the wake, if it is one that a push could have brought or
/// that carries as much.
fn answer_wake(state: &mut State, whose: &Whose<'_>, request: &Request<'_>, ledger: &mut Ledger) {
    let mode = request.query.mode;
    let Some(before) = state.wake.as_ref().filter(|wake| !wake.state.is_final()) else {
        return;
    };
    if request.query.may_be_machine || !outbox::answers(whose.record.family, mode) {
        return;
    }
    let event = wake::Event::Session { began: ledger.now };
    let sent_at = before.sent_at;
    state.wake = wake::next(Some(before), event, ledger.now, 0).wake;
    if state
        .wake
        .as_ref()
        .is_some_and(|wake| wake.state.is_final())
    {
        let after = match sent_at {
            Some(at) => format!(
                "{} s after the notification",
                ledger.now.ms_since(at) / 1000
            ),
            None => "before a notification was sent".to_owned(),
        };
        let ended = Event::new(ledger.now, "device", Some(whose.id), EventType::WakeEnded);
        let detail = format!("answered by a session in {}, {after}", mode.name());
        ledger.events.push(ended.detail(detail));
    }
}

/// Closes the open commands for the channel that `which` takes.
fn close(
    state: &mut State,
    serves: Serves,
    which: impl Fn(CommandState) -> bool,
    how: CommandState,
    why: &str,
    ledger: &mut Ledger,
) {
    for command in &mut state.open {
        if command.manner.serves == Some(serves) && which(command.state) {
            ledger.turn(command, how, None, Some(why.to_owned()), Vec::new());
        }
    }
    closing::sweep(state, ledger);
}

struct Work<'a> {
    channel: Channel,
    state: &'a mut State,
    whose: &'a Whose<'a>,
    target: &'a Target,
    request: &'a Request<'a>,
    ledger: &'a mut Ledger,
    effects: Vec<Effect>,
    news: News,
}

impl Work<'_> {
    fn family(&self) -> Family {
        self.whose.record.family
    }

    fn next(&mut self, event: channel::Event) -> Vec<Effect> {
        let done = channel::next(&self.channel, event, self.family(), self.ledger.now);
        self.channel = done.channel;
        self.effects.extend(&done.effects);
        if done.effects.contains(&Effect::DropUri) {
            self.news.uri = Some(None);
        }
        done.effects
    }

    /// A channel of another profile, or of the same one with another PFN, is void.
    fn mine(&mut self) {
        let own = self.target.own();
        let before = self.state.push.own.replace(own);
        if before.is_none() || before == self.state.push.own {
            return;
        }
        self.state.push.status = None;
        let why = "the push profile of this device is another now";
        for serves in [Serves::ChannelSet, Serves::ChannelRead] {
            let how = CommandState::Cancelled;
            close(self.state, serves, |_| true, how, why, self.ledger);
        }
        self.ledger.note(why);
        self.next(channel::Event::PfnChanged);
    }

    /// What became of the set.
    fn set_answered(&mut self) {
        let Some(set) = self.whose.set else {
            return;
        };
        let ended = |state| {
            matches!(
                state,
                CommandState::Succeeded | CommandState::Failed | CommandState::Accepted
            )
        };
        let outcomes = self.ledger.outcomes.iter();
        let code = outcomes
            .filter(|outcome| outcome.command == set.0 && ended(outcome.state))
            .filter_map(|outcome| outcome.status)
            .next_back();
        if let Some(code) = code {
            self.state.push.confirmed |= matches!(code, 200 | 202);
            let effects = self.next(channel::Event::SetStatus(code));
            // What went wrong stands in Push/Status (seed 001: 500).
            if code >= 400 && effects.is_empty() && self.family() != Family::Windows81 {
                self.effects.push(Effect::ReadUri);
            }
        }
    }

    fn nodes(&self) -> Nodes {
        let reads = self.reads();
        let node = |name: &str| {
            let mut of_it = reads.iter().filter_map(|operation| match operation {
                Operation::Node { loc_uri, .. } if loc_uri.ends_with(name) => Some(loc_uri.clone()),
                _ => None,
            });
            of_it.next().unwrap_or_default()
        };
        match self.family() {
            Family::Windows81 => Nodes {
                uri: node("/Channel"),
                expires: node("/ExpirationTime"),
                status: String::new(),
            },
            Family::WindowsPhone81 | Family::Windows10 => Nodes {
                uri: node("/ChannelURI"),
                expires: String::new(),
                status: node("/Status"),
            },
        }
    }

    /// What the device told of its channel.
    fn told(&mut self, says: Says) {
        match says.uri {
            None => {}
            Some(None) => drop(self.next(channel::Event::UriAbsent)),
            Some(Some(text)) => self.uri(&text, says.expires_at),
        }
        let Some(status) = says.status else {
            return;
        };
        if self.state.push.status.replace(status) != Some(status) && status != 0 {
            let words = status_words(status);
            self.ledger
                .note(format!("the device says of push: {words}"));
        }
        if let (URI_EXPIRED, Some(digest)) = (status, self.channel.uri) {
            self.next(channel::Event::Wns(digest, WnsVerdict::Gone));
        }
    }

    fn uri(&mut self, text: &Secret, expires_at: Option<crate::clock::Timestamp>) {
        match ChannelUri::parse(text.reveal().trim(), &self.request.push.hosts) {
            Ok(uri) => {
                let digest = uri.digest();
                let effects = self.next(channel::Event::UriRead { digest, expires_at });
                if effects.contains(&Effect::KeepUri) {
                    self.news.uri = Some(Some(uri.text().clone()));
                }
            }
            Err(error) => {
                let what = EventType::ChannelUriRefused;
                let refused = Event::new(self.ledger.now, "device", Some(self.whose.id), what);
                self.ledger.events.push(refused.detail(error.to_string()));
                self.next(channel::Event::UriAbsent);
            }
        }
    }

    /// A session began: the channel is looked after as far as this one may.
    fn session(&mut self) {
        const SILENT: &str = "the session ended before its answer came: the device may hang on it; it is tried again after a pause";
        let hung = |state| state == CommandState::Unconfirmed;
        let how = CommandState::Failed;
        let unanswered = self.state.open.iter().any(|command| {
            command.manner.serves == Some(Serves::ChannelSet) && hung(command.state)
        });
        if unanswered {
            close(
                self.state,
                Serves::ChannelSet,
                hung,
                how,
                SILENT,
                self.ledger,
            );
            self.next(channel::Event::SetSilent);
        }
        self.next(channel::Event::Time);
        if self.may(&[self.set(SetVerb::First)]) {
            self.next(channel::Event::Session);
        } else if self.channel.state != channel::State::NeedsSet {
            self.effects.push(Effect::ReadUri);
        }
    }

    /// What the transitions ask for.
    fn act(&mut self, bodies: &mut Bodies<'_>) {
        let effects = std::mem::take(&mut self.effects);
        if effects.contains(&Effect::ReadUri) && self.may(&self.reads()) {
            self.read(bodies);
        }
        let set = effects.iter().rev().find_map(|effect| match effect {
            Effect::SendSet(verb) => Some(*verb),
            _ => None,
        });
        if let Some(verb) = set {
            self.send_set(verb, bodies);
        }
        use channel::State::{Active, AwaitingUri};
        if matches!(self.channel.state, Active | AwaitingUri) {
            let why = "the device has a channel: setting it again would tear it down";
            let waits = |state| state == CommandState::Queued;
            let how = CommandState::Cancelled;
            close(self.state, Serves::ChannelSet, waits, how, why, self.ledger);
        }
    }

    fn read(&mut self, bodies: &mut Bodies<'_>) {
        let under_way = find(self.state, Serves::ChannelRead).is_some();
        if !under_way {
            let manner = Manner {
                lenient: Lenient::Always,
                ..Manner::default()
            };
            let (serves, reads) = (Serves::ChannelRead, self.reads());
            self.queue(self.names().1, serves, manner, reads, bodies);
        }
    }

    /// One set at a time: one that waits stays, one that nobody answered makes place.
    fn send_set(&mut self, verb: SetVerb, bodies: &mut Bodies<'_>) {
        let open = open_set(self.state).and_then(|seq| self.state.open(seq));
        let waits = |state| matches!(state, CommandState::Queued | CommandState::Sent);
        if open.is_some_and(|command| waits(command.state)) {
            return;
        }
        let (how, why) = (
            CommandState::Failed,
            "no more news came of it; it is sent again",
        );
        close(
            self.state,
            Serves::ChannelSet,
            |_| true,
            how,
            why,
            self.ledger,
        );
        let manner = Manner {
            retries: 0,
            unanswered: Unanswered::Keep,
            ..Manner::default()
        };
        let set = vec![self.set(verb)];
        self.queue(self.names().0, Serves::ChannelSet, manner, set, bodies);
    }

    /// What the commands are called, for people.
    fn names(&self) -> (&'static str, &'static str) {
        match self.family() {
            Family::Windows81 => ("wns_update_configuration", "wns_read_channel"),
            Family::WindowsPhone81 | Family::Windows10 => ("push_set_pfn", "push_read_channel"),
        }
    }

    fn set(&self, verb: SetVerb) -> Operation {
        let push = self.request.push;
        let pfn = self.target.pfn_for(self.family());
        let verb = match verb {
            SetVerb::First if self.state.push.confirmed => Verb::Replace,
            SetVerb::First | SetVerb::Add => Verb::Add,
            SetVerb::Replace => Verb::Replace,
        };
        match self.family() {
            Family::Windows81 => channel_set(&self.target.app_id, &pfn, &push.templates),
            Family::WindowsPhone81 | Family::Windows10 => {
                dmclient_set(&push.provider_id(), verb, &pfn)
            }
        }
    }

    fn reads(&self) -> Vec<Operation> {
        match self.family() {
            Family::Windows81 => channel_reads(&self.target.app_id),
            Family::WindowsPhone81 | Family::Windows10 => {
                dmclient_reads(&self.request.push.provider_id())
            }
        }
    }

    /// Whether policy would let these go in this session as far as it is known.
    /// It is asked again for the command itself.
    fn may(&self, operations: &[Operation]) -> bool {
        let Some(session) = self
            .state
            .session
            .as_ref()
            .filter(|session| session.is_open)
        else {
            return false;
        };
        let subject = Subject {
            family: self.family(),
            groups: &self.whose.record.groups,
            app: None,
            leaves: &leaves_of(operations, classify),
        };
        let decision = self.request.policies.decide(session.contexts, &subject);
        decision.verdict == Verdict::Deliver && !settle::is_idle(session, self.ledger.now)
    }

    fn queue(
        &mut self,
        name: &str,
        serves: Serves,
        manner: Manner,
        operations: Vec<Operation>,
        bodies: &mut Bodies<'_>,
    ) {
        if self.state.open.len() >= limits::OPEN_COMMANDS {
            let why = "the queue is full: the push channel is not looked after";
            return self.ledger.note(why);
        }
        let body = CommandBody {
            name: name.to_owned(),
            actor: ACTOR.to_owned(),
            queued_at: self.ledger.now,
            not_before: None,
            expires_at: None,
            priority: 0,
            manner: Manner {
                serves: Some(serves),
                ..manner
            },
            operations,
        };
        let seq = CommandSeq(self.state.next_command.max(1));
        self.state.next_command = seq.0 + 1;
        let open = opened(seq, &body, self.whose.record);
        self.state.open.push(open);
        bodies.add(seq, &body, self.whose.record);
        self.news.queued.push((seq, body));
    }
}
