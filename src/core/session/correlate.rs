//! Statuses and Results to the commands that they answer.
//!
//! An answer names the message and the element that it answers by MsgRef and
//! CmdRef (missing means 1, OMA RepPro), and must not name another verb than the
//! element's.
//! Several per command are allowed; late ones, and ones in a session of
//! another mode, are taken.

use std::collections::HashSet;

use super::bodies::Bodies;
use super::channel_report::ChannelReport;
use super::closing;
use super::event_recorder::EventRecorder;
use super::interactive;
use super::keep_alive::ends_package;
use super::large::{CHUNK, Part, refusal_in_words};
use super::outcome::{conclude, is_complete, reject_answer};
use super::result_collector::ResultCollector;
use super::secrets;
use crate::classify::classify;
use crate::command::{CommandState, ElementName, NodeResult, OpenCommand};
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::limits;
use crate::loc_uri::LocUri;
use crate::secret::Secret;
use modegate_wire::message::{Cut, Element, Item, Message, Results, Status, Verb};

/// What one message brought for one command.
#[derive(Debug)]
struct Answered {
    seq: CommandSeq,
    /// Which of its deliveries was answered.
    lease: usize,
    results: Vec<NodeResult>,
    /// Pieces of large objects, which are no values yet.
    chunks: Vec<NodeResult>,
    /// Which elements had Results without a Status so far.
    without_status: Vec<usize>,
    /// Why nothing of the answer is kept, if so: a Status and words.
    rejected: Option<(u16, String)>,
}

/// Takes every answer of `message` into the state. `collected` receives what
/// follows from values and outcomes beyond the command's own state.
pub(super) fn correlate(
    state: &mut DeviceState,
    bodies: &Bodies<'_>,
    (message, parts): (&Message, &[Part]),
    collected: &mut ResultCollector,
    recorder: &mut EventRecorder,
) {
    let is_final = ends_package(message);
    let answers = answers(state, bodies, (message, parts), recorder);
    let answered = answers.iter();
    let answered = answered.map(|one| (one.seq, one.lease, &one.without_status[..]));
    interactive::weigh(state, bodies, answered, recorder);
    for answer in answers {
        // What the answer to one delivery ended or put back, the answer to
        // another in the same message does not touch again.
        if let Some(command) = state.open.iter_mut().find(|command| {
            command.seq == answer.seq
                && !command.state.is_final()
                && answer.lease < command.leases.len()
        }) {
            take_answer(command, answer, is_final, collected, recorder);
        }
    }
    if is_final {
        end_package(state, message, recorder);
    }
    closing::close_finished(state, recorder);
}

/// What the message brought, per delivery that it answers.
fn answers(
    state: &mut DeviceState,
    bodies: &Bodies<'_>,
    (message, parts): (&Message, &[Part]),
    recorder: &mut EventRecorder,
) -> Vec<Answered> {
    let mut answered: Vec<Answered> = Vec::new();
    let session = state.session.as_ref();
    let first_message = session.map_or(1, |session| session.first_message);
    let with_status: HashSet<(u32, u32)> = message
        .body
        .iter()
        .filter_map(|element| match element {
            Element::Status(status) if status.code != 0 => {
                Some(answers_to(status.msg_ref, status.cmd_ref, first_message))
            }
            _ => None,
        })
        .collect();
    let mut parts = parts.iter().copied();
    for element in &message.body {
        match element {
            Element::Status(status) if !status.is_of_header() => {
                take_status(
                    state,
                    bodies,
                    status,
                    first_message,
                    &mut answered,
                    recorder,
                );
            }
            Element::Results(results) => {
                let part = parts.next().unwrap_or(Part::Whole);
                let places = (first_message, part, &with_status);
                take_results(state, bodies, results, places, &mut answered, recorder);
            }
            _ => {}
        }
    }
    if let Some(cut) = &message.reading.cut {
        take_cut(state, cut, first_message, &mut answered, recorder);
    }
    answered
}

/// What was not read to its end is no answer: what it answers ends.
fn take_cut(
    state: &DeviceState,
    cut: &Cut,
    first_message: u32,
    answered: &mut Vec<Answered>,
    recorder: &mut EventRecorder,
) {
    let bound = &cut.bound;
    recorder.note(format!(
        "the message was read up to an element {} that is too large: {bound}",
        cut.element
    ));
    let answers = matches!(cut.element.as_str(), "Results" | "Status") && cut.cmd_ref.is_some();
    let (msg_ref, cmd_ref) = answers_to(cut.msg_ref, cut.cmd_ref, first_message);
    if let Some((at, lease, _)) = find(state, msg_ref, cmd_ref).filter(|_| answers) {
        let reason = format!("answer too large: {bound}");
        entry_for(answered, state.open[at].seq, lease).rejected = Some((413, reason));
    }
}

