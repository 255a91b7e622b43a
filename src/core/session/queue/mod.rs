//! API writes on a device's queue, as pure functions of the device as it stands.

mod opening;
mod supersede;
mod withdraw;

pub(crate) use super::settle::gone_at;
pub use super::settle::state_at;
pub use opening::leaves_of;
pub(super) use opening::{open_own, unknown_of};
pub use withdraw::{cancel, retry};

use super::event_recorder::EventRecorder;
use crate::change::{DeviceChange, Refusal};
use crate::command::{CommandBody, OpenCommand};
use crate::device::outbox;
use crate::device::{Device, DeviceState};
use crate::event::{Event, EventType};
use crate::fields::{FieldError, quoted};
use crate::ids::CommandSeq;
use crate::limits;
use opening::opened;
use supersede::supersede;

/// Queues a command: the change, and the number that it gets.
/// Refused where the queue is full, where no reply could hold it, where the
/// device is unenrolled, and where a command that it waits for is not open.
pub fn queue(device: &Device, body: CommandBody) -> Result<(DeviceChange, CommandSeq), Refusal> {
    let now = body.queued_at;
    if let Some(at) = device.state.unenrolled_at.or(gone_at(&device.state, now)) {
        return Err(Refusal::Conflict(format!(
            "the device is unenrolled since {at}: its queue is closed until it begins a session again"
        )));
    }
    let mut state = device.state.clone();
    let seq = CommandSeq(state.next_command.max(1));
    check_bound(device, &body)?;
    let mut open = opened(&state, seq, &body, device.client_id());
    check_size(open.bytes as usize)?;
    check_after(&state, &open)?;
    let mut recorder = EventRecorder::new(now);
    let superseded = supersede(&mut state, &mut open, now, &mut recorder);
    if state.open.len() >= limits::OPEN_COMMANDS {
        return Err(Refusal::Conflict(format!(
            "the device has {} open commands, the most that it may have; cancel some or wait",
            limits::OPEN_COMMANDS
        )));
    }
    let event = |what| Event::new(now, body.actor.clone(), Some(device.id), what);
    let mut events = vec![event(EventType::CommandQueued).queued(&open, &body)];
    for (old, kind) in &superseded {
        let detail = format!("superseded by command {}", seq.0);
        let cancelled = event(EventType::CommandCancelled).command(old.0, *kind);
        events.push(cancelled.detail(detail));
    }
    let wakes = body.options.urgent
        && body.not_before.is_none_or(|at| at <= now)
        && outbox::helps(device.record.family, open.kind());
    state.next_command = seq.0 + 1;
    state.open.push(open);
    if wakes {
        let why = format!("command {} is urgent", seq.0);
        let request = outbox::request_wake_for(&mut state, &why, now);
        events.push(request.event(&body.actor, device.id, now));
    }
    let change = DeviceChange {
        queued: vec![(seq, body)],
        parts: recorder.parts,
        events,
        only_queues: superseded.is_empty() && !wakes,
        ..DeviceChange::new(device, state)
    };
    Ok((change, seq))
}

/// The key of MDM_Client may be one that cannot stand in a LocURI.
fn check_bound(device: &Device, body: &CommandBody) -> Result<(), Refusal> {
    let bound = body.bound(device.client_id());
    let mut nodes = bound.placed().into_iter();
    match nodes.find_map(|element| element.loc_uri?.key_fault()) {
        Some(fault) => Err(Refusal::Field(FieldError::new(
            "device_client_id",
            fault.expected(),
            quoted(device.client_id()),
        ))),
        None => Ok(()),
    }
}

fn check_size(bytes: usize) -> Result<(), Refusal> {
    let most = limits::REPLY_BYTES - limits::REPLY_BYTES_LEAST;
    if bytes > most {
        return Err(Refusal::Limit(format!(
            "the command takes {bytes} bytes on the wire; a reply has room for {most}"
        )));
    }
    Ok(())
}

/// Refuses a portal's command where the rest of the queue is left to those who manage
/// the device.
///
/// # Errors
/// The device has too many open commands.
pub fn check_portal_room(device: &Device) -> Result<(), Refusal> {
    let count = device.state.open.len();
    if count < limits::PORTAL_COMMANDS {
        return Ok(());
    }
    let why = format!("the device has {count} open commands; a portal queues no more");
    Err(Refusal::Conflict(why))
}

fn check_after(state: &DeviceState, open: &OpenCommand) -> Result<(), Refusal> {
    match open
        .options
        .after
        .iter()
        .find(|&&seq| state.open(seq).is_none())
    {
        Some(seq) => Err(Refusal::Conflict(format!(
            "after: command {} of this device is not open any more; look at how it ended and queue again",
            seq.0
        ))),
        None => Ok(()),
    }
}
