//! What is read of a device besides its row, before the step looks at it.

use super::authenticate::Authentication;
use super::availability::Circumstances;
use super::dev_info;
use super::event_recorder::EventRecorder;
use super::offer::Candidate;
use super::open::{MessagePosition, open};
use super::{Request, offer};
use crate::device::{Device, DeviceState};
use crate::ids::CommandSeq;
use crate::session::ReadPlan;
use modegate_wire::message::{Element, Message};

/// What [`step`](super::step) must see of `device` for this request: the kept
/// reply of a retransmission, or the bodies of what was sent and of what may go,
/// as far as one reply holds. Nothing for a caller that did not prove to be the
/// device.
pub fn plan_read(
    device: &Device,
    authentication: Authentication,
    request: &Request<'_>,
) -> ReadPlan {
    if !authentication.is_valid_for(device, request) || !authentication.is_proven() {
        return ReadPlan::default();
    }
    if authentication.is_proven_retransmission() {
        return ReadPlan {
            reply: true,
            ..ReadPlan::default()
        };
    }
    if device
        .state
        .used
        .over(&request.bounds, request.now)
        .is_some()
    {
        return ReadPlan::default();
    }
    let reports = !dev_info::news(&device.state, request.message, request.now).is_empty();
    if device.state.open.is_empty() {
        return ReadPlan {
            inventory: reports,
            ..ReadPlan::default()
        };
    }
    let (mut state, place) = open(&device.state, request, &mut EventRecorder::new(request.now));
    let mut bodies: Vec<_> = state
        .open
        .iter()
        .filter(|c| !c.leases.is_empty())
        .map(|c| c.seq)
        .collect();
    if place == MessagePosition::Current {
        bodies.extend(may_go(&state, device, request));
        // The answers may free what waits for what was sent.
        if release_who_may_follow(&mut state) {
            bodies.extend(may_go(&state, device, request));
        }
    }
    bodies.sort_unstable();
    bodies.dedup();
    ReadPlan {
        bodies,
        reply: false,
        inventory: reports || brings_values(&device.state, request.message),
    }
}

/// How many of those that go alone are read: one goes in a reply, and some of them may
/// end by the answers.
const ALONE: usize = 8;

/// What the reply may carry, as things stand in `state`.
fn may_go(state: &DeviceState, device: &Device, request: &Request<'_>) -> Vec<CommandSeq> {
    let Some(session) = &state.session else {
        return Vec::new();
    };
    let budget = offer::budget(session.max_msg_size);
    let (record, policies) = (&device.record, request.policies);
    let here = Circumstances::in_session((state, session), record, policies, request.now);
    let candidates = offer::candidates(state, None, &here);
    // What no message holds fails, and what is behind it goes.
    let fitting = candidates.iter().filter(|c| c.bytes as usize <= budget);
    let mut bodies = offer::pick(fitting, (budget, budget), false);
    // What goes alone may become the next thing to go once the answers are taken in.
    let alone = |candidate: &&Candidate| candidate.exclusive && candidate.availability.goes();
    let alone = candidates.iter().filter(alone).map(|c| c.seq);
    bodies.extend(alone.take(ALONE));
    bodies.extend(offer::looked_at(state, policies));
    bodies
}

/// Lets what waits only for commands that this message may answer go; whether
/// there is any.
fn release_who_may_follow(state: &mut DeviceState) -> bool {
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
        .map(|command| &mut command.options.after)
    {
        let waits = after.len();
        after.retain(|seq| !out.contains(seq));
        any |= after.len() < waits;
    }
    any
}

/// Whether the message may bring values for the inventory.
fn brings_values(state: &DeviceState, message: &Message) -> bool {
    let answers = message.body.iter().any(|element| match element {
        Element::Results(_) => true,
        Element::Status(status) => status.may_answer("Get") && matches!(status.code, 404 | 500),
        _ => false,
    });
    answers
        && state
            .open
            .iter()
            .any(|command| !command.leases.is_empty() && command.brings_inventory())
}