/// Takes what came for one delivery of a command into it.
fn take_answer(
    command: &mut OpenCommand,
    answer: Answered,
    package_ended: bool,
    collected: &mut ResultCollector,
    recorder: &mut EventRecorder,
) {
    let (mut results, mut chunks) = (answer.results, answer.chunks);
    let implied = imply_statuses(command, answer.lease, &answer.without_status);
    // Before the package ends its Status may still come.
    if implied && package_ended {
        for result in results.iter_mut().filter(|result| result.status == 0) {
            result.status = 200;
        }
        recorder.note("Results without a Status: treated as 200");
    }
    collected.channel.listen(command, &mut results);
    secrets::strike_out(&mut results);
    let mut fits = collected.room.admit(command, &mut results, recorder);
    collected.answer(command, answer.lease, &results);
    ChannelReport::redact_chunks(command, &mut chunks);
    secrets::strike_out(&mut chunks);
    fits &= collected.room.admit(command, &mut chunks, recorder);
    results.extend(chunks);
    let beyond = || (!fits).then(|| (413, collected.room.too_large()));
    match answer.rejected.or_else(beyond) {
        Some(why) => reject_answer(command, why, results, recorder),
        None => conclude(command, answer.lease, results, package_ended, recorder),
    }
}

/// Results say that a Get was done: no Status is missed that did not come with
/// them. One that comes later in the package counts if it says worse.
fn imply_statuses(command: &mut OpenCommand, lease: usize, without_status: &[usize]) -> bool {
    let statuses = &mut command.leases[lease].statuses;
    let mut implied = false;
    for &index in without_status {
        implied |= statuses[index] == 0;
        statuses[index] = statuses[index].max(200);
    }
    implied
}

/// The end of a package of several messages: what was answered in an earlier one
/// waited for it.
fn end_package(state: &mut DeviceState, message: &Message, recorder: &mut EventRecorder) {
    let header = &message.header;
    let Some(session) = state.session.as_ref().filter(|session| {
        session.id == header.session_id && session.client_message == header.msg_id
    }) else {
        return;
    };
    let no = session.no;
    for command in &mut state.open {
        let is_answered = command.state == CommandState::Sent
            && command
                .leases
                .first()
                .is_some_and(|lease| lease.session == no && is_complete(lease, true));
        if is_answered {
            conclude(command, 0, Vec::new(), true, recorder);
        }
    }
}

/// Which message and which element is answered; what is missing means the first
/// (OMA RepPro).
fn answers_to(msg_ref: Option<u32>, cmd_ref: Option<u32>, first_message: u32) -> (u32, u32) {
    (msg_ref.unwrap_or(first_message), cmd_ref.unwrap_or(1))
}

/// Finds the delivery that carried element `cmd_ref` of message `msg_ref`:
/// (command, lease, which of its CmdIDs).
fn find(state: &DeviceState, msg_ref: u32, cmd_ref: u32) -> Option<(usize, usize, usize)> {
    state.open.iter().enumerate().find_map(|(at, command)| {
        command.leases.iter().enumerate().find_map(|(nth, lease)| {
            let index = cmd_ref.checked_sub(lease.first_id)? as usize;
            (lease.message == msg_ref && index < lease.statuses.len()).then_some((at, nth, index))
        })
    })
}

fn take_status(
    state: &mut DeviceState,
    bodies: &Bodies<'_>,
    status: &Status,
    first_message: u32,
    answered: &mut Vec<Answered>,
    recorder: &mut EventRecorder,
) {
    let (msg_ref, cmd_ref) = answers_to(status.msg_ref, status.cmd_ref, first_message);
    let Some((at, nth, index)) = find(state, msg_ref, cmd_ref) else {
        recorder.note(format!(
            "Status {} for {msg_ref}/{cmd_ref}, which is no open command",
            status.code
        ));
        return;
    };
    let command = &mut state.open[at];
    let lease = &mut command.leases[nth];
    let expected = lease.elements[index].name();
    if !status.may_answer(expected) {
        recorder.note(format!(
            "Status for {msg_ref}/{cmd_ref} names another element than {expected}"
        ));
        return;
    }
    if status.code == 0 {
        recorder.note(format!(
            "Status for {msg_ref}/{cmd_ref} has no code that can be read"
        ));
        return;
    }
    // 202 is news of work under way; what comes after it says how it ended.
    let known = &mut lease.statuses[index];
    let ends = *known == 202 && command.state == CommandState::Accepted;
    *known = if ends {
        status.code
    } else {
        status.code.max(*known)
    };
    let node = node_of(bodies, command.seq, index);
    let result = NodeResult {
        status: status.code,
        original_error: status.original_error,
        ..NodeResult::of_node(node.cloned().unwrap_or_else(|| "".into()))
    };
    let seq = command.seq;
    merge(answered, seq, nth, result, node.is_some());
}

