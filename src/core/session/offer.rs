//! What goes out: the policy engine asked for each waiting command, the order,
//! the byte budget.

use std::borrow::Cow;

use super::availability::{Availability, Circumstances, Seen, seen_by};
use super::bodies::Bodies;
use super::digest::StableDigest;
use crate::command::{CommandState, OpenCommand, Unanswered};
use crate::device::DeviceState;
use crate::event::{Touched, TouchedBy, Withheld};
use crate::ids::CommandSeq;
use crate::kind::{Kind, Leaf, kind_of};
use crate::limits;
use crate::policy::PolicySet;

/// The rule named where the second guard stopped a command.
pub(super) const GUARD: &str = "guard.machine";

/// One waiting command and whether it can go.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) seq: CommandSeq,
    /// Its kind, an operator's own classifications taken in.
    pub(super) kind: Kind,
    pub(super) bytes: u32,
    /// Whether it goes alone and last.
    pub(super) exclusive: bool,
    /// Whether it is sent once only: it shares a reply with plain reads alone.
    pub(super) once: bool,
    /// Whether the device may stop at it: it was sent without an answer, or it does more
    /// than read.
    pub(super) doubtful: bool,
    pub(super) availability: Availability,
    /// What it touches, where the event that it was queued by does not say it.
    pub(super) late: Option<Touched>,
}

/// Every waiting command in the order in which it would go: priority, then
/// age, what goes alone last. What the device may be stopping at goes behind all else, what
/// was sent least often first, reads before writes; the set of the push channel is the very
/// last. Where something is unanswered, a password reset goes before all else: someone
/// waits for it, and it must not wait behind what stops the device.
pub(super) fn candidates(
    state: &DeviceState,
    bodies: Option<&Bodies<'_>>,
    here: &Circumstances<'_>,
) -> Vec<Candidate> {
    let waits = |command: &&OpenCommand| here.is_queued(command);
    let mut waiting: Vec<&OpenCommand> = state.open.iter().filter(waits).collect();
    let any_unanswered = waiting.iter().any(|command| command.unanswered > 0);
    waiting.sort_by_key(|command| {
        let suspect = command.is_suspect();
        (
            command.is_exclusive(),
            command.sets_channel(),
            if suspect { command.unanswered } else { 0 },
            suspect && command.writes(),
            !command.is_wipe(),
            !command.is_unenroll(),
            any_unanswered && command.kind() != Kind::PasswordReset,
            std::cmp::Reverse(command.priority),
            command.seq,
        )
    });
    let mut candidates: Vec<Candidate> = Vec::with_capacity(waiting.len());
    let mut before: Option<(Cow<'_, [Leaf]>, Option<&str>)> = None;
    let mut one_sets = false;
    for command in waiting {
        let body = bodies.and_then(|bodies| bodies.going_out(state, command.seq));
        let Seen { leaves, late } = seen_by(here.policies, command, body.as_deref());
        let app = command.options.app.as_deref();
        // Queues hold runs of the like: what touches the same is decided the same.
        let like = before
            .as_ref()
            .is_some_and(|(touched, by)| *touched == leaves && *by == app);
        let decision = match candidates.last().filter(|_| like) {
            Some(last) => last.availability.decision.clone(),
            None => here.decide(&leaves, app),
        };
        let mut availability = here.availability_by(decision, command);
        if command.sets_channel() {
            // A session carries one: those behind it wait for a later one.
            availability.waits.later_session |= one_sets;
            one_sets |= availability.goes();
        }
        let once = command.options.unanswered == Unanswered::Keep;
        candidates.push(Candidate {
            seq: command.seq,
            kind: kind_of(&leaves),
            bytes: command.bytes,
            exclusive: command.is_exclusive(),
            once,
            doubtful: !once && (command.unanswered > 0 || command.acts()),
            availability,
            late,
        });
        before = Some((leaves, app));
    }
    candidates
}

/// The set of the push channel that a session carries in place of this one, if it carries
/// another.
pub(crate) fn set_before(
    state: &DeviceState,
    here: &Circumstances<'_>,
    command: &OpenCommand,
) -> Option<CommandSeq> {
    let sets = |seq: CommandSeq| state.open(seq).is_some_and(OpenCommand::sets_channel);
    if !command.sets_channel() {
        return None;
    }
    let candidates = candidates(state, None, here);
    let first = candidates
        .iter()
        .find(|one| one.availability.goes() && sets(one.seq))?;
    let own = candidates.iter().find(|one| one.seq == command.seq)?;
    let waits = own.availability.waits.later_session && own.availability.is_delivered_by_rules();
    waits.then_some(first.seq)
}

/// The commands whose bodies are read in this exchange to see whether a policy file
/// classifies them: of many, others in each message.
pub(super) fn looked_at(state: &DeviceState, policies: &PolicySet) -> Vec<CommandSeq> {
    if !policies.classifies_more() {
        return Vec::new();
    }
    let queued = |open: &&OpenCommand| open.state == CommandState::Queued && open.has_more_unknown;
    let all: Vec<CommandSeq> = state
        .open
        .iter()
        .filter(queued)
        .map(|open| open.seq)
        .collect();
    let most = limits::UNKNOWN_LOOKED_AT.min(all.len());
    let turn = (state.next_message as usize).wrapping_mul(limits::UNKNOWN_LOOKED_AT);
    let from = turn.checked_rem(all.len()).unwrap_or(0);
    all.iter().cycle().skip(from).take(most).copied().collect()
}

/// How many bytes of commands a reply holds to a device that announces this `MaxMsgSize`.
pub(super) fn budget(max_msg_size: Option<u32>) -> usize {
    /// What the frame and the Statuses of a usual package take.
    const FRAME: usize = 2 * 1024;
    let announced = max_msg_size.map_or(usize::MAX, |bytes| bytes as usize);
    announced.clamp(limits::REPLY_BYTES_LEAST, limits::REPLY_BYTES) - FRAME
}

/// The commands of `considered` that one reply carries, in order. An unenroll or a wipe
/// goes alone and only when nothing else is under way: the device drops the
/// session at once, and the answers to what went with it would be lost. So does
/// the set of a push channel, on which a device may hang.
///
/// A command that is sent once only shares no reply with another that the device may stop
/// at, nor with its like: nobody could tell afterwards whether the device came to it. Plain
/// reads may stand beside it: where one of them turns out to be what the device stops at,
/// what stood behind it goes again ([`OpenCommand::ahead`]).
///
/// `left` is what this reply has room for. The first command goes if a usual
/// reply (`budget`) holds it: a device that sends unusually much to be answered
/// would else keep it, and all behind it, waiting for ever.
pub(super) fn pick<'a>(
    candidates: impl IntoIterator<Item = &'a Candidate>,
    (mut left, budget): (usize, usize),
    outstanding: bool,
) -> Vec<CommandSeq> {
    let mut picked: Vec<&Candidate> = Vec::new();
    let goes = |command: &&Candidate| command.availability.goes();
    for command in candidates.into_iter().filter(goes) {
        let bytes = command.bytes as usize;
        let fits = bytes <= left || picked.is_empty() && bytes <= budget;
        if !fits || command.exclusive && (outstanding || !picked.is_empty()) {
            break;
        }
        left = left.saturating_sub(bytes);
        picked.push(command);
    }
    part(&mut picked);
    picked.iter().map(|command| command.seq).collect()
}

