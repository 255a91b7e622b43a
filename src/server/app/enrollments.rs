//! Enrollments, as operators see them: list them, release one that is in conflict, revoke one,
//! and withdraw a token.

use super::input::{Integer, Line, Lines, input};
use super::word::Word;
use super::{App, AppError, Principal, WriteOptions};
use crate::enrollment::{EnrollmentError, MadeToken, WantedToken};
use modegate_core::change::Refusal;
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::enrollment::{
    DeviceEnrollment, EnrollmentChange, EnrollmentToken, EnrollmentTokenId, EnrollmentView,
    TokenOrigin, VALID_MS, release as release_enrollment, revoke as revoke_enrollment,
};
use modegate_core::ids::EnrollmentId;
use modegate_core::limits::{DEVICE_LIST, NAME_BYTES};
use modegate_core::time::Timestamp;
use modegate_store::enrollment::{EnrollmentFilter, EnrollmentKey};

/// Longest that a token is valid, seconds.
const VALID_S: i64 = VALID_MS / 1000;

input! {
    /// A one-time token to make, by which one device enrolls.
    pub(crate) struct NewEnrollmentToken {
        /// Whose device it enrolls.
        pub(crate) user: Line<NAME_BYTES>,
        /// The family of the device. Default: any.
        pub(crate) family: Option<Word<Family>>,
        /// Groups that the device gets, besides those of the rules.
        pub(crate) groups: Option<Lines<DEVICE_LIST, NAME_BYTES>>,
        /// For how many seconds it is taken.
        #[schemars(extend("default" = VALID_S))]
        pub(crate) valid_s: Option<Integer<1, VALID_S>>,
    }
}

/// Makes a one-time token. For who sees all devices: it is of none yet.
pub(crate) async fn make_token(
    app: &App,
    by: &Principal,
    new: NewEnrollmentToken,
    options: WriteOptions<MadeToken>,
) -> Result<MadeToken, AppError> {
    by.unbound()?;
    let wanted = WantedToken {
        user: new.user.0,
        family: new.family.map(|family| family.0),
        groups: new.groups.map(Lines::texts).unwrap_or_default(),
        origin: TokenOrigin::Operator,
        made_by: by.actor(),
        valid_ms: new.valid_s.map_or(VALID_S, |given| given.0) * 1000,
    };
    let made = app.enrolling.service.make_token(wanted, options.keep);
    made.await.map_err(|error| match error {
        EnrollmentError::Field(fault) => fault.into(),
        EnrollmentError::Store(error) => error.into(),
        other => AppError::Conflict(other.to_string()),
    })
}

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
