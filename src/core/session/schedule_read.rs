//! The inventory that the server reads of its own accord: a Windows 8.1 device's zone,
//! the hour of its nightly maintenance and when it started, by which triggers are
//! told apart and forecasts name the hour.

use super::Request;
use super::availability::delivers_in_session;
use super::bodies::Bodies;
use super::event_recorder::EventRecorder;
use super::queue::open_own;
use crate::activity::needs_impersonation;
use crate::command::{
    CommandBody, CommandState, ExecutionOptions, Lenient, OpenCommand, Operation, ServerPurpose,
};
use crate::context::{Family, Mode};
use crate::device::{DeviceRecord, DeviceState};
use crate::ids::CommandSeq;
use crate::limits;
use crate::loc_uri::LocUri;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// In the night it is asked at most so often when the device started, milliseconds.
const NIGHT_AGE_MS: i64 = 30 * 60 * 1000;
/// It goes behind all that somebody asked for.
const PRIORITY: i32 = i32::MIN;
/// Gets that the walk of its classes may lead to.
const WALK: u16 = 64;

/// Queues the read where it is due; it goes in this session.
pub(super) fn queue(
    state: &mut DeviceState,
    record: &DeviceRecord,
    request: &Request<'_>,
    begins: bool,
    bodies: &mut Bodies<'_>,
    recorder: &EventRecorder,
) -> Option<(CommandSeq, CommandBody)> {
    let walks = is_to_walk(state, request);
    let due = walks || is_due(state, request, begins) || is_needed_to_compare(state, request);
    if record.family != Family::Windows81 || !due || !has_room(state) {
        return None;
    }
    let body = body(walks, recorder);
    if !delivers_in_session(
        state,
        record,
        request.policies,
        &body.operations,
        recorder.now,
    ) {
        return None;
    }
    if walks {
        state.activity.session.walked = true;
    } else {
        state.activity.asked_at = Some(recorder.now);
    }
    let seq = open_own(state, &body, record, bodies);
    Some((seq, body))
}

/// A session in which it can be told what began it, and the plan is unknown or too old;
/// or a session in which all depends on when the device started.
fn is_due(state: &DeviceState, request: &Request<'_>, begins: bool) -> bool {
    let (Some(age), true) = (request.schedule_age, begins) else {
        return false;
    };
    let activity = &state.activity;
    let latest = activity.asked_at.max(activity.plan.read_at);
    let is_older = |age| latest.is_none_or(|at| !(0..age).contains(&request.now.ms_since(at)));
    match request.query.mode {
        Mode::Machine if activity.plan.is_nightly(request.now) == Some(true) => {
            is_older(age.min(NIGHT_AGE_MS))
        }
        // With what needs the user goes something that does not, to compare.
        Mode::Maintenance if state.open.iter().any(needs_user) => true,
        Mode::Machine | Mode::Maintenance => is_older(age),
        Mode::Apps | Mode::Unspecified => false,
    }
}

/// Whether it waits to be done as the user.
fn needs_user(command: &OpenCommand) -> bool {
    let waits = command.state == CommandState::Queued && command.options.purpose.is_none();
    waits && command.leaves.iter().any(needs_impersonation)
}

/// Something that needs the user failed, and nothing else was tried in this session: the
/// answer to this read tells an interactive run from a device that does nothing at all.
fn is_needed_to_compare(state: &DeviceState, request: &Request<'_>) -> bool {
    let evidence = state.activity.session.evidence;
    request.schedule_age.is_some() && evidence.lacks_a_comparison() && !was_asked(state)
}

/// The device was asked in this session and has not told its zone.
fn is_to_walk(state: &DeviceState, request: &Request<'_>) -> bool {
    let activity = &state.activity;
    let told = activity.plan.read_at >= activity.asked_at;
    request.schedule_age.is_some() && was_asked(state) && !told && !activity.session.walked
}

fn was_asked(state: &DeviceState) -> bool {
    state.activity.asked_at >= Some(state.activity.session.began_at)
}

/// Where the device is about to go, it is not asked what it will do.
fn has_room(state: &DeviceState) -> bool {
    let is_in_the_way = |command: &OpenCommand| {
        command.ends_enrollment() || command.options.purpose == Some(ServerPurpose::Schedule)
    };
    state.open.len() < limits::OPEN_COMMANDS && !state.open.iter().any(is_in_the_way)
}

/// The properties at their documented addresses; where the zone was not found there, what
/// the classes name.
fn body(walks: bool, recorder: &EventRecorder) -> CommandBody {
    let nodes = if walks { classes() } else { properties() };
    let options = ExecutionOptions {
        lenient: Lenient::Always,
        walk: if walks { WALK } else { 0 },
        purpose: Some(ServerPurpose::Schedule),
        ..ExecutionOptions::default()
    };
    CommandBody {
        priority: PRIORITY,
        expires_at: Some(recorder.now.plus_ms(DAY_MS)),
        options,
        ..CommandBody::new(
            "inventory_schedule",
            "server",
            recorder.now,
            nodes.into_iter().map(Operation::get).collect(),
        )
    }
}

fn properties() -> Vec<LocUri> {
    let system = LocUri::class("Win32_OperatingSystem").child("Win32_OperatingSystem=@");
    let key = [("Key", "1")];
    let security = LocUri::instance("MDM_SecurityStatus", key.into_iter());
    vec![
        system.below("CurrentTimeZone"),
        system.below("LastBootUpTime"),
        security.below("MaintenanceScheduleStartHour"),
        security.below("MaintenanceScheduleDelayPattern"),
    ]
}

fn classes() -> Vec<LocUri> {
    let classes = [
        "Win32_OperatingSystem",
        "Win32_TimeZone",
        "MDM_SecurityStatus",
    ];
    classes.map(LocUri::class).to_vec()
}