/// What goes of `candidates`, in the order of the replies that carry it where the device
/// answers each of them.
pub(super) fn in_order_of_replies(candidates: &[Candidate], budget: usize) -> Vec<&Candidate> {
    let goes = |command: &&Candidate| command.availability.goes();
    let mut rest: Vec<&Candidate> = candidates.iter().filter(goes).collect();
    let mut order = Vec::with_capacity(rest.len());
    while let Some(first) = rest.first() {
        let mut picked = pick(rest.iter().copied(), (budget, budget), false);
        if picked.is_empty() {
            // No reply holds it: what is behind it goes all the same.
            picked.push(first.seq);
        }
        // What is picked is in the order of `rest`.
        let mut next = picked.into_iter().peekable();
        let is_picked = |command: &&Candidate| next.next_if_eq(&command.seq).is_some();
        let (reply, later): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_picked);
        order.extend(reply);
        rest = later;
    }
    order
}

/// Takes out of a reply what is not to share it: whichever of the two sorts comes first
/// stays, the other follows in the next reply; so does a second that is sent once only.
fn part(picked: &mut Vec<&Candidate>) {
    let Some(once) = picked.iter().position(|command| command.once) else {
        return;
    };
    if picked[..once].iter().any(|command| command.doubtful) {
        return picked.retain(|command| !command.once);
    }
    let mut behind = picked.iter().skip(once + 1);
    if let Some(next) = behind.position(|command| command.once || command.doubtful) {
        picked.truncate(once + 1 + next);
    }
}

/// What is held back, grouped by kind and reason, the oldest first.
pub(super) fn withheld(state: &DeviceState, candidates: &[Candidate]) -> Vec<Withheld> {
    let mut groups: Vec<Withheld> = Vec::new();
    // What failed meanwhile is not held back any more.
    let stays =
        |command: &&Candidate| !command.availability.goes() && state.open(command.seq).is_some();
    let mut held: Vec<&Candidate> = candidates.iter().filter(stays).collect();
    held.sort_by_key(|command| command.seq);
    for command in held {
        let availability = &command.availability;
        let late = command.late.iter().map(|touched| TouchedBy {
            command: command.seq.0,
            touched: touched.clone(),
        });
        if let Some(group) = groups.iter_mut().find(|group| {
            group.kind == command.kind && availability.is_reason(&group.rules, &group.modes)
        }) {
            group.count += 1;
            group.commands.push(command.seq.0);
            group.touched.extend(late);
        } else {
            let (rules, modes) = availability.reason();
            groups.push(Withheld {
                kind: command.kind,
                rules,
                modes,
                count: 1,
                commands: vec![command.seq.0],
                touched: late.collect(),
            });
        }
    }
    groups
}

/// A digest by which an equal list is known. Kinds and modes stand in it by the
/// numbers that rows know them by. Version 0.1.0 recorded the number of another
/// function: no list is equal to that one, so it is written once more.
pub(super) fn digest(withheld: &[Withheld]) -> u64 {
    let mut digest = StableDigest::new("withheld");
    digest.list(withheld, |digest, group| {
        digest.byte(group.kind as u8);
        digest.list(&group.rules, |digest, rule| digest.text(rule));
        digest.list(&group.modes, |digest, &mode| digest.byte(mode as u8));
        digest.list(&group.commands, |digest, &seq| digest.number(seq));
        digest.list(&group.touched, |digest, late| digest.touched(late));
    });
    digest.finish()
}
