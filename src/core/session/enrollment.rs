//! The end of an enrollment: the queue is closed, the channel and what the device said of
//! itself are forgotten, and the installs of that enrollment end with it.

use super::closing;
use super::event_recorder::EventRecorder;
use crate::change::DeviceChange;
use crate::command::{CommandState, OpenCommand};
use crate::device::{
    Device, DeviceRecord, DeviceState, EndReason, Enrollment, EnrollmentEnd, EnrollmentEnding,
};
use crate::event::{EnrollmentRecord, Event, EventType, RecordChange};
use crate::ids::DeviceId;
use crate::polling::Polling;
use crate::time::Timestamp;

/// Ends the enrollment of a device that is gone: its queue stays closed until it begins a
/// session again.
pub(super) fn leave(state: &mut DeviceState, reason: EndReason, recorder: &mut EventRecorder) {
    end(state, reason, recorder);
    state.unenrolled_at.get_or_insert(recorder.now);
}

/// Ends the enrollment that a device is in. Nothing of one that has ended already can end.
pub(super) fn end(state: &mut DeviceState, reason: EndReason, recorder: &mut EventRecorder) {
    if state.unenrolled_at.is_some() {
        return;
    }
    for command in &mut state.open {
        if is_done_by(command, reason) {
            recorder.set_state(command, CommandState::Succeeded, reason.words());
        }
    }
    closing::close_finished(state, recorder);
    for command in &mut state.open {
        if !outlives(command, reason) {
            let why = format!("{}: its queue is closed", reason.words());
            recorder.set_state(command, CommandState::Cancelled, why);
        }
    }
    closing::close_finished(state, recorder);
    let last = state.session.as_ref().map(|session| session.no);
    state.enrollment = Enrollment {
        first_command: state.next_command.max(1),
        last_session: last.unwrap_or_default(),
        ended: Some(EnrollmentEnd {
            at: recorder.now,
            reason,
        }),
        client_id: None,
    };
    (state.channel, state.push) = Default::default();
    (state.server_proof, state.manual_at, state.large) = Default::default();
    state.activity.end_enrollment();
    state.polling = Polling::default();
    recorder.ended = Some(reason);
}

/// Whether a command that went out is done, now that this is known.
fn is_done_by(command: &OpenCommand, reason: EndReason) -> bool {
    let ends = match reason {
        EndReason::Reported => command.is_unenroll(),
        EndReason::NewCertificate | EndReason::Requested => command.ends_enrollment(),
        EndReason::Silent | EndReason::Wiped | EndReason::BackAfterWipe | EndReason::Revoked => {
            false
        }
    };
    ends && !command.leases.is_empty()
}

/// Whether a command stays open: a wipe of which nobody knows whether it was done.
fn outlives(command: &OpenCommand, reason: EndReason) -> bool {
    reason == EndReason::BackAfterWipe && command.is_wipe() && is_out(command)
}

/// Whether a command went out, and how it ended is not known.
fn is_out(command: &OpenCommand) -> bool {
    let states = [CommandState::Unconfirmed, CommandState::Accepted];
    states.contains(&command.state) && !command.leases.is_empty()
}

/// A session begins. A device that comes is enrolled; if this is the news that it is not,
/// that follows. If a wipe went out before, what was queued is not for the device that comes
/// now: it may have been wiped, and whoever had it wiped did not mean it to go on.
pub(super) fn came_back(state: &mut DeviceState, recorder: &mut EventRecorder) {
    // An earlier version closed the queue and left the rest.
    if state.unenrolled_at.take().is_some() && state.enrollment.ended.is_none() {
        end(state, EndReason::Reported, recorder);
    }
    let since = state.enrollment.last_session;
    let was_sent = |command: &OpenCommand| {
        let mut leases = command.leases.iter();
        command.is_wipe() && is_out(command) && leases.any(|lease| lease.session > since)
    };
    if state.open.iter().any(was_sent) {
        end(state, EndReason::BackAfterWipe, recorder);
    }
}

