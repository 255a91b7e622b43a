//! What a message's answers and alerts change, before anything is offered.

use super::bodies::Bodies;
use super::channel::{self, Whose};
use super::correlate::{correlate, unenrolled};
use super::follow::follow;
use super::heard::Heard;
use super::large::{Part, judge};
use super::ledger::Ledger;
use super::open::Place;
use super::outcome::needs_user;
use super::{Request, settle};
use crate::command::{CommandBody, CommandState};
use crate::context::Mode;
use crate::device::{DeviceRecord, Session, State};
use crate::event::{Event, EventType};
use crate::ids::{CommandSeq, DeviceId};
use crate::inventory::{Change, Inventory};
use crate::secret::Secret;
use crate::session::Snapshot;
use modegate_wire::message::Alert;

/// What is to be recorded besides the state.
#[derive(Default)]
pub(super) struct News {
    /// Whether the device said that its user unenrolled it.
    pub(super) unenrolled: bool,
    /// What the server queued itself.
    pub(super) queued: Vec<(CommandSeq, CommandBody)>,
    /// The URI of the push channel, where it is another.
    pub(super) channel_uri: Option<Option<Secret>>,
    /// The record, where something of the device was learned.
    pub(super) record: Option<DeviceRecord>,
    /// The inventory, where it is worth writing.
    pub(super) inventory: Option<Inventory>,
    /// What changed in it.
    pub(super) changes: Vec<Change>,
    /// What each Results brought.
    pub(super) parts: Vec<Part>,
    /// Whether a large object broke off.
    pub(super) broke_off: bool,
}

/// What a message's answers and alerts came to.
pub(super) struct Taken<'a> {
    /// The state afterwards.
    pub(super) state: State,
    /// The bodies as they go out now.
    pub(super) bodies: Bodies<'a>,
    /// What is to be recorded besides.
    pub(super) news: News,
}

/// Takes the message's answers and alerts in. `code` is what its header is
/// answered: only 200 means that the two sides speak the same protocol.
pub(super) fn take<'a>(
    snapshot: &'a Snapshot,
    request: &Request<'_>,
    code: u16,
    (state, place): (State, Place),
    ledger: &mut Ledger,
) -> Taken<'a> {
    let mut taken = Taken {
        state,
        bodies: Bodies::of(snapshot, &snapshot.device.record),
        news: News {
            unenrolled: request.message.alerts().any(says_unenrolled),
            ..News::default()
        },
    };
    if code != 200 {
        let why = "the device speaks another version of the protocol";
        settle::end_session(&mut taken.state, ledger, why);
        return taken;
    }
    let set = channel::open_set(&taken.state);
    let heard = taken.hear(snapshot, request, ledger);
    if request.message.alerts().any(|alert| alert.code == 1223) {
        settle::end_session(&mut taken.state, ledger, "the device ended the session");
    }
    if taken.news.unenrolled {
        taken.unenroll(snapshot.device.id, ledger);
    } else {
        let first = |session: &Session| session.messages == 1;
        let begins = place == Place::Current && taken.state.session.as_ref().is_some_and(first);
        taken.follow_up(snapshot, request, &heard, (set, begins), ledger);
    }
    taken
}

impl<'a> Taken<'a> {
    /// The answers to the commands, and what they say of the device.
    fn hear(
        &mut self,
        snapshot: &'a Snapshot,
        request: &Request<'_>,
        ledger: &mut Ledger,
    ) -> Heard {
        let (state, message) = (&mut self.state, request.message);
        let mut heard = Heard::default();
        let parts = judge(state, snapshot.device.record.family, message, ledger);
        (self.news.parts, self.news.broke_off) = parts;
        let answers = (message, &self.news.parts[..]);
        correlate(state, &self.bodies, answers, &mut heard, ledger);
        heard.settle_checks(state, ledger);
        look_for_a_hand(state, request.query.mode, ledger);
        let known = snapshot.inventory.as_ref();
        let values = heard.take_in(known, message.is_final, request.now, ledger);
        (self.news.inventory, self.news.changes) = (values.inventory, values.changes);
        if let Some(learned) = learn_key(snapshot, &heard, ledger) {
            self.bodies = Bodies::of(snapshot, &learned);
            self.news.record = Some(learned);
        }
        heard
    }

