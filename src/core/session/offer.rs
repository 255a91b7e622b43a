//! What goes out: the policy engine asked for each waiting command, the order,
//! the byte budget.

use std::borrow::Cow;

use super::digest::StableDigest;
use crate::command::{CommandState, OpenCommand};
use crate::context::{ContextSet, Mode};
use crate::device::{DeviceRecord, Session, State};
use crate::event::Withheld;
use crate::ids::{CommandSeq, SessionNo};
use crate::kind::{Kind, Leaf, kind_of};
use crate::limits;
use crate::policy::{Decision, PolicySet, Subject, Verdict};
use crate::time::Timestamp;

/// The rule named where a command waits for its time, not for a mode.
pub(super) const NOT_BEFORE: &str = "queue.not-before";
/// The rule named where a command waits for another.
pub(super) const AFTER: &str = "queue.after";
/// The rule named where a command waits for a later session.
pub(super) const LATER: &str = "queue.later-session";
/// The rule named where the second guard stopped a command.
pub(super) const GUARD: &str = "guard.machine";

/// One waiting command and the decision on it.
#[derive(Debug)]
pub(super) struct Considered {
    pub(super) seq: CommandSeq,
    /// Its kind, an operator's own classifications taken in.
    pub(super) kind: Kind,
    pub(super) bytes: u32,
    /// Whether it goes alone and last.
    pub(super) alone: bool,
    pub(super) decision: Decision,
    /// Why it waits although policy may let it go: the id of a rule of the queue.
    pub(super) held: Option<&'static str>,
}

/// Every waiting command in the order in which it would go: priority, then
/// age, what goes alone last, and the channel after an unenroll.
pub(super) fn consider(
    state: &State,
    record: &DeviceRecord,
    contexts: ContextSet,
    session: Option<SessionNo>,
    policies: &PolicySet,
    now: Timestamp,
) -> Vec<Considered> {
    let mut waiting: Vec<&OpenCommand> = state
        .open
        .iter()
        .filter(|command| waits(command, session, now))
        .collect();
    waiting.sort_by_key(|command| {
        (
            command.goes_alone(),
            !command.is_unenroll(),
            std::cmp::Reverse(command.priority),
            command.seq,
        )
    });
    let mut considered: Vec<Considered> = Vec::with_capacity(waiting.len());
    let mut before: Option<(Cow<'_, [Leaf]>, Option<&str>)> = None;
    for command in waiting {
        let leaves = leaves_under(command, policies);
        let app = command.manner.app.as_deref();
        // Queues hold runs of the like: what touches the same is decided the same.
        let like = before
            .as_ref()
            .is_some_and(|(touched, by)| *touched == leaves && *by == app);
        let decision = match considered.last().filter(|_| like) {
            Some(last) => last.decision.clone(),
            None => policies.decide(
                contexts,
                &Subject {
                    family: record.family,
                    groups: &record.groups,
                    app,
                    leaves: &leaves,
                },
            ),
        };
        considered.push(Considered {
            seq: command.seq,
            kind: kind_of(&leaves),
            bytes: command.bytes,
            alone: command.goes_alone(),
            decision,
            held: held(command, session, now),
        });
        before = Some((leaves, app));
    }
    considered
}

/// The leaves of a command under a policy set, which may classify what the table
/// does not know.
pub(crate) fn leaves_under<'a>(command: &'a OpenCommand, policies: &PolicySet) -> Cow<'a, [Leaf]> {
    if command.unknown.is_empty() || !policies.classifies_more() {
        return Cow::Borrowed(&command.leaves);
    }
    let mut leaves = command.leaves.clone();
    leaves.retain(|leaf| leaf.kind != Kind::Unclassified);
    for (verb, loc_uri) in &command.unknown {
        let leaf = policies.classify(*verb, loc_uri);
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
    }
    Cow::Owned(leaves)
}

fn held(command: &OpenCommand, session: Option<SessionNo>, now: Timestamp) -> Option<&'static str> {
    if command.not_before.is_some_and(|at| at > now) {
        return Some(NOT_BEFORE);
    }
    if let (Some(no), Some(last)) = (session, command.manner.later_than)
        && no <= last
    {
        return Some(LATER);
    }
    (!command.manner.after.is_empty()).then_some(AFTER)
}

