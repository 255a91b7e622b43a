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

/// What is to be recorded besides the state, and the bodies at hand.
pub(super) struct News<'a> {
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
    /// The bodies as they go out now.
    pub(super) bodies: Bodies<'a>,
    /// What each Results brought.
    pub(super) parts: Vec<Part>,
    /// Whether a large object broke off.
    pub(super) broke_off: bool,
}

/// Takes the message's answers and alerts in. `code` is what its header is
/// answered: only 200 means that the two sides speak the same protocol.
pub(super) fn take<'a>(
    snapshot: &'a Snapshot,
    request: &Request<'_>,
    code: u16,
    (mut state, place): (State, Place),
    ledger: &mut Ledger,
) -> (State, News<'a>) {
    let record = &snapshot.device.record;
    let mut news = News {
        unenrolled: request.message.alerts().any(says_unenrolled),
        queued: Vec::new(),
        channel_uri: None,
        record: None,
        inventory: None,
        changes: Vec::new(),
        bodies: Bodies::of(snapshot, record),
        parts: Vec::new(),
        broke_off: false,
    };
    if code != 200 {
        let why = "the device speaks another version of the protocol";
        settle::end_session(&mut state, ledger, why);
        return (state, news);
    }
    let set = channel::open_set(&state);
    let mut heard = Heard::default();
    (news.parts, news.broke_off) = judge(&mut state, record.family, request.message, ledger);
    correlate(
        &mut state,
        &news.bodies,
        (request.message, &news.parts),
        &mut heard,
        ledger,
    );
    heard.settle_checks(&mut state, ledger);
    look_for_a_hand(&mut state, request.query.mode, ledger);
    let values = heard.take_in(
        snapshot.inventory.as_ref(),
        request.message.is_final,
        request.now,
        ledger,
    );
    (news.inventory, news.changes) = (values.inventory, values.changes);
    if let Some(learned) = learn_key(snapshot, &heard, ledger) {
        news.bodies = Bodies::of(snapshot, &learned);
        news.record = Some(learned);
    }
    if request.message.alerts().any(|alert| alert.code == 1223) {
        settle::end_session(&mut state, ledger, "the device ended the session");
    }
    if news.unenrolled {
        unenrolled(&mut state, ledger);
        let gone = Event::new(
            ledger.now,
            "device",
            Some(snapshot.device.id),
            EventType::DeviceUnenrolled,
        );
        ledger.events.push(gone);
        news.channel_uri = channel::forget(&mut state, "the device is unenrolled", ledger).uri;
        return (state, news);
    }
    let record = news.record.as_ref().unwrap_or(record);
    news.queued = follow(&mut state, record, &mut news.bodies, &heard, ledger);
    let first = |session: &Session| session.messages == 1;
    let whose = Whose {
        id: snapshot.device.id,
        record,
        set,
        begins: place == Place::Current && state.session.as_ref().is_some_and(first),
    };
    let told = &heard.channel;
    let pushed = channel::take(&mut state, &whose, told, request, &mut news.bodies, ledger);
    news.channel_uri = pushed.uri;
    news.queued.extend(pushed.queued);
    log_queued(snapshot.device.id, &state, &news.queued, ledger);
    (state, news)
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
