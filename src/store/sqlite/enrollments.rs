//! Decisions on enrollments, each written with the change of its device in one transaction.

use rusqlite::Connection;

use super::enrollment_rows::{self, find, of_key, of_user};
use super::rows::{self, Key};
use super::{changes, enrollment_tokens, events, registry};
use crate::StoreError;
use crate::enrollment::{DecideEnrollment, DecideIssue, DecideRenewal, EnrollmentKey};
use crate::seal::Keys;
use modegate_core::change::DeviceChange;
use modegate_core::enrollment::{
    DeviceEnrollment, EnrollmentChange, EnrollmentView, IssueStep, IssueView, KeyDigest,
    NewEnrollment, RenewalStep, TokenDigest, TokenState,
};
use modegate_core::ids::Source;
use modegate_core::time::Timestamp;

pub(super) fn issue_view(
    db: &Connection,
    keys: &Keys,
    (digest, key, now): (TokenDigest, KeyDigest, Timestamp),
) -> Result<IssueView, StoreError> {
    let Some((_, token)) = enrollment_tokens::by_digest(db, keys, digest)? else {
        return Ok(IssueView::default());
    };
    let made = match token.state {
        TokenState::Bound(_, _, id) => find(db, keys, EnrollmentKey::Id(id))?,
        TokenState::Unused | TokenState::Withdrawn(_) => None,
    };
    Ok(IssueView {
        devices_of_user: of_user(db, keys, &token.user, now)?,
        token: Some(token),
        made: made.map(|(_, made)| made),
        of_key: of_key(db, key)?,
    })
}

pub(super) fn issue(
    db: &Connection,
    keys: &Keys,
    about: (TokenDigest, KeyDigest, Timestamp),
    decide: DecideIssue,
) -> Result<IssueStep, StoreError> {
    let step = decide(&issue_view(db, keys, about)?);
    match &step {
        IssueStep::Write(new) => insert(db, keys, new)?,
        IssueStep::Refuse(_, Some(record)) => {
            let (token, event) = &**record;
            enrollment_tokens::update(db, keys, token)?;
            events::log(db, &mut [event.clone()])?;
        }
        IssueStep::Refuse(_, None) | IssueStep::Repeat(_) | IssueStep::Sign(_) => {}
    }
    Ok(step)
}

fn insert(db: &Connection, keys: &Keys, new: &NewEnrollment) -> Result<(), StoreError> {
    let enrollment = &new.enrollment;
    let registered = new.registered.clone();
    registry::register(db, keys, enrollment.device, &new.record, registered)?;
    let device = rows::known_device(db, keys, enrollment.device)?;
    let issued = DeviceChange::only_events(&device, vec![new.issued.clone()]);
    changes::apply(db, keys, issued)?;
    let number = rows::count_and_last(db, "enrollment")?.1 + 1;
    enrollment_rows::put(db, keys, (number, device.number), enrollment)?;
    enrollment_tokens::update(db, keys, &new.token)
}

/// What a decision on the enrollment with that number sees.
fn view_of(
    db: &Connection,
    keys: &Keys,
    enrollment: DeviceEnrollment,
    source: Option<&Source>,
) -> Result<EnrollmentView, StoreError> {
    let device = rows::device(db, keys, &Key::Id(enrollment.device))?;
    let other = match (source, enrollment.conflict) {
        (Some(source), _) => rows::device(db, keys, &Key::Source(&source.0))?,
        (None, Some(conflict)) => rows::device(db, keys, &Key::Id(conflict.device))?,
        (None, None) => None,
    };
    let other = other.filter(|other| other.id != enrollment.device);
    let of_other = match &other {
        Some(other) => enrollment_rows::open_of(db, keys, other.number)?,
        None => Vec::new(),
    };
    Ok(EnrollmentView {
        enrollment,
        device,
        other,
        of_other: of_other.into_iter().map(|(_, one)| one).collect(),
    })
}

pub(super) fn view(
    db: &Connection,
    keys: &Keys,
    key: EnrollmentKey,
    source: Option<&Source>,
) -> Result<Option<EnrollmentView>, StoreError> {
    let found = find(db, keys, key)?;
    found
        .map(|(_, enrollment)| view_of(db, keys, enrollment, source))
        .transpose()
}

pub(super) fn alter(
    db: &Connection,
    keys: &Keys,
    (key, source): (EnrollmentKey, Option<&Source>),
    decide: DecideEnrollment,
) -> Result<DeviceEnrollment, StoreError> {
    let found = find(db, keys, key)?;
    let (_, enrollment) = found.ok_or_else(|| StoreError::missing("enrollment"))?;
    let view = view_of(db, keys, enrollment, source)?;
    match decide(&view)? {
        Some(change) => write(db, keys, &view, change),
        None => Ok(view.enrollment),
    }
}

pub(super) fn renew(
    db: &Connection,
    keys: &Keys,
    (key, public_key): (EnrollmentKey, KeyDigest),
    decide: DecideRenewal,
) -> Result<RenewalStep, StoreError> {
    let found = find(db, keys, key)?;
    let (_, enrollment) = found.ok_or_else(|| StoreError::missing("enrollment"))?;
    let view = view_of(db, keys, enrollment, None)?;
    let step = decide(&view, of_key(db, public_key)?);
    let RenewalStep::Write(change) = step else {
        return Ok(step);
    };
    let written = write(db, keys, &view, *change)?;
    let answer = written.answer;
    answer
        .map(RenewalStep::Repeat)
        .ok_or_else(|| StoreError::missing("answer"))
}

/// Writes what was decided on an enrollment. The enrollment afterwards.
fn write(
    db: &Connection,
    keys: &Keys,
    view: &EnrollmentView,
    change: EnrollmentChange,
) -> Result<DeviceEnrollment, StoreError> {
    for change in [change.device, change.other].into_iter().flatten() {
        changes::apply(db, keys, change)?;
    }
    for one in change.ended.iter().chain([&change.enrollment]) {
        enrollment_rows::update(db, keys, one)?;
    }
    if let (Some(event), Some(device)) = (change.retire, &view.device) {
        // The device has a reply or a log that is newer by now; its name and number are not.
        let device = rows::known_device(db, keys, device.id)?;
        registry::retire(db, keys, &device, event)?;
    }
    Ok(change.enrollment)
}
