//! Commands that the server queues itself: reading on below what an inventory
//! named, and asking whether an unanswered command was done.

use super::bodies::Bodies;
use super::event_recorder::EventRecorder;
use super::queue::open_own;
use super::result_collector::{Named, ResultCollector};
use crate::classify::classify;
use crate::command::{
    CommandBody, CommandState, ExecutionOptions, Lenient, OpenCommand, Operation, ServerPurpose,
    Unanswered,
};
use crate::device::{DeviceRecord, DeviceState};
use crate::ids::CommandSeq;
use crate::inventory::{Address, known, names};
use crate::kind::Kind;
use crate::limits;
use crate::loc_uri::{LocUri, Member};
use crate::time::Timestamp;
use modegate_wire::message::Verb;

/// Who queues them.
const ACTOR: &str = "server";

/// A Get that a name led to.
struct Next {
    loc_uri: LocUri,
    /// Whether children of its own are wanted.
    walks: bool,
}

/// Queues what follows; the bodies, under their numbers.
pub(super) fn follow(
    state: &mut DeviceState,
    record: &DeviceRecord,
    bodies: &mut Bodies<'_>,
    collected: &ResultCollector,
    recorder: &mut EventRecorder,
) -> Vec<(CommandSeq, CommandBody)> {
    let mut wanted = checks(state, bodies, recorder.now);
    walks(state, collected, &mut wanted, recorder);
    let is_own = |command: &&OpenCommand| command.options.purpose.is_some();
    let own = state.open.iter().filter(is_own).count();
    let room = limits::OPEN_COMMANDS.saturating_sub(state.open.len());
    let room = room.min(limits::OWN_COMMANDS.saturating_sub(own));
    if wanted.len() > room {
        recorder.note("the queue is full: not everything that was named is read");
        wanted.truncate(room);
    }
    let mut queued = Vec::new();
    for body in wanted {
        if let Some(ServerPurpose::Check(of)) = body.options.purpose
            && let Some(asked) = state.open_mut(of)
        {
            asked.options.unanswered = Unanswered::Keep;
        }
        let seq = open_own(state, &body, record, bodies);
        queued.push((seq, body));
    }
    queued
}

/// What reads on below the nodes that this message's answers named.
fn walks(
    state: &mut DeviceState,
    collected: &ResultCollector,
    wanted: &mut Vec<CommandBody>,
    recorder: &mut EventRecorder,
) {
    for parent in &collected.parents {
        if wanted.len() > limits::OWN_COMMANDS {
            break;
        }
        let named = collected.named.iter();
        let named: Vec<&Named> = named.filter(|named| named.by == parent.seq).collect();
        if named.is_empty() {
            continue;
        }
        let asked = state.open_mut(parent.seq);
        let (bodies, left) = walk(parent, &named, asked.is_some(), recorder);
        if let Some(asked) = asked {
            asked.options.walk = left;
        }
        wanted.extend(bodies);
    }
}

/// The commands that read on below what `parent` named, and to how many Gets it
/// may still lead: one that is answered again does not begin anew. Half of what is
/// left stays with a parent that `goes_on`, the rest goes to the children.
fn walk(
    parent: &OpenCommand,
    named: &[&Named],
    goes_on: bool,
    recorder: &mut EventRecorder,
) -> (Vec<CommandBody>, u16) {
    let mut nexts: Vec<Next> = Vec::new();
    let mut unreadable = 0;
    for node in named {
        unreadable += children(node, &mut nexts);
    }
    if unreadable > 0 {
        recorder.note(format!(
            "{unreadable} names are no nodes of what was asked for: they are not read"
        ));
    }
    nexts.sort_by(|one, other| one.loc_uri.as_str().cmp(other.loc_uri.as_str()));
    nexts.dedup_by(|one, other| one.loc_uri == other.loc_uri);
    let most = usize::from(parent.options.walk);
    if nexts.len() > most {
        recorder.note(format!(
            "{} nodes were named, {most} are read: one inventory leads to {} Gets at most",
            nexts.len(),
            limits::WALK_GETS
        ));
        nexts.truncate(most);
    }
    let left = most - nexts.len();
    let kept = if goes_on { left / 2 } else { 0 };
    let left = left - kept;
    let walking = nexts.iter().filter(|next| next.walks).count().max(1);
    let root = match parent.options.purpose {
        Some(ServerPurpose::Walk(root)) => root,
        _ => parent.seq,
    };
    let bodies = nexts.chunks(limits::WALK_COMMAND_GETS).map(|chunk| {
        let walks = chunk.iter().filter(|next| next.walks).count();
        let share = left * walks / walking;
        body(
            parent,
            root,
            chunk,
            u16::try_from(share).unwrap_or(0),
            recorder.now,
        )
    });
    (bodies.collect(), u16::try_from(kept).unwrap_or(0))
}

