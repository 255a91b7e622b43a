//! One look at a device's channel: events into the table, its effects out.

use super::open_commands::close;
use super::subject::{ChannelChanges, DeviceContext};
use crate::command::{CommandBody, CommandState, Operation, ServerPurpose};
use crate::context::Family;
use crate::device::DeviceState;
use crate::event::EventType;
use crate::ids::CommandSeq;
use crate::push::active_profiles::{Target, status_words};
use crate::push::address::ChannelUri;
use crate::push::answer::WnsVerdict;
use crate::push::channel::{self, Channel, Effect, SetVerb};
use crate::push::recovery::URI_EXPIRED;
use crate::push::set_pause::SetPause;
use crate::secret::Secret;
use crate::session::Request;
use crate::session::bodies::Bodies;
use crate::session::channel_report::{ChannelValues, Nodes};
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
            .filter_map(|outcome| outcome.status)
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
        match (operations, &own) {
            (
                [Operation::Node { loc_uri, data, .. }],
                Operation::Node {
                    loc_uri: node,
                    data: value,
                    ..
                },
            ) => loc_uri.is_same_node(node) && data == value,
            _ => false,
        }
    }

    /// What became of the set.
    pub(super) fn set_answered(&mut self) {
        if let Some(code) = self.subject.set.and_then(|set| self.code_of(set)) {
            self.state.push.confirmed |= matches!(code, 200 | 202);
            let effects = self.next(channel::Event::SetStatus(code));
            // What went wrong stands in Push/Status (the Windows Phone push article: 500).
            if code >= 400 && effects.is_empty() && self.family() != Family::Windows81 {
                self.effects.push(Effect::ReadUri);
            }
        }
    }

    pub(super) fn nodes(&self) -> Nodes {
        let mut reads = self.reads().into_iter();
        // In the order in which they are read.
        let mut node = |name: &str| {
            reads.find_map(|operation| match operation {
                Operation::Node { loc_uri, .. } if loc_uri.last_segment() == name => Some(loc_uri),
                _ => None,
            })
        };
        match self.family() {
            Family::Windows81 => Nodes {
                uri: node("Channel"),
                expires: node("ExpirationTime"),
                status: None,
            },
            Family::WindowsPhone81 | Family::Windows10 => Nodes {
                uri: node("ChannelURI"),
                expires: None,
                status: node("Status"),
            },
        }
    }

    /// What the device told of its channel.
    pub(super) fn take_report(&mut self, values: ChannelValues) {
        match values.uri {
            None => {}
            Some(None) => drop(self.next(channel::Event::UriAbsent)),
            Some(Some(text)) => self.uri(&text, values.expires_at),
        }
        let Some(status) = values.status else {
            return;
        };
        if self.state.push.status.replace(status) != Some(status) && status != 0 {
            let words = status_words(status);
            self.recorder
                .note(format!("the device reports of push: {words}"));
        }
        if let (URI_EXPIRED, Some(digest)) = (status, self.channel.uri) {
            self.next(channel::Event::Wns(digest, WnsVerdict::Gone));
        }
    }

    pub(super) fn uri(&mut self, text: &Secret, expires_at: Option<crate::time::Timestamp>) {
        match ChannelUri::parse(text.reveal().trim(), &self.request.push.hosts) {
            Ok(uri) => {
                let digest = uri.digest();
                let effects = self.next(channel::Event::UriRead { digest, expires_at });
                if effects.contains(&Effect::KeepUri) {
                    self.changes.uri = Some(Some(uri.text().clone()));
                }
            }
            Err(error) => {
                let what = EventType::ChannelUriRefused;
                let refused = self.recorder.event("device", self.subject.id, what);
                self.recorder.events.push(refused.detail(error.to_string()));
                self.next(channel::Event::UriAbsent);
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
        if self.may(&[self.set(SetVerb::First)]) {
            self.recover();
            self.next(channel::Event::Session);
        } else if self.channel.state != channel::ChannelState::NeedsSet {
            self.effects.push(Effect::ReadUri);
        }
    }

    /// What the transitions ask for.
    pub(super) fn act(&mut self, bodies: &mut Bodies<'_>) {
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