    /// The device is gone: its queue and its channel with it.
    fn unenroll(&mut self, device: DeviceId, ledger: &mut Ledger) {
        unenrolled(&mut self.state, ledger);
        let gone = Event::new(
            ledger.now,
            "device",
            Some(device),
            EventType::DeviceUnenrolled,
        );
        ledger.events.push(gone);
        let forgotten = channel::forget(&mut self.state, "the device is unenrolled", ledger);
        self.news.channel_uri = forgotten.uri;
    }

    /// The commands that the server queues itself: to read on, to ask again,
    /// to look after the push channel. `set` is the channel's set that was open
    /// before the answers; `begins`, whether the message begins a session.
    fn follow_up(
        &mut self,
        snapshot: &Snapshot,
        request: &Request<'_>,
        heard: &Heard,
        (set, begins): (Option<CommandSeq>, bool),
        ledger: &mut Ledger,
    ) {
        let Taken {
            state,
            bodies,
            news,
        } = self;
        let device = &snapshot.device;
        let record = news.record.as_ref().unwrap_or(&device.record);
        news.queued = follow(state, record, bodies, heard, ledger);
        let whose = Whose {
            id: device.id,
            record,
            set,
            begins,
        };
        let pushed = channel::take(state, &whose, &heard.channel, request, bodies, ledger);
        news.channel_uri = pushed.uri;
        news.queued.extend(pushed.queued);
        log_queued(device.id, state, &news.queued, ledger);
    }
}

/// The record with the key of MDM_Client that the device named, where it is another.
fn learn_key(snapshot: &Snapshot, heard: &Heard, ledger: &mut Ledger) -> Option<DeviceRecord> {
    let device = &snapshot.device;
    let device_client_id = heard.client_id(&device.record)?;
    let event = Event::new(ledger.now, "device", Some(device.id), EventType::KeyLearned);
    ledger
        .events
        .push(event.detail("MDM_Client named one instance, by another key"));
    Some(DeviceRecord {
        device_client_id,
        ..device.record.clone()
    })
}

/// Writes down what the server queued itself.
fn log_queued(
    device: DeviceId,
    state: &State,
    queued: &[(CommandSeq, CommandBody)],
    ledger: &mut Ledger,
) {
    for (seq, body) in queued {
        let kind = state
            .open(*seq)
            .map_or(crate::kind::Kind::Unclassified, |open| open.kind());
        let actor = body.actor.clone();
        let event = Event::new(ledger.now, actor, Some(device), EventType::CommandQueued);
        ledger
            .events
            .push(event.command(seq.0, kind).detail(body.name.clone()));
    }
}

/// Seed 004: an agent that is run by hand cannot impersonate the user, so the
/// steps that need the user fail while the others work.
fn look_for_a_hand(state: &mut State, mode: Mode, ledger: &mut Ledger) {
    if !matches!(mode, Mode::Maintenance | Mode::Apps) {
        return;
    }
    let ended = |user: bool, how: CommandState| {
        ledger.outcomes.iter().any(|outcome| {
            needs_user(outcome.kind) == user && outcome.state == how && outcome.status.is_some()
        })
    };
    let looks_so = ended(true, CommandState::Failed)
        && !ended(true, CommandState::Succeeded)
        && ended(false, CommandState::Succeeded);
    if looks_so {
        state.by_hand_at = Some(ledger.now);
        ledger.note(
            "what needs the user failed while the rest worked: MDMAgent may have been run by hand",
        );
    }
}

fn says_unenrolled(alert: &Alert) -> bool {
    alert.code == 1226
        && alert.items.iter().any(|item| {
            item.meta
                .kind
                .as_deref()
                .is_some_and(|kind| kind.trim() == "com.microsoft:mdm.unenrollment.userrequest")
        })
}