/// The nodes that `named` leads to, each of the same class and kind as itself:
/// a device's words never make a Get of another kind. How many names lead to none.
fn children(named: &Named, into: &mut Vec<Next>) -> usize {
    let leaf = classify(Verb::Get, &named.loc_uri);
    let Some(address) = Address::from_loc_uri(&named.loc_uri) else {
        return 0;
    };
    let mut unreadable = 0;
    let same = |loc_uri: &LocUri| {
        let child = classify(Verb::Get, loc_uri);
        child == leaf
            && child.kind != Kind::Unclassified
            && loc_uri.as_str().len() <= limits::LOC_URI_BYTES
    };
    let properties = known::properties(&address.class).filter(|_| address.is_class());
    for name in names::split(&named.names).take(limits::WALK_CHILDREN) {
        // Twice as many as are ever read: some may be the same.
        if into.len() >= 2 * usize::from(limits::WALK_GETS) {
            break;
        }
        let child = named.loc_uri.child(&name);
        match properties.clone() {
            Some(properties) if same(&child) => into.extend(properties.map(|property| Next {
                loc_uri: child.below(property),
                walks: false,
            })),
            // A node, or an instance of a class that is not listed, may name a secret.
            None if Address::from_loc_uri(&child)
                .is_some_and(|address| !known::may_be_kept(&address)) => {}
            None if same(&child) => {
                let walks = address.is_tree() || address.is_class();
                into.push(Next {
                    loc_uri: child,
                    walks,
                });
            }
            _ => unreadable += 1,
        }
    }
    unreadable
}

fn body(
    parent: &OpenCommand,
    root: CommandSeq,
    gets: &[Next],
    walk: u16,
    now: Timestamp,
) -> CommandBody {
    let options = ExecutionOptions {
        lenient: Lenient::Always,
        walk,
        purpose: Some(ServerPurpose::Walk(root)),
        app: parent.options.app.clone(),
        ..ExecutionOptions::default()
    };
    let gets = gets.iter().map(|next| Operation::get(next.loc_uri.clone()));
    let deadline = now.plus_ms(limits::NEWS_DEADLINE_MS);
    CommandBody {
        expires_at: parent.expires_at.or(Some(deadline)),
        priority: parent.priority,
        options,
        ..CommandBody::new("inventory_walk", ACTOR, now, gets.collect())
    }
}

/// One question for each command whose outcome the device can tell. A device
/// that cannot is not asked again: only the command itself, sent once more, makes
/// it worth another question.
fn checks(state: &DeviceState, bodies: &Bodies<'_>, now: Timestamp) -> Vec<CommandBody> {
    state
        .open
        .iter()
        .filter(|command| {
            command.state == CommandState::Unconfirmed
                && command.options.unanswered == Unanswered::Check
        })
        .filter_map(|command| {
            let loc_uri = asks_for(bodies.get(command.seq)?)?;
            let options = ExecutionOptions {
                purpose: Some(ServerPurpose::Check(command.seq)),
                app: command.options.app.clone(),
                ..ExecutionOptions::default()
            };
            let get = vec![Operation::get(loc_uri)];
            Some(CommandBody {
                expires_at: Some(now.plus_ms(limits::NEWS_DEADLINE_MS)),
                priority: command.priority,
                options,
                ..CommandBody::new("app_status", ACTOR, now, get)
            })
        })
        .collect()
}

/// The node that tells whether an app job is there: its Status.
fn asks_for(body: &CommandBody) -> Option<LocUri> {
    body.placed().into_iter().find_map(|element| {
        let loc_uri = element.loc_uri?;
        let node = loc_uri.wmi()?;
        let is_job = node.is_of("MDM_AppInstallJob")
            && node
                .first_key()
                .is_some_and(|(key, _)| key.eq_ignore_ascii_case("JobID"))
            && matches!(node.member, Some(Member::Method(_)));
        is_job
            .then(|| loc_uri.owner())?
            .map(|job| job.below("Status"))
    })
}
