//! One look at a device's channel: events into the table, its effects out.

use super::open_commands::close;
use super::subject::{ChannelChanges, DeviceContext};
use crate::command::{CommandBody, CommandState, Operation, ServerPurpose};
use crate::context::Family;
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::push::active_profiles::Target;
use crate::push::channel::{self, Channel, Effect, SetVerb};
use crate::push::read_back::ReadBack;
use crate::push::set_pause::SetPause;
use crate::session::Request;
use crate::session::bodies::Bodies;
use crate::session::event_recorder::EventRecorder;

pub(super) struct Work<'a> {
    pub(super) channel: Channel,
    pub(super) state: &'a mut DeviceState,
    pub(super) subject: &'a DeviceContext<'a>,
    pub(super) target: &'a Target,
    pub(super) request: &'a Request<'a>,
    pub(super) recorder: &'a mut EventRecorder,
    pub(super) effects: Vec<Effect>,
    pub(super) changes: ChannelChanges,
}

impl Work<'_> {
    pub(super) fn family(&self) -> Family {
        self.subject.record.family
    }

    pub(super) fn next(&mut self, event: channel::Event) -> Vec<Effect> {
        let done = channel::next(&self.channel, event, self.family(), self.recorder.now);
        self.channel = done.channel;
        self.effects.extend(&done.effects);
        if done.effects.contains(&Effect::DropUri) {
            self.changes.uri = Some(None);
        }
        done.effects
    }

    /// A channel of another profile, or of the same one with another PFN, is void.
    pub(super) fn mine(&mut self) {
        let own = self.target.owner();
        let before = self.state.push.owner.replace(own);
        if before.is_none() || before == self.state.push.owner {
            return;
        }
        self.state.push.status = None;
        self.state.push.read_back = ReadBack::default();
        let why = "the device's push profile has changed";
        for serves in [ServerPurpose::ChannelSet, ServerPurpose::ChannelRead] {
            let how = CommandState::Cancelled;
            close(self.state, serves, |_| true, how, why, self.recorder);
        }
        self.recorder.note(why);
        self.state.set_pause = self.state.set_pause.map(SetPause::lifted);
        self.next(channel::Event::PfnChanged);
    }

    /// The Status that a set ended with in this message.
    fn code_of(&self, set: CommandSeq) -> Option<u16> {
        let ended = |state| {
            matches!(
                state,
                CommandState::Succeeded | CommandState::Failed | CommandState::Accepted
            )
        };
        let outcomes = self.recorder.outcomes.iter();
        outcomes
            .filter(|outcome| outcome.command == set.0 && ended(outcome.state))
            .filter_map(|outcome| match outcome.state {
                // That there was nothing to take down (404) is no refusal.
                CommandState::Succeeded => Some(200),
                _ => outcome.status,
            })
            .next_back()
    }

    /// What became of the sets that somebody else queued: one that is like the server's own
    /// counts as that; after any other the URI may be another.
    pub(super) fn others_answered(&mut self, bodies: &Bodies<'_>) {
        for &set in self.subject.sets {
            let Some(code) = self.code_of(set).filter(|_| Some(set) != self.subject.set) else {
                continue;
            };
            let is_like = |body: &CommandBody| self.is_own_set(&body.operations);
            if bodies.get(set).is_some_and(is_like) {
                self.state.push.confirmed |= matches!(code, 200 | 202);
                self.next(channel::Event::SetDelivered);
                self.next(channel::Event::SetStatus(code));
            } else if matches!(code, 200 | 202) {
                self.effects.push(Effect::ReadUri);
            }
        }
    }

    /// Whether these set the channel as the server itself does, whatever the verb.
    fn is_own_set(&self, operations: &[Operation]) -> bool {
        let own = self.set(SetVerb::First);
        match (operations, &own[..]) {
            (
                [Operation::Node { loc_uri, data, .. }],
                [
                    Operation::Node {
                        loc_uri: node,
                        data: value,
                        ..
                    },
                ],
            ) => loc_uri.is_same_node(node) && data == value,
            _ => false,
        }
    }

    /// What became of the set.
    pub(super) fn set_answered(&mut self) {
        if let Some(code) = self.subject.set.and_then(|set| self.code_of(set)) {
            self.state.push.confirmed |= matches!(code, 200 | 202);
            let effects = self.next(channel::Event::SetStatus(code));
            // What went wrong stands in Push/Status (the Windows Phone push article: 500),
            // or in LastError.
            if code >= 400 && effects.is_empty() {
                self.effects.push(Effect::ReadUri);
            }
        }
    }

    /// A session began: the channel is looked after as far as this one may.
    pub(super) fn session(&mut self) {
        const SILENT: &str = "the session ended before the device answered: the command may make it hang; it is retried after a pause";
        let hung = |state| state == CommandState::Unconfirmed;
        let how = CommandState::Failed;
        let unanswered = self.state.open.iter().any(|command| {
            command.options.purpose == Some(ServerPurpose::ChannelSet) && hung(command.state)
        });
        if unanswered {
            close(
                self.state,
                ServerPurpose::ChannelSet,
                hung,
                how,
                SILENT,
                self.recorder,
            );
            self.next(channel::Event::SetSilent);
        }
        self.next(channel::Event::Time);
        if self.may(&self.set(SetVerb::First)) {
            self.recover();
            self.next(channel::Event::Session);
        } else {
            self.effects.push(Effect::ReadUri);
        }
    }

    /// What the transitions ask for.
    pub(super) fn act(&mut self, bodies: &mut Bodies<'_>) {
        let effects = std::mem::take(&mut self.effects);
        if effects.contains(&Effect::ReadUri) && self.may(&self.gets()) {
            self.read(bodies);
        }
        let set = effects.iter().rev().find_map(|effect| match effect {
            Effect::SendSet(verb) => Some(*verb),
            _ => None,
        });
        if let Some(verb) = set {
            self.send_set(verb, bodies);
        }
        use channel::ChannelState::{Active, AwaitingUri};
        if matches!(self.channel.state, Active | AwaitingUri) {
            let why = "the device has a channel: setting it again would tear it down";
            let waits = |state| state == CommandState::Queued;
            let how = CommandState::Cancelled;
            close(
                self.state,
                ServerPurpose::ChannelSet,
                waits,
                how,
                why,
                self.recorder,
            );
        }
    }
}
