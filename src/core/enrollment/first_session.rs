//! What the first session with a certificate changes: a new enrollment's device gets the name
//! that it says, and of a renewed certificate it is known that the device has it.
//!
//! A certificate never moves a device that is enrolled: where the name is that of a device on
//! record, only an operator gives that record to the enrollment, unless the record's own
//! enrollment has ended, the user is the same and the rules allow it.

use super::operate::take_over;
use super::record::EnrollmentState;
use super::{DeviceEnrollment, EnrollmentChange, EnrollmentConflict, EnrollmentView, Phase};
use crate::change::DeviceChange;
use crate::device::{CertificateDigest, Device, DeviceState};
use crate::event::{EnrollmentRecord, Event, EventType, RecordChange};
use crate::fleet::fold;
use crate::ids::Source;
use crate::time::Timestamp;

/// What changes as `digest`, whose key the sender has, comes with that Source; none where
/// nothing does.
pub fn first_session(
    view: &EnrollmentView,
    (digest, source): (CertificateDigest, &Source),
    now: Timestamp,
) -> Option<EnrollmentChange> {
    let (enrollment, device) = (&view.enrollment, view.device.as_ref()?);
    let certificate = enrollment.certificate(digest)?;
    let is_open = certificate.superseded_at.is_none() && now < certificate.not_after;
    let is_bound = device.record.certificates.contains(&digest);
    if !is_open || !is_bound || certificate.first_seen.is_some() {
        return None;
    }
    match enrollment.phase() {
        Phase::Issued => meet(view, device, (digest, source), now),
        Phase::Renewing if device.record.source == *source => {
            Some(confirm(enrollment, device, digest, now))
        }
        Phase::Renewing | Phase::Active | Phase::Ended => None,
    }
}

fn meet(
    view: &EnrollmentView,
    device: &Device,
    (digest, source): (CertificateDigest, &Source),
    now: Timestamp,
) -> Option<EnrollmentChange> {
    let enrollment = &view.enrollment;
    let Some(other) = &view.other else {
        return Some(claim(enrollment, device, (digest, source), now));
    };
    let user = other.record.user.as_deref().map(fold);
    let is_back = enrollment.takes_up_record
        && other.state.unenrolled_at.is_some()
        && user.is_some_and(|user| user == fold(&enrollment.user));
    if is_back {
        let mut change = take_over(view, (device, other), "device", now);
        seen(&mut change.enrollment, digest, now);
        return Some(change);
    }
    let is_known = |conflict: EnrollmentConflict| conflict.device == other.id;
    if enrollment.conflict.is_some_and(is_known) {
        return None;
    }
    let mut after = enrollment.clone();
    after.conflict = Some(EnrollmentConflict {
        device: other.id,
        at: now,
    });
    let event = enrollment.event(
        ("device", Some(device.id)),
        EventType::EnrollmentConflict,
        now,
        EnrollmentRecord {
            other_device: Some(other.id.to_string()),
            certificate_sha256: Some(digest.to_string()),
            ..EnrollmentRecord::default()
        },
    );
    let change = DeviceChange::only_events(device, vec![event]);
    Some(EnrollmentChange::new(after, change))
}

/// The device gets the name that it says, once.
fn claim(
    enrollment: &DeviceEnrollment,
    device: &Device,
    (digest, source): (CertificateDigest, &Source),
    now: Timestamp,
) -> EnrollmentChange {
    let mut after = enrollment.clone();
    seen(&mut after, digest, now);
    let mut record = device.record.clone();
    // Its key of MDM_Client was taken to be its name.
    if record.device_client_id == record.source.0 {
        record.device_client_id.clone_from(&source.0);
    }
    record.source = source.clone();
    let event = |what| Event::new(now, "device", Some(device.id), what);
    let mut events = vec![enrollment.event(
        ("device", Some(device.id)),
        EventType::EnrollmentClaimed,
        now,
        EnrollmentRecord {
            certificate_sha256: Some(digest.to_string()),
            ..EnrollmentRecord::default()
        },
    )];
    if record != device.record {
        let change = RecordChange::between(&device.record, &record);
        let words = "the device said its name in its first session";
        events.push(event(EventType::DeviceChanged).detail(words).change(change));
    }
    let change = DeviceChange::new(device, device.state.clone())
        .with_record(record)
        .with_events(events);
    EnrollmentChange::new(after, change)
}

/// The device has a renewed certificate: those before it prove nothing any more.
fn confirm(
    enrollment: &DeviceEnrollment,
    device: &Device,
    digest: CertificateDigest,
    now: Timestamp,
) -> EnrollmentChange {
    let mut after = enrollment.clone();
    let others: Vec<CertificateDigest> = after
        .certificates
        .iter()
        .filter(|one| one.digest != digest && one.superseded_at.is_none())
        .map(|one| one.digest)
        .collect();
    after.supersede(&others, now);
    seen(&mut after, digest, now);
    let mut record = device.record.clone();
    for other in others {
        record.supersede(other);
    }
    let event = Event::new(now, "device", Some(device.id), EventType::DeviceChanged)
        .detail("the device uses its renewed certificate: the one before is revoked")
        .change(RecordChange::between(&device.record, &record));
    // The latest reply is not repeated to whoever has the old certificate.
    let state = DeviceState {
        latest: None,
        ..device.state.clone()
    };
    let change = DeviceChange::new(device, state)
        .with_record(record)
        .with_events(vec![event]);
    EnrollmentChange::new(after, change)
}

fn seen(enrollment: &mut DeviceEnrollment, digest: CertificateDigest, now: Timestamp) {
    for one in &mut enrollment.certificates {
        if one.digest == digest {
            one.first_seen = Some(now);
        }
    }
    enrollment.state = EnrollmentState::Active;
    (enrollment.conflict, enrollment.answer) = (None, None);
}
