//! The step.

use super::answers::{self, Taken};
use super::authenticate::{
    Authentication, Identity, asked_type, authenticate, authenticate_anew, note_use,
};
use super::builder::Builder;
use super::event_recorder::EventRecorder;
use super::exchange::Exchange;
use super::open::open;
use super::server_auth::verify_server_auth;
use super::{Request, channel, reply, settle};
use crate::change::{DeviceChange, Loaded};
use crate::device::Device;
use crate::event::{Event, EventType};
use crate::limits::{self, DeviceBounds};
use crate::session::Snapshot;
use crate::time::Timestamp;
use modegate_wire::encode::element_len;
use modegate_wire::message::{Message, Reading};

/// What a step comes to.
#[derive(Debug)]
pub enum Step {
    /// Not this device: HTTP 403, nothing to record here.
    Forbidden,
    /// The device's latest message again: the kept reply goes again.
    Replay,
    /// A challenge: nothing to record, whoever sent this is a stranger still.
    Challenge(Box<Message>),
    /// The device, which has written all that it may within an hour: HTTP 429.
    Over(Box<Over>),
    /// An exchange: to be made durable before its reply leaves.
    Exchange(Box<Exchange>),
}

/// One message of a device. An `authentication` of another row or another
/// request does not count: it is done again here.
pub fn step(snapshot: &Snapshot, authentication: Authentication, request: &Request<'_>) -> Step {
    let device = &snapshot.device;
    let authentication = if authentication.is_valid_for(device, request) {
        authentication
    } else {
        authenticate(device, request)
    };
    let mut identity = authentication.identity();
    if authentication.is_proven_retransmission() {
        if snapshot.reply.is_some() {
            return Step::Replay;
        }
        identity = authenticate_anew(device, request);
    }
    match identity {
        Identity::Other => Step::Forbidden,
        Identity::Missing => Step::Challenge(Box::new(challenge(device, request, 407))),
        Identity::Wrong => Step::Challenge(Box::new(challenge(device, request, 401))),
        Identity::Proven | Identity::ProvenByNonce => {
            if let Some(over) = over(device, &request.bounds, request.now) {
                return Step::Over(Box::new(over));
            }
            let uses_nonce = identity == Identity::ProvenByNonce;
            Step::Exchange(Box::new(exchange(snapshot, request, uses_nonce)))
        }
    }
}

/// A device that has to wait.
#[derive(Debug)]
pub struct Over {
    /// After how many seconds it may come again.
    pub seconds: u32,
    /// What puts on record that it has to: once an hour.
    pub report: Option<DeviceChange>,
}

/// Whether the device has written all that it may within an hour. Then nothing of its
/// message is taken in, so that no exchange goes unrecorded.
pub(super) fn over(device: &Device, bounds: &DeviceBounds, now: Timestamp) -> Option<Over> {
    let used = device.state.used;
    let until = used.over(bounds, now)?;
    let seconds = (until.ms_since(now).max(0) as u64).div_ceil(1000).max(1);
    let report = || {
        let mut state = device.state.clone();
        state.used.reported = true;
        let detail = format!(
            "its exchanges since {} wrote {} bytes, {} of them to the log: answered 429 until {until}",
            used.since, used.written, used.logged
        );
        let event = Event::new(now, "server", Some(device.id), EventType::DeviceLimited);
        let change = DeviceChange::new(device, state).with_events(vec![event.detail(detail)]);
        DeviceChange {
            loaded: Some(Loaded {
                revision: device.state.revision,
                next_command: device.state.next_command,
            }),
            review_installs: false,
            ..change
        }
    };
    Some(Over {
        seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        report: (!used.reported).then(report),
    })
}

/// One message of a device that proved who it is; a nonce that it used for that
/// is used up.
fn exchange(snapshot: &Snapshot, request: &Request<'_>, uses_nonce: bool) -> Exchange {
    let device = &snapshot.device;
    let mut recorder = EventRecorder::new(request.now);
    for note in request.message.reading.amended.notes() {
        recorder.note(note);
    }
    let (mut state, place) = open(&device.state, request, &mut recorder);
    let chal = uses_nonce.then(|| {
        state.nonce += 1;
        reply::challenge(
            asked_type(request),
            (request.nonce)(device.number, state.nonce),
        )
    });
    note_use(
        &mut state,
        &device.record,
        request.evidence.certificate,
        request.now,
    );
    let collected = verify_server_auth(&device.record, &mut state, request, &mut recorder);
    let rest = collected.rest(request.message);
    let rest = rest.as_ref().map(|message| Request {
        message,
        ..*request
    });
    let remaining = rest.as_ref().unwrap_or(request);
    let code = version_status(request.message);
    let Taken {
        mut state,
        bodies,
        changes,
    } = answers::take(snapshot, remaining, code, (state, place), &mut recorder);
    if collected.is_rejected {
        let why = "the device does not accept the server's credentials";
        settle::break_off(&mut state, &mut recorder, why);
    }
    let mut builder = Builder::new(snapshot, request, (state, place), recorder, bodies);
    builder.cred = collected.cred;
    builder.statuses(code, chal);
    builder.chunks(&changes.parts, changes.broke_off);
    builder.cut();
    builder.offer(changes.is_gone);
    let mut exchange = builder.finish(code);
    channel::delivered(&mut exchange, device.record.family, request.now);
    exchange.channel_uri = changes.channel_uri.or(exchange.channel_uri);
    exchange.against_profile = changes.against_profile;
    exchange.queued = changes.queued;
    exchange.inventory = changes.inventory;
    exchange.free_answers = changes.free_answers;
    exchange.changes = changes.changes;
    exchange
}

/// A challenge costs no write: its nonce is derived. Whoever gets it is a stranger still:
/// its numbers are those of the message, not the device's own, and its length does not
/// depend on how much the message held. A device counts on: the numbers of a session are
/// above those of the challenge before it, since they begin at 1 at the least.
fn challenge(device: &Device, request: &Request<'_>, code: u16) -> Message {
    let message = request.message;
    let mut next_id = 1;
    let nonce = (request.nonce)(device.number, device.state.nonce);
    let chal = reply::challenge(asked_type(request), nonce);
    let mut header = reply::header(
        message,
        message.header.msg_id.clamp(1, limits::SESSION_MESSAGES),
    );
    let mut status = reply::header_status(message, code, Some(chal), &mut next_id);
    reply::cut_addresses(&mut header, &mut status);
    let mut body = vec![status];
    let statuses = reply::statuses(message, Some(code), &mut next_id);
    let mut room = limits::CHALLENGE_BYTES;
    body.extend(statuses.into_iter().take_while(|status| {
        let length = element_len(status);
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    }));
    Message {
        header,
        body,
        is_final: true,
        reading: Reading::default(),
    }
}

/// 505 and 513 for another DTD or protocol (OMA RepPro 10).
fn version_status(message: &Message) -> u16 {
    match (
        message.header.ver_dtd.trim(),
        message.header.ver_proto.trim(),
    ) {
        (dtd, _) if dtd != "1.2" => 505,
        (_, proto) if proto != "DM/1.2" => 513,
        _ => 200,
    }
}
