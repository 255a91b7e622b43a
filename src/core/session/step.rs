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
use crate::device::Device;
use crate::limits;
use crate::session::Snapshot;
use modegate_wire::message::Message;

/// What a step comes to.
#[derive(Debug)]
pub enum Step {
    /// Not this device: HTTP 403, nothing to record here.
    Forbidden,
    /// The device's latest message again: the kept reply goes again.
    Replay,
    /// A challenge: nothing to record, whoever sent this is a stranger still.
    Challenge(Box<Message>),
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
        Identity::Proven => Step::Exchange(Box::new(exchange(snapshot, request, false))),
        Identity::ProvenByNonce => Step::Exchange(Box::new(exchange(snapshot, request, true))),
    }
}

/// One message of a device that proved who it is; a nonce that it used for that
/// is used up.
fn exchange(snapshot: &Snapshot, request: &Request<'_>, uses_nonce: bool) -> Exchange {
    let device = &snapshot.device;
    let mut recorder = EventRecorder::new(request.now);
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
    builder.offer(changes.unenrolled);
    let mut exchange = builder.finish(code);
    channel::delivered(&mut exchange, device.record.family, request.now);
    exchange.channel_uri = changes.channel_uri;
    exchange.queued = changes.queued;
    exchange.device_record = changes.record;
    exchange.inventory = changes.inventory;
    exchange.changes = changes.changes;
    exchange
}

/// A challenge costs no write: its nonce is derived, its numbers are those that
/// the session will count on from.
fn challenge(device: &Device, request: &Request<'_>, code: u16) -> Message {
    let message = request.message;
    let mut next_id = device.state.next_id.max(1);
    let nonce = (request.nonce)(device.number, device.state.nonce);
    let chal = reply::challenge(asked_type(request), nonce);
    let mut body = vec![reply::header_status(
        message,
        code,
        Some(chal),
        &mut next_id,
    )];
    body.extend(reply::statuses(message, Some(code), &mut next_id));
    // Bounded: a stranger chooses the MsgID.
    let msg_id = device
        .state
        .next_message
        .max(1)
        .saturating_add(message.header.msg_id.min(limits::SESSION_MESSAGES) - 1);
    Message {
        header: reply::header(message, msg_id),
        body,
        is_final: true,
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
