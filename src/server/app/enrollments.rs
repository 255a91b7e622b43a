//! Enrollments, as operators see them: list them, release one that is in conflict, revoke one,
//! and withdraw a token.

use super::{App, AppError, Principal, WriteOptions};
use modegate_core::change::Refusal;
use modegate_core::device::Device;
use modegate_core::enrollment::{
    DeviceEnrollment, EnrollmentChange, EnrollmentToken, EnrollmentTokenId, EnrollmentView,
    release as release_enrollment, revoke as revoke_enrollment,
};
use modegate_core::ids::EnrollmentId;
use modegate_core::time::Timestamp;
use modegate_store::enrollment::{EnrollmentFilter, EnrollmentKey};

/// What decides on an enrollment for somebody.
type Rule = fn(&EnrollmentView, &str, Timestamp) -> Result<EnrollmentChange, Refusal>;

/// Up to `limit` enrollments with numbers below `before` that the caller may see, the newest
/// first, with their numbers; and the number to go on below, where there may be more.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    filter: EnrollmentFilter,
    (before, limit): (u64, usize),
) -> Result<(Vec<(u64, DeviceEnrollment)>, Option<u64>), AppError> {
    let mut found = app.store.enrollments(filter, before, limit).await?;
    let last = found.last().map(|(number, _)| *number);
    let more = last.filter(|_| found.len() == limit);
    if !by.sees_all() {
        let mut seen = Vec::new();
        for (number, one) in found {
            let device = app.store.device(one.device).await?;
            if device.is_some_and(|device| by.may_see(&device)) {
                seen.push((number, one));
            }
        }
        found = seen;
    }
    Ok((found, more))
}

/// One enrollment with its device.
pub(crate) async fn show(
    app: &App,
    by: &Principal,
    id: EnrollmentId,
) -> Result<(DeviceEnrollment, Device), AppError> {
    let view = app.store.enrollment_view(EnrollmentKey::Id(id), None);
    let view = view.await?.ok_or_else(|| AppError::missing("enrollment"))?;
    let device = view.device.filter(|device| by.may_see(device));
    let device = device.ok_or_else(|| AppError::missing("enrollment"))?;
    Ok((view.enrollment, device))
}

/// Gives an enrollment the record of the device that it named itself as. The caller may see
/// both devices.
pub(crate) async fn release(
    app: &App,
    by: &Principal,
    id: EnrollmentId,
    options: WriteOptions<DeviceEnrollment>,
) -> Result<DeviceEnrollment, AppError> {
    alter(app, by, id, release_enrollment, options).await
}

/// Revokes an enrollment.
pub(crate) async fn revoke(
    app: &App,
    by: &Principal,
    id: EnrollmentId,
    options: WriteOptions<DeviceEnrollment>,
) -> Result<DeviceEnrollment, AppError> {
    alter(app, by, id, revoke_enrollment, options).await
}

async fn alter(
    app: &App,
    by: &Principal,
    id: EnrollmentId,
    rule: Rule,
    options: WriteOptions<DeviceEnrollment>,
) -> Result<DeviceEnrollment, AppError> {
    let (by, now) = (by.clone(), app.now());
    let decide = move |view: &EnrollmentView| {
        for device in [&view.device, &view.other].into_iter().flatten() {
            by.covers(device)?;
        }
        rule(view, &by.actor(), now).map(Some)
    };
    let key = EnrollmentKey::Id(id);
    let altered = app
        .store
        .alter_enrollment(key, None, Box::new(decide), options.keep);
    Ok(altered.await?)
}

/// Up to `limit` tokens with numbers below `before`, the newest first, with their numbers. They
/// are of no device yet, so that only who sees all devices sees them.
pub(crate) async fn tokens(
    app: &App,
    by: &Principal,
    (before, limit): (u64, usize),
) -> Result<Vec<(u64, EnrollmentToken)>, AppError> {
    by.unbound()?;
    Ok(app.store.enrollment_tokens(before, limit).await?)
}

/// Withdraws a token before it is used.
pub(crate) async fn withdraw(
    app: &App,
    by: &Principal,
    id: EnrollmentTokenId,
    options: WriteOptions<EnrollmentToken>,
) -> Result<EnrollmentToken, AppError> {
    by.unbound()?;
    let (actor, now) = (by.actor(), app.now());
    let withdraw = move |token: EnrollmentToken| token.withdraw(&actor, now);
    let withdrawn = app
        .store
        .alter_enrollment_token(id, Box::new(withdraw), options.keep);
    Ok(withdrawn.await?)
}