fn take_results(
    state: &mut DeviceState,
    bodies: &Bodies<'_>,
    results: &Results,
    (first_message, part, with_status): (u32, Part, &HashSet<(u32, u32)>),
    answered: &mut Vec<Answered>,
    recorder: &mut EventRecorder,
) {
    let (msg_ref, cmd_ref) = answers_to(results.msg_ref, results.cmd_ref, first_message);
    let Some((at, lease, index)) = find(state, msg_ref, cmd_ref) else {
        recorder.note(format!(
            "Results for {msg_ref}/{cmd_ref}, which is no open command"
        ));
        return;
    };
    let seq = state.open[at].seq;
    if let Part::Refused(code) = part {
        entry_for(answered, seq, lease).rejected = Some(refusal_in_words(code));
        return;
    }
    // Only a node has a value.
    let Some(node) = node_of(bodies, seq, index) else {
        recorder.note(format!(
            "Results for {msg_ref}/{cmd_ref}, which names no node"
        ));
        return;
    };
    let last = results.items.len().saturating_sub(1);
    for (nth, item) in results.items.iter().enumerate() {
        let mut value = value_of(node, item, results);
        if part != Part::Whole && nth == last {
            value.status = if part == Part::Chunk { CHUNK } else { 200 };
            entry_for(answered, seq, lease).chunks.push(value);
        } else if !merge(answered, seq, lease, value, true) {
            recorder.note(format!(
                "more than {} answers to command {} in one message: the rest was dropped",
                limits::ANSWERS,
                seq.0
            ));
            break;
        }
    }
    let reads = state.open[at].leases[lease].elements[index] == ElementName::Verb(Verb::Get);
    if reads && !with_status.contains(&(msg_ref, cmd_ref)) {
        entry_for(answered, seq, lease).without_status.push(index);
    }
}

/// The value in one item of an answer to a Get of `asked`. Where the item names a node
/// below that, it is that node's (StructData, lists); what else it names is only shown:
/// whose value it is, is not the device's to say.
fn value_of(asked: &LocUri, item: &Item, results: &Results) -> NodeResult {
    let mut named = [&item.source, &item.target].into_iter().flatten();
    let named = named.next().or_else(|| match &results.source_refs[..] {
        [only] => Some(only),
        _ => None,
    });
    let named = named.map(|text| LocUri::from(text.as_str()));
    let own = named.filter(|named| !named.is_same_node(asked));
    let kind = |node| classify(Verb::Get, node).kind;
    let (loc_uri, source) = match own {
        Some(own) if own.is_below(asked) && kind(&own) == kind(asked) => (own, None),
        Some(foreign) => (asked.clone(), Some(foreign.to_string())),
        None => (asked.clone(), None),
    };
    NodeResult {
        source,
        format: item
            .meta
            .format
            .clone()
            .or_else(|| results.meta.format.clone()),
        data: Some(Secret::new(item.data.clone().unwrap_or_default())),
        ..NodeResult::of_node(loc_uri)
    }
}

fn node_of<'a>(bodies: &'a Bodies<'_>, seq: CommandSeq, index: usize) -> Option<&'a LocUri> {
    bodies.get(seq)?.placed().get(index)?.loc_uri
}

/// What the message brought for that delivery so far.
fn entry_for(answered: &mut Vec<Answered>, seq: CommandSeq, lease: usize) -> &mut Answered {
    let at = answered
        .iter()
        .position(|answer| answer.seq == seq && answer.lease == lease)
        .unwrap_or_else(|| {
            answered.push(Answered {
                seq,
                lease,
                results: Vec::new(),
                chunks: Vec::new(),
                without_status: Vec::new(),
                rejected: None,
            });
            answered.len() - 1
        });
    &mut answered[at]
}

/// Puts a value beside its Status, whichever came first; false where there are
/// too many to keep it.
fn merge(
    answered: &mut Vec<Answered>,
    seq: CommandSeq,
    lease: usize,
    result: NodeResult,
    keep: bool,
) -> bool {
    let results = &mut entry_for(answered, seq, lease).results;
    if !keep {
        return true;
    }
    let is_full = results.len() >= limits::ANSWERS;
    let half = results.iter_mut().find(|other| {
        (other.status == 0) != (result.status == 0)
            && other.data.is_none() != result.data.is_none()
            && other.loc_uri == result.loc_uri
    });
    match half {
        Some(other) => {
            other.status = other.status.max(result.status);
            other.format = other.format.take().or(result.format);
            other.data = other.data.take().or(result.data);
            other.original_error = other.original_error.or(result.original_error);
            other.source = other.source.take().or(result.source);
        }
        None if is_full => return false,
        None => results.push(result),
    }
    true
}
