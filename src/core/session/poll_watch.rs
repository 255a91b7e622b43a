//! The polling schedule of a phone or a Windows 10: what the device answers of it is taken
//! in, the server reads it of its own accord, and repairs one that is off. Whether either
//! may go is decided by the policy engine, as for every other command.

use super::Request;
use super::availability::delivers_in_session;
use super::bodies::Bodies;
use super::event_recorder::EventRecorder;
use super::queue::open_own;
use super::result_collector::ResultCollector;
use crate::command::{
    CommandBody, ExecutionOptions, Lenient, OpenCommand, Operation, ServerPurpose,
};
use crate::context::Family;
use crate::device::{DeviceRecord, DeviceState};
use crate::ids::CommandSeq;
use crate::limits;
use crate::loc_uri::LocUri;
use crate::operations::{dmclient_poll_node, dmclient_poll_reads, dmclient_poll_repair};
use crate::secret::Secret;
use crate::time::Timestamp;
use modegate_wire::message::Verb;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// They go behind all that somebody asked for.
const PRIORITY: i32 = i32::MIN;

/// Takes in what the message's answers say of the schedule, whoever asked.
pub(super) fn take(
    state: &mut DeviceState,
    record: &DeviceRecord,
    request: &Request<'_>,
    collected: &ResultCollector,
    recorder: &mut EventRecorder,
) {
    if record.family == Family::Windows81 || collected.results().next().is_none() {
        return;
    }
    let nodes = dmclient_poll_reads(&request.push.provider_id());
    let mut is_news = false;
    for result in collected.results() {
        let data = result.data.as_ref().map(Secret::reveal);
        if let Some(node) = nodes.iter().find(|node| node.is_same_node(&result.loc_uri)) {
            is_news |= state.polling.take(node.last_segment(), result.status, data);
        }
    }
    let Some(session) = state.session.as_ref().filter(|_| is_news) else {
        return;
    };
    state.polling.was_read(session.no, recorder.now);
    if state.polling.is_given_up() && !state.polling.is_unchecked {
        let times = state.polling.repairs;
        recorder.note(format!(
            "the polling schedule is off after {times} repairs: it is shown and not repaired again"
        ));
    }
}

/// Queues the read or the repair, where one is due; it goes in this session.
pub(super) fn queue(
    state: &mut DeviceState,
    record: &DeviceRecord,
    request: &Request<'_>,
    begins: bool,
    bodies: &mut Bodies<'_>,
    recorder: &mut EventRecorder,
) -> Option<(CommandSeq, CommandBody)> {
    let is_watched = request.schedule_age.is_some() && record.family != Family::Windows81;
    if !is_watched || !has_room(state) {
        return None;
    }
    let body = next(state, record, request, begins, bodies, recorder)?;
    match body.options.purpose {
        Some(ServerPurpose::PollRepair) => state.polling.is_repaired(recorder.now),
        _ => (state.polling.asked_at, state.polling.is_unchecked) = (Some(recorder.now), false),
    }
    let seq = open_own(state, &body, record, bodies);
    Some((seq, body))
}

/// A repair follows only what was read in the same session.
fn next(
    state: &DeviceState,
    record: &DeviceRecord,
    request: &Request<'_>,
    begins: bool,
    bodies: &Bodies<'_>,
    recorder: &EventRecorder,
) -> Option<CommandBody> {
    let (polling, now) = (&state.polling, recorder.now);
    let is_old = polling.is_unchecked || begins && polling.is_read_due(now);
    let wants_repair = request.repairs_polling && polling.is_repair_due(now);
    if !is_old && !wants_repair {
        return None;
    }
    let provider_id = request.push.provider_id();
    let may = |operations: &[Operation]| {
        delivers_in_session(state, record, request.policies, operations, now)
    };
    let repair = dmclient_poll_repair(&provider_id, polling);
    let repairs = wants_repair && !is_being_set(state, &provider_id, bodies) && may(&repair);
    if is_old || begins && repairs {
        let nodes = dmclient_poll_reads(&provider_id).into_iter();
        let gets: Vec<Operation> = nodes.map(Operation::get).collect();
        return may(&gets).then(|| body("inventory_polling", ServerPurpose::PollRead, gets, now));
    }
    let was_read = state.session.as_ref()?.no == polling.read_in;
    let repairs = repairs && was_read;
    repairs.then(|| body("poll_schedule", ServerPurpose::PollRepair, repair, now))
}

/// One of them at a time; where the device is about to go, its schedule is left alone.
fn has_room(state: &DeviceState) -> bool {
    let is_in_the_way = |command: &OpenCommand| {
        let own = [ServerPurpose::PollRead, ServerPurpose::PollRepair];
        let is_own = command
            .options
            .purpose
            .is_some_and(|purpose| own.contains(&purpose));
        command.ends_enrollment() || is_own
    };
    state.open.len() < limits::OPEN_COMMANDS && !state.open.iter().any(is_in_the_way)
}

/// Whether a command at hand sets the schedule already, which somebody else queued.
fn is_being_set(state: &DeviceState, provider_id: &str, bodies: &Bodies<'_>) -> bool {
    let poll = dmclient_poll_node(provider_id);
    let mut open = state.open.iter().filter_map(|open| bodies.get(open.seq));
    open.any(|body| {
        body.operations
            .iter()
            .any(|operation| sets(operation, &poll))
    })
}

fn sets(operation: &Operation, poll: &LocUri) -> bool {
    match operation {
        Operation::Node { verb, loc_uri, .. } => *verb != Verb::Get && loc_uri.is_below(poll),
        Operation::Group(_, children) => children.iter().any(|child| sets(child, poll)),
    }
}

fn body(
    name: &str,
    purpose: ServerPurpose,
    operations: Vec<Operation>,
    now: Timestamp,
) -> CommandBody {
    let lenient = match purpose {
        ServerPurpose::PollRead => Lenient::Always,
        _ => Lenient::Never,
    };
    let options = ExecutionOptions {
        lenient,
        purpose: Some(purpose),
        ..ExecutionOptions::default()
    };
    CommandBody {
        priority: PRIORITY,
        expires_at: Some(now.plus_ms(DAY_MS)),
        options,
        ..CommandBody::new(name, "server", now, operations)
    }
}
