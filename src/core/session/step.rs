//! The step.

use super::answers::{self, News};
use super::authenticate::{Identity, asked_type, authenticate, note_use};
use super::builder::{Builder, consider};
use super::ledger::Ledger;
use super::open::{Place, open};
use super::server_auth::hear;
use super::{Request, Step, channel, offer, reply, settle};
use crate::device::{Device, State};
use crate::ids::CommandSeq;
use crate::kind::Kind;
use crate::limits;
use crate::session::{Snapshot, Wanted};
use modegate_wire::message::{Element, Message, Verb};

/// What [`step`] must see of `device` for this request: the kept reply of a
/// retransmission, or the bodies of what was sent and of what may go, as far
/// as one reply holds.
pub fn choose(device: &Device, request: &Request<'_>) -> Wanted {
    if is_retransmission(&device.state, request) {
        return Wanted {
            reply: true,
            ..Wanted::default()
        };
    }
    if device.state.open.is_empty() {
        return Wanted::default();
    }
    let (mut state, place) = open(&device.state, request, &mut Ledger::new(request.now));
    let mut bodies: Vec<_> = state
        .open
        .iter()
        .filter(|c| !c.leases.is_empty())
        .map(|c| c.seq)
        .collect();
    if place == Place::Current {
        bodies.extend(may_go(&state, device, request));
        // The answers may free what waits for what was sent.
        if release_who_may_follow(&mut state) {
            bodies.extend(may_go(&state, device, request));
        }
    }
    bodies.sort_unstable();
    bodies.dedup();
    Wanted {
        bodies,
        reply: false,
        inventory: brings_values(&device.state, request.message),
    }
}

/// What the reply may carry, as things stand in `state`.
fn may_go(state: &State, device: &Device, request: &Request<'_>) -> Vec<CommandSeq> {
    let Some(session) = &state.session else {
        return Vec::new();
    };
    let budget = offer::budget(session);
    let considered = consider(state, device, session.contexts, Some(session.no), request);
    // What no message holds fails, and what is behind it goes.
    let fitting = considered.iter().filter(|c| c.bytes as usize <= budget);
    let mut bodies = offer::pick(fitting, (budget, budget), false);
    // What goes alone may become the next thing to go once the answers are taken in.
    bodies.extend(considered.iter().filter(|c| c.alone).map(|c| c.seq));
    bodies
}

/// Lets what waits only for commands that this message may answer go; whether
/// there is any.
fn release_who_may_follow(state: &mut State) -> bool {
    let out: Vec<_> = state
        .open
        .iter()
        .filter(|command| !command.leases.is_empty())
        .map(|command| command.seq)
        .collect();
    let mut any = false;
    for after in state
        .open
        .iter_mut()
        .map(|command| &mut command.manner.after)
    {
        let waits = after.len();
        after.retain(|seq| !out.contains(seq));
        any |= after.len() < waits;
    }
    any
}

/// Whether the message may bring values for the inventory.
fn brings_values(state: &State, message: &Message) -> bool {
    let answers = message.body.iter().any(|element| match element {
        Element::Results(_) => true,
        Element::Status(status) => status.cmd == "Get" && matches!(status.code, 404 | 500),
        _ => false,
    });
    answers
        && state.open.iter().any(|command| {
            let reads = |leaf: &crate::kind::Leaf| {
                leaf.verb == Verb::Get && matches!(leaf.kind, Kind::Inventory | Kind::UserRead)
            };
            !command.leases.is_empty() && command.leaves.iter().any(reads)
        })
}

/// One message of a device.
pub fn step(snapshot: &Snapshot, request: &Request<'_>) -> Step {
    let device = &snapshot.device;
    if is_retransmission(&device.state, request) && snapshot.reply.is_some() {
        return Step::Replay;
    }
    let nonce = device.state.nonce;
    let identity = authenticate(&device.record, nonce, request);
    match identity {
        Identity::Other => return Step::Forbidden,
        Identity::Missing => return Step::Challenge(Box::new(challenge(device, request, 407))),
        Identity::Wrong => return Step::Challenge(Box::new(challenge(device, request, 401))),
        Identity::Proven | Identity::ProvenByNonce => {}
    }
    let mut ledger = Ledger::new(request.now);
    let (mut state, place) = open(&device.state, request, &mut ledger);
    let chal = (identity == Identity::ProvenByNonce).then(|| {
        state.nonce += 1;
        reply::challenge(asked_type(request), (request.nonce)(state.nonce))
    });
    note_use(
        &mut state,
        &device.record,
        request.proof.certificate,
        request.now,
    );
    let heard = hear(&mut state, request, &mut ledger);
    let rest = heard.rest(request.message);
    let rest = rest.as_ref().map(|message| Request {
        message,
        ..*request
    });
    let told = rest.as_ref().unwrap_or(request);
    let code = version_status(request.message);
    let at = (state, place);
    let (mut state, news) = answers::take(snapshot, told, code, at, &mut ledger);
    if heard.in_vain {
        let why = "the device does not take the server's word";
        settle::end_session(&mut state, &mut ledger, why);
    }
    let News {
        unenrolled,
        queued,
        record,
        inventory,
        changes,
        bodies,
        parts,
        broke_off,
        channel_uri,
    } = news;
    let mut builder = Builder::new(snapshot, request, state, ledger, place, bodies);
    builder.cred = heard.cred;
    builder.statuses(code, chal);
    builder.pieces(&parts, broke_off);
    builder.offer(unenrolled);
    let mut exchange = builder.finish(code);
    channel::delivered(&mut exchange, device.record.family, request.now);
    exchange.channel_uri = channel_uri;
    exchange.queued = queued;
    exchange.device_record = record;
    exchange.inventory = inventory;
    exchange.changes = changes;
    Step::Exchange(Box::new(exchange))
}

/// Law 6: the same proven identity, raw query and body, the device's latest
/// message, less than ten minutes old. But MsgID 1 whose reply carried no
/// command is answered anew. A clock that was set back makes ages negative: by
/// how much it was set counts like any age.
fn is_retransmission(state: &State, request: &Request<'_>) -> bool {
    state.latest.as_ref().is_some_and(|latest| {
        latest.digest == request.digest
            && request.now.ms_since(latest.at).unsigned_abs()
                < limits::RETRANSMISSION_MS.unsigned_abs()
            && (latest.carried || request.message.header.msg_id != 1)
    })
}

/// A challenge costs no write: its nonce is derived, its numbers are those that
/// the session will count on from.
fn challenge(device: &Device, request: &Request<'_>, code: u16) -> Message {
    let message = request.message;
    let mut next_id = device.state.next_id.max(1);
    let chal = reply::challenge(asked_type(request), (request.nonce)(device.state.nonce));
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