/// What follows where a device gives up the certificate that the server issued to it.
pub(super) struct GivenUp {
    /// The record afterwards: the certificate is revoked.
    pub(super) record: DeviceRecord,
    /// The end of the enrollment.
    pub(super) ending: EnrollmentEnding,
    /// What is logged of both.
    pub(super) events: [Event; 2],
}

/// Revokes the certificates of a device whose enrollment ended, where the server issued its
/// certificate and the device has that no more. A device that was never enrolled here keeps
/// what an operator bound.
pub(super) fn give_up(
    device: &Device,
    reason: EndReason,
    actor: &str,
    now: Timestamp,
) -> Option<GivenUp> {
    let mut record = device.record.clone();
    let enrollment = record
        .enrollment
        .filter(|_| reason.gives_up_certificate())?;
    record.enrollment = None;
    record.revoke_all();
    let event = |what| Event::new(now, actor, Some(device.id), what);
    let changed = event(EventType::DeviceChanged)
        .detail(format!("{}: its certificates are revoked", reason.words()))
        .change(RecordChange::between(&device.record, &record));
    let closed = event(EventType::EnrollmentClosed).enrollment(EnrollmentRecord {
        id: Some(enrollment.to_string()),
        reason: Some(reason.words().to_owned()),
        ..EnrollmentRecord::default()
    });
    let end = EnrollmentEnd { at: now, reason };
    Some(GivenUp {
        record,
        ending: EnrollmentEnding { enrollment, end },
        events: [changed, closed],
    })
}

/// Ends the enrollment of a device because of what was said through the API.
pub fn end_enrollment(
    device: &Device,
    reason: EndReason,
    actor: &str,
    now: Timestamp,
) -> DeviceChange {
    let (mut state, mut recorder) = (device.state.clone(), EventRecorder::new(now));
    end(&mut state, reason, &mut recorder);
    ended(device, state, recorder, actor)
}

/// Ends the enrollment of a device that is not to come back by it: its certificate is revoked
/// and its queue stays closed.
pub fn revoke_enrollment(device: &Device, actor: &str, now: Timestamp) -> DeviceChange {
    let (mut state, mut recorder) = (device.state.clone(), EventRecorder::new(now));
    // The latest reply is not repeated to whoever has the certificate.
    state.latest = None;
    leave(&mut state, EndReason::Revoked, &mut recorder);
    let mut change = ended(device, state, recorder, actor);
    if let Some(given_up) = give_up(device, EndReason::Revoked, actor, now) {
        change.events.extend(given_up.events);
        change.ending = Some(given_up.ending);
        change = change.with_record(given_up.record);
    }
    change
}

fn ended(
    device: &Device,
    state: DeviceState,
    recorder: EventRecorder,
    actor: &str,
) -> DeviceChange {
    let now = recorder.now;
    let events = recorder
        .ended
        .map(|reason| event(device.id, reason, actor, now).ending(&recorder.parts));
    DeviceChange {
        parts: recorder.parts,
        events: events.into_iter().collect(),
        ends_enrollment: recorder.ended.is_some(),
        ..DeviceChange::new(device, state)
    }
}

/// What is logged of it.
pub(super) fn event(device: DeviceId, reason: EndReason, actor: &str, now: Timestamp) -> Event {
    let event = Event::new(now, actor, Some(device), EventType::EnrollmentEnded);
    event.detail(reason.words())
}

/// Whether these certificates of a device mean that it was enrolled anew. A renewal is
/// bound beside the certificate that it renews; one that takes the place of all others, or
/// comes while the device is being unenrolled or wiped, is of a new enrollment.
pub fn is_enrolled_anew(device: &Device, after: &crate::device::DeviceRecord) -> bool {
    let before = &device.record;
    let is_new = |digest| !before.certificates.contains(digest);
    let had_any = !before.certificates.is_empty() || before.rotation.none_left;
    let is_leaving = |command: &OpenCommand| command.ends_enrollment() && is_out(command);
    let replaces_all = had_any && after.certificates.iter().all(is_new);
    after.certificates.iter().any(is_new)
        && (replaces_all || device.state.open.iter().any(is_leaving))
}
