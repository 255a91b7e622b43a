//! The commands that look after a channel.

use super::open_commands::{ACTOR, close, find, open_set};
use super::work::Work;
use crate::command::{
    CommandBody, CommandState, ExecutionOptions, Lenient, OpenCommand, Operation, ServerPurpose,
    Unanswered,
};
use crate::context::Family;
use crate::device::Session;
use crate::limits;
use crate::loc_uri::LocUri;
use crate::operations::{
    channel_reads, channel_set, dmclient_reads, dmclient_set, dmclient_set_anew,
};
use crate::push::channel::SetVerb;
use crate::session::availability::{Circumstances, delivers_in_session};
use crate::session::bodies::Bodies;
use crate::session::queue::open_own;
use modegate_wire::message::Verb;

impl Work<'_> {
    pub(super) fn read(&mut self, bodies: &mut Bodies<'_>) {
        let under_way = find(self.state, ServerPurpose::ChannelRead).is_some();
        if !under_way {
            let options = ExecutionOptions {
                lenient: Lenient::Always,
                ..ExecutionOptions::default()
            };
            let (serves, gets) = (Some(ServerPurpose::ChannelRead), self.gets());
            self.queue(self.names().1, serves, options, gets, bodies);
        }
    }

    /// Whether a set that somebody else queued goes in this session, which carries one.
    fn another_sets(&self) -> bool {
        let (state, record) = (&*self.state, self.subject.record);
        let (now, policies) = (self.recorder.now, self.request.policies);
        let goes = |session: &Session| {
            let here = Circumstances::in_session((state, session), record, policies, now);
            let sets = |one: &&OpenCommand| one.sets_channel() && one.options.purpose.is_none();
            let mut sets = state.open.iter().filter(sets);
            sets.any(|one| here.is_queued(one) && here.availability(one).goes())
        };
        state.session.as_ref().is_some_and(goes)
    }

    /// One set at a time: one that waits stays, one that nobody answered makes place.
    pub(super) fn send_set(&mut self, verb: SetVerb, bodies: &mut Bodies<'_>) {
        if verb == SetVerb::First && self.another_sets() {
            return;
        }
        let open = open_set(self.state).and_then(|seq| self.state.open(seq));
        let waits = |state| matches!(state, CommandState::Queued | CommandState::Sent);
        if open.is_some_and(|command| waits(command.state)) {
            return;
        }
        let (how, why) = (
            CommandState::Failed,
            "the device reported nothing more about it; it is sent again",
        );
        close(
            self.state,
            ServerPurpose::ChannelSet,
            |_| true,
            how,
            why,
            self.recorder,
        );
        let set = self.set(verb);
        let options = ExecutionOptions {
            retries: 0,
            unanswered: Unanswered::Keep,
            // What is taken down first may not be there.
            removals: if set.len() > 1 { vec![0] } else { Vec::new() },
            ..ExecutionOptions::default()
        };
        let serves = Some(ServerPurpose::ChannelSet);
        self.queue(self.names().0, serves, options, set, bodies);
        let is_first = matches!(verb, SetVerb::First | SetVerb::Anew);
        if is_first && self.family() == Family::Windows10 {
            self.read_version(bodies);
        }
    }

    /// Which build it is, for the inventory: one before 1607 may hang on the set.
    fn read_version(&mut self, bodies: &mut Bodies<'_>) {
        let version = vec![Operation::get("./DevDetail/SwV".into())];
        let options = ExecutionOptions {
            lenient: Lenient::Always,
            ..ExecutionOptions::default()
        };
        self.queue("inventory", None, options, version, bodies);
    }

    /// What the commands are called, for people.
    pub(super) fn names(&self) -> (&'static str, &'static str) {
        match self.family() {
            Family::Windows81 => ("wns_update_configuration", "wns_read_channel"),
            Family::WindowsPhone81 | Family::Windows10 => ("push_set_pfn", "push_read_channel"),
        }
    }

    pub(super) fn set(&self, verb: SetVerb) -> Vec<Operation> {
        let push = self.request.push;
        let pfn = self.target.pfn_for(self.family());
        if self.family() == Family::Windows81 {
            return vec![channel_set(&self.target.app_id, &pfn, &push.templates)];
        }
        let verb = match verb {
            SetVerb::Anew => return dmclient_set_anew(&push.provider_id(), &pfn),
            SetVerb::First => self.first_verb(),
            SetVerb::Add => Verb::Add,
            SetVerb::Replace => Verb::Replace,
        };
        vec![dmclient_set(&push.provider_id(), verb, &pfn)]
    }

    fn first_verb(&self) -> Verb {
        match self.state.push.confirmed {
            true => Verb::Replace,
            false => Verb::Add,
        }
    }

    /// Whether a set waits that was queued before the device showed whether it has the
    /// node: by its verb it would only be answered that it has (418), or has not (404).
    pub(super) fn waits_by_other_verb(&self) -> bool {
        let open = open_set(self.state).and_then(|seq| self.state.open(seq));
        open.filter(|set| set.state == CommandState::Queued)
            .is_some_and(|set| {
                let verbs: Vec<Verb> = set.leaves.iter().map(|leaf| leaf.verb).collect();
                verbs.len() == 1 && verbs[0] != self.first_verb()
            })
    }

    pub(super) fn reads(&self) -> Vec<LocUri> {
        match self.family() {
            Family::Windows81 => channel_reads(&self.target.app_id),
            Family::WindowsPhone81 | Family::Windows10 => {
                dmclient_reads(&self.request.push.provider_id())
            }
        }
    }

    /// Gets of these.
    pub(super) fn gets(&self) -> Vec<Operation> {
        self.reads().into_iter().map(Operation::get).collect()
    }

    /// Whether policy would let these go in this session.
    pub(super) fn may(&self, operations: &[Operation]) -> bool {
        let (now, policies) = (self.recorder.now, self.request.policies);
        delivers_in_session(self.state, self.subject.record, policies, operations, now)
    }

    pub(super) fn queue(
        &mut self,
        name: &str,
        serves: Option<ServerPurpose>,
        options: ExecutionOptions,
        operations: Vec<Operation>,
        bodies: &mut Bodies<'_>,
    ) {
        if self.state.open.len() >= limits::OPEN_COMMANDS {
            let why = "the queue is full: the push channel is not looked after";
            return self.recorder.note(why);
        }
        let options = ExecutionOptions {
            purpose: serves,
            ..options
        };
        let body = CommandBody {
            options,
            ..CommandBody::new(name, ACTOR, self.recorder.now, operations)
        };
        let seq = open_own(self.state, &body, self.subject.record, bodies);
        self.changes.queued.push((seq, body));
    }
}
