//! `/enrollments` and `/enrollment-tokens`.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::{text, word};
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, page};
use crate::app::Listed;
use crate::app::enrollments::{self, NewEnrollmentToken};
use crate::app::input::Time;
use crate::app::word::Word;
use crate::enrollment::MadeToken;
use crate::http::problem::Problem;
use modegate_core::context::Family;
use modegate_core::enrollment::{
    DeviceEnrollment, EnrollmentState, EnrollmentToken, EnrollmentTokenId, Phase, TokenState,
};
use modegate_core::ids::{DeviceId, EnrollmentId};
use modegate_store::enrollment::EnrollmentFilter;

/// A one-time token by which a device enrolls: never its text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EnrollmentToken", extend("required" = ["id", "user", "expires_at"]))]
pub(super) struct EnrollmentTokenView {
    id: String,
    /// Whose device it enrolls.
    user: String,
    /// The family of the device; null for any.
    family: Option<Word<Family>>,
    /// Groups that the device gets, besides those of the rules.
    groups: Vec<String>,
    created_at: Time,
    created_by: String,
    /// From when on it is not taken any more.
    expires_at: Time,
    /// The enrollment that it was used for.
    enrollment: Option<String>,
    /// When it was withdrawn.
    withdrawn_at: Option<Time>,
}

impl From<&EnrollmentToken> for EnrollmentTokenView {
    fn from(token: &EnrollmentToken) -> Self {
        let (enrollment, withdrawn_at) = match token.state {
            TokenState::Unused => (None, None),
            TokenState::Bound(_, _, enrollment) => (Some(enrollment.to_string()), None),
            TokenState::Withdrawn(at) => (None, Some(Time(at))),
        };
        EnrollmentTokenView {
            id: token.id.to_string(),
            user: token.user.clone(),
            family: token.family.map(Word),
            groups: token.groups.clone(),
            created_at: Time(token.made_at),
            created_by: token.made_by.clone(),
            expires_at: Time(token.expires_at),
            enrollment,
            withdrawn_at,
        }
    }
}

/// A token that was just made, with its text: here and never again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "CreatedEnrollmentToken",
    extend("required" = ["id", "user", "expires_at", "token"])
)]
pub(super) struct CreatedEnrollmentTokenView {
    #[serde(flatten)]
    of: EnrollmentTokenView,
    /// What the device sends.
    token: String,
}

/// A certificate that was issued in an enrollment.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct IssuedCertificateView {
    sha256: String,
    serial: String,
    not_before: Time,
    not_after: Time,
    /// When the device first used it.
    first_seen_at: Option<Time>,
    /// Since when it proves nothing any more.
    superseded_at: Option<Time>,
}

/// What a device said of itself as it enrolled: proved by nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ClaimView {
    name: String,
    value: String,
}

/// An enrollment.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Enrollment", extend("required" = ["id", "device", "family", "user", "state"]))]
pub(super) struct EnrollmentView {
    id: String,
    device: String,
    family: Word<Family>,
    user: String,
    state: Word<Phase>,
    created_at: Time,
    created_by: String,
    /// The token that it was made by.
    token: String,
    /// The rule that allowed it.
    rule: Option<String>,
    certificates: Vec<IssuedCertificateView>,
    /// Since when it is in conflict: the device named itself as another one that is registered.
    conflict_since: Option<Time>,
    ended_at: Option<Time>,
    claims: Vec<ClaimView>,
}

impl From<&DeviceEnrollment> for EnrollmentView {
    fn from(one: &DeviceEnrollment) -> Self {
        let certificates = one.certificates.iter();
        let certificates = certificates.map(|certificate| IssuedCertificateView {
            sha256: certificate.digest.to_string(),
            serial: certificate.serial.clone(),
            not_before: Time(certificate.not_before),
            not_after: Time(certificate.not_after),
            first_seen_at: certificate.first_seen.map(Time),
            superseded_at: certificate.superseded_at.map(Time),
        });
        let claims = one.claims.all().iter().map(|(name, value)| ClaimView {
            name: name.clone(),
            value: value.clone(),
        });
        let ended_at = match one.state {
            EnrollmentState::Ended(end) => Some(Time(end.at)),
            _ => None,
        };
        EnrollmentView {
            id: one.id.to_string(),
            device: one.device.to_string(),
            family: Word(one.family),
            user: one.user.clone(),
            state: Word(one.phase()),
            created_at: Time(one.made_at),
            created_by: one.made_by.clone(),
            token: one.token.to_string(),
            rule: one.rule.clone(),
            certificates: certificates.collect(),
            conflict_since: one.conflict.map(|conflict| Time(conflict.at)),
            ended_at,
            claims: claims.collect(),
        }
    }
}

