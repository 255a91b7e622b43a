//! What operators do with an enrollment: give it the record of the device that it is in
//! conflict with, or revoke it.

use super::issue::joined;
use super::{DeviceEnrollment, EnrollmentChange, EnrollmentView, Phase};
use crate::change::DeviceChange;
use crate::device::{Device, DeviceRecord, DeviceState, EndReason, EnrollmentEnd};
use crate::event::{EnrollmentRecord, Event, EventType, RecordChange};
use crate::refusal::Refusal;
use crate::session::{end_enrollment, revoke_enrollment};
use crate::time::Timestamp;

/// Gives an enrollment the record of the device that it named itself as, for `actor`.
///
/// # Errors
/// It is in no conflict, or one of the two devices is there no more.
pub fn release(
    view: &EnrollmentView,
    actor: &str,
    now: Timestamp,
) -> Result<EnrollmentChange, Refusal> {
    let conflict = |why: &str| Refusal::Conflict(why.to_owned());
    let enrollment = &view.enrollment;
    if enrollment.phase() != Phase::Issued || enrollment.conflict.is_none() {
        return Err(conflict(
            "the enrollment is in no conflict: the device named itself as no other one",
        ));
    }
    let (Some(device), Some(other)) = (&view.device, &view.other) else {
        return Err(conflict(
            "the device that the enrolled one named itself as is retired: it is enrolled as itself in its next session",
        ));
    };
    Ok(take_over(view, (device, other), actor, now))
}

/// The other device goes on as the enrolled one: with its certificate and its secrets, under
/// its own id. What belonged to its enrollment before ends.
pub(super) fn take_over(
    view: &EnrollmentView,
    (device, other): (&Device, &Device),
    actor: &str,
    now: Timestamp,
) -> EnrollmentChange {
    let mut after = view.enrollment.clone();
    after.device = other.id;
    after.conflict = None;
    let record = taken_over(&device.record, &other.record);
    let more = |device: &Device| EnrollmentRecord {
        other_device: Some(device.id.to_string()),
        ..EnrollmentRecord::default()
    };
    let about = (actor, Some(other.id));
    let released = view
        .enrollment
        .event(about, EventType::EnrollmentReleased, now, more(device));
    let changed = Event::new(now, actor, Some(other.id), EventType::DeviceChanged)
        .detail("the device was enrolled anew: it has the certificate of that enrollment")
        .change(RecordChange::between(&other.record, &record));
    let state = DeviceState {
        latest: None,
        ..other.state.clone()
    };
    let anew = Device {
        state: state.clone(),
        ..other.clone()
    };
    let end = EnrollmentEnd {
        at: now,
        reason: EndReason::NewCertificate,
    };
    let mut events = vec![released, changed];
    let ended = view.of_other.iter().map(|one| {
        let mut ended = one.clone();
        ended.end(end);
        let words = end.reason.words().to_owned();
        let more = EnrollmentRecord {
            reason: Some(words),
            ..EnrollmentRecord::default()
        };
        events.push(one.event(about, EventType::EnrollmentClosed, now, more));
        ended
    });
    let ended: Vec<DeviceEnrollment> = ended.collect();
    let change = DeviceChange::new(other, state)
        .with_record(record)
        .with_events(events)
        .then(end_enrollment(&anew, end.reason, actor, now));
    EnrollmentChange {
        enrollment: after,
        device: None,
        other: Some(change),
        retire: Some(Event::new(
            now,
            actor,
            Some(device.id),
            EventType::DeviceRetired,
        )),
        ended,
    }
}

/// The record of a device that is enrolled anew as `anew` says.
fn taken_over(anew: &DeviceRecord, before: &DeviceRecord) -> DeviceRecord {
    let mut record = before.clone();
    record.revoke_all();
    record.certificates.clone_from(&anew.certificates);
    record.rotation.notes.clone_from(&anew.rotation.notes);
    record.rotation.none_left = false;
    record.family = anew.family;
    record.user.clone_from(&anew.user);
    record.groups = joined(&before.groups, &anew.groups);
    record.credentials.clone_from(&anew.credentials);
    record.server_password.clone_from(&anew.server_password);
    record.enrollment = anew.enrollment;
    record
}

/// Revokes an enrollment for `actor`: its certificates prove nothing any more, and what
/// belonged to it ends.
///
/// # Errors
/// It has ended already.
pub fn revoke(
    view: &EnrollmentView,
    actor: &str,
    now: Timestamp,
) -> Result<EnrollmentChange, Refusal> {
    let mut after = view.enrollment.clone();
    if after.phase() == Phase::Ended {
        let why = "the enrollment has ended already";
        return Err(Refusal::Conflict(why.to_owned()));
    }
    let reason = EndReason::Revoked;
    after.end(EnrollmentEnd { at: now, reason });
    let device = view.device.as_ref().map(|device| {
        let about = (actor, Some(device.id));
        let more = EnrollmentRecord::default();
        let revoked = after.event(about, EventType::EnrollmentRevoked, now, more);
        let mut change = revoke_enrollment(device, actor, now);
        change.events.insert(0, revoked);
        // The enrollment is written with this change.
        change.ending = None;
        change
    });
    Ok(EnrollmentChange {
        enrollment: after,
        device,
        other: None,
        retire: None,
        ended: Vec::new(),
    })
}
