//! The commands that look after a channel.

use super::open_commands::{ACTOR, close, find, open_set};
use super::work::Work;
use crate::classify::classify;
use crate::command::{
    CommandBody, CommandState, ExecutionOptions, Lenient, Operation, ServerPurpose, Unanswered,
};
use crate::context::Family;
use crate::limits;
use crate::operations::{channel_reads, channel_set, dmclient_reads, dmclient_set};
use crate::policy::Verdict;
use crate::push::channel::SetVerb;
use crate::session::bodies::Bodies;
use crate::session::queue::{leaves_of, open_own};
use crate::session::{Circumstances, is_under_way};
use modegate_wire::message::Verb;

impl Work<'_> {
    pub(super) fn read(&mut self, bodies: &mut Bodies<'_>) {
        let under_way = find(self.state, ServerPurpose::ChannelRead).is_some();
        if !under_way {
            let options = ExecutionOptions {
                lenient: Lenient::Always,
                ..ExecutionOptions::default()
            };
            let (serves, reads) = (ServerPurpose::ChannelRead, self.reads());
            self.queue(self.names().1, serves, options, reads, bodies);
        }
    }

    /// One set at a time: one that waits stays, one that nobody answered makes place.
    pub(super) fn send_set(&mut self, verb: SetVerb, bodies: &mut Bodies<'_>) {
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
        let options = ExecutionOptions {
            retries: 0,
            unanswered: Unanswered::Keep,
            ..ExecutionOptions::default()
        };
        let set = vec![self.set(verb)];
        self.queue(
            self.names().0,
            ServerPurpose::ChannelSet,
            options,
            set,
            bodies,
        );
    }

    /// What the commands are called, for people.
    pub(super) fn names(&self) -> (&'static str, &'static str) {
        match self.family() {
            Family::Windows81 => ("wns_update_configuration", "wns_read_channel"),
            Family::WindowsPhone81 | Family::Windows10 => ("push_set_pfn", "push_read_channel"),
        }
    }

    pub(super) fn set(&self, verb: SetVerb) -> Operation {
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

    pub(super) fn reads(&self) -> Vec<Operation> {
        match self.family() {
            Family::Windows81 => channel_reads(&self.target.app_id),
            Family::WindowsPhone81 | Family::Windows10 => {
                dmclient_reads(&self.request.push.provider_id())
            }
        }
    }

    /// Whether policy would let these go in this session as far as it is known.
    /// It is asked again for the command itself.
    pub(super) fn may(&self, operations: &[Operation]) -> bool {
        let (now, policies) = (self.recorder.now, self.request.policies);
        let session = self.state.session.as_ref();
        session.is_some_and(|session| {
            let here = Circumstances::in_session(
                (&*self.state, session),
                self.subject.record,
                policies,
                now,
            );
            let decision = here.decide(&leaves_of(operations, classify), None);
            is_under_way(session, now) && decision.verdict == Verdict::Deliver
        })
    }

    pub(super) fn queue(
        &mut self,
        name: &str,
        serves: ServerPurpose,
        options: ExecutionOptions,
        operations: Vec<Operation>,
        bodies: &mut Bodies<'_>,
    ) {
        if self.state.open.len() >= limits::OPEN_COMMANDS {
            let why = "the queue is full: the push channel is not looked after";
            return self.recorder.note(why);
        }
        let options = ExecutionOptions {
            purpose: Some(serves),
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