/// Which enrollments to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    state: Option<String>,
    user: Option<String>,
    device: Option<String>,
}

impl FilterQuery {
    fn filter(self) -> Result<EnrollmentFilter, Problem> {
        let device = text(self.device);
        let read = |id: String| {
            let found = modegate_core::fields::quoted(&id);
            let read = id.parse::<DeviceId>();
            read.map_err(|_| Problem::field("device", "the id of a device", found))
        };
        Ok(EnrollmentFilter {
            phase: word("state", text(self.state).as_deref())?,
            in_conflict: false,
            device: device.map(read).transpose()?,
            user: text(self.user),
        })
    }
}

/// `POST /enrollment-tokens`.
pub(super) async fn make_token(
    caller: Caller,
    Body(new): Body<NewEnrollmentToken>,
) -> HandlerResult {
    let render = |made: &MadeToken| {
        let view = CreatedEnrollmentTokenView {
            of: EnrollmentTokenView::from(&made.token),
            token: made.text.reveal().to_owned(),
        };
        ApiResponse::created(format!("/api/v1/enrollment-tokens/{}", view.of.id), &view)
    };
    caller
        .write(render, async |app, by, options| {
            enrollments::make_token(app, by, new, options).await
        })
        .await
}

/// `GET /enrollment-tokens`.
pub(super) async fn list_tokens(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let page_wanted = paging.page()?;
            let place = (
                page_wanted.after.unwrap_or(i64::MAX as u64),
                page_wanted.limit,
            );
            let found = enrollments::tokens(caller.app(), caller.by(), place).await?;
            let listed = Listed::from_page(found, place.1, |(number, _)| *number);
            Ok(page(listed, |(_, token)| EnrollmentTokenView::from(&token)))
        })
        .await
}

/// `DELETE /enrollment-tokens/{id}`.
pub(super) async fn withdraw_token(caller: Caller, Id(id): Id<EnrollmentTokenId>) -> HandlerResult {
    caller
        .delete(async |app, by, options| enrollments::withdraw(app, by, id, options).await)
        .await
}

/// `GET /enrollments`.
pub(super) async fn list(
    caller: Caller,
    paging: web::Query<Paging>,
    filter: web::Query<FilterQuery>,
) -> HandlerResult {
    let filter = filter.into_inner().filter()?;
    caller
        .read(move |caller| async move {
            let wanted = paging.page()?;
            let place = (wanted.after.unwrap_or(i64::MAX as u64), wanted.limit);
            let found = enrollments::list(caller.app(), caller.by(), filter, place).await;
            let (items, next) = found?;
            let listed = Listed { items, next };
            Ok(page(listed, |(_, one)| EnrollmentView::from(&one)))
        })
        .await
}

/// `GET /enrollments/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<EnrollmentId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let (one, _) = enrollments::show(caller.app(), caller.by(), id).await?;
            Ok(ApiResponse::ok(&EnrollmentView::from(&one)))
        })
        .await
}

/// `POST /enrollments/{id}/release`.
pub(super) async fn release(caller: Caller, Id(id): Id<EnrollmentId>) -> HandlerResult {
    let render = |one: &DeviceEnrollment| ApiResponse::ok(&EnrollmentView::from(one));
    caller
        .write(render, async |app, by, options| {
            enrollments::release(app, by, id, options).await
        })
        .await
}

/// `POST /enrollments/{id}/revoke`.
pub(super) async fn revoke(caller: Caller, Id(id): Id<EnrollmentId>) -> HandlerResult {
    let render = |one: &DeviceEnrollment| ApiResponse::ok(&EnrollmentView::from(one));
    caller
        .write(render, async |app, by, options| {
            enrollments::revoke(app, by, id, options).await
        })
        .await
}