/// Waits to be sent, and was not offered in this session yet. What was put back
/// after its time waits for nothing but to be said so.
fn waits(command: &OpenCommand, session: Option<SessionNo>, now: Timestamp) -> bool {
    let lapsed = command.expires_at.is_some_and(|at| at <= now);
    let offered = session.is_some_and(|no| {
        command
            .leases
            .first()
            .is_some_and(|lease| lease.session == no)
    });
    command.state == CommandState::Queued && !offered && !lapsed
}

/// How many bytes of commands a reply of this session holds.
pub(super) fn budget(session: &Session) -> usize {
    /// What the frame and the Statuses of a usual package take.
    const FRAME: usize = 2 * 1024;
    let told = session
        .max_msg_size
        .map_or(usize::MAX, |bytes| bytes as usize);
    told.clamp(limits::REPLY_BYTES_LEAST, limits::REPLY_BYTES) - FRAME
}

/// The commands of `considered` that one reply carries, in order. An unenroll
/// goes alone and only when nothing else is under way: the device drops the
/// session at once, and the answers to what went with it would be lost. So does
/// the set of a push channel, on which a device may hang.
///
/// `left` is what this reply has room for. The first command goes if a usual
/// reply (`budget`) holds it: a device that sends unusually much to be answered
/// would else keep it, and all behind it, waiting for ever.
pub(super) fn pick<'a>(
    considered: impl IntoIterator<Item = &'a Considered>,
    (mut left, budget): (usize, usize),
    outstanding: bool,
) -> Vec<CommandSeq> {
    let mut picked = Vec::new();
    let may_go = |command: &&Considered| {
        command.decision.verdict == Verdict::Deliver && command.held.is_none()
    };
    for command in considered.into_iter().filter(may_go) {
        let bytes = command.bytes as usize;
        let fits = bytes <= left || picked.is_empty() && bytes <= budget;
        if !fits || command.alone && (outstanding || !picked.is_empty()) {
            break;
        }
        left = left.saturating_sub(bytes);
        picked.push(command.seq);
    }
    picked
}

/// What is held back, grouped by kind and reason.
pub(super) fn withheld(state: &State, considered: &[Considered]) -> Vec<Withheld> {
    let mut groups: Vec<Withheld> = Vec::new();
    for command in considered
        .iter()
        .filter(|c| c.decision.verdict == Verdict::Withhold || c.held.is_some())
    {
        if state.open(command.seq).is_none() {
            continue;
        }
        match groups.iter_mut().find(|group| is_for(group, command)) {
            Some(group) => {
                group.count += 1;
                group.commands.push(command.seq.0);
            }
            None => {
                let (rules, modes) = reason(command);
                groups.push(Withheld {
                    kind: command.kind,
                    rules,
                    modes,
                    count: 1,
                    commands: vec![command.seq.0],
                });
            }
        }
    }
    groups
}

/// Whether a group is of this command's kind and [`reason`].
fn is_for(group: &Withheld, command: &Considered) -> bool {
    let rules = || group.rules.iter().map(String::as_str);
    let same = match (command.decision.verdict, command.held) {
        (Verdict::Deliver, Some(rule)) => group.modes.is_empty() && rules().eq([rule]),
        _ => {
            let decided = command.decision.rules.iter().map(|rule| &*rule.0);
            group.modes == command.decision.modes && rules().eq(decided)
        }
    };
    same && group.kind == command.kind
}

/// The rules and modes to name for a command that stays.
pub(super) fn reason(command: &Considered) -> (Vec<String>, Vec<Mode>) {
    if let (Verdict::Deliver, Some(rule)) = (command.decision.verdict, command.held) {
        return (vec![rule.to_owned()], Vec::new());
    }
    (
        rule_names(&command.decision),
        command.decision.modes.clone(),
    )
}

/// A decision's rules as text.
pub(super) fn rule_names(decision: &Decision) -> Vec<String> {
    decision.rules.iter().map(ToString::to_string).collect()
}

/// A digest by which an equal list is known. Version 0.1.0 recorded the number of
/// another function: no list is equal to that one, so it is written once more.
pub(super) fn digest(withheld: &[Withheld]) -> u64 {
    let mut digest = StableDigest::new("withheld");
    digest.list(withheld, |digest, group| {
        digest.text(group.kind.name());
        digest.list(&group.rules, |digest, rule| digest.text(rule));
        digest.list(&group.modes, |digest, mode| digest.text(mode.name()));
        digest.number(group.count.into());
        digest.list(&group.commands, |digest, &seq| digest.number(seq.into()));
    });
    digest.finish()
}
