//! `/push-profiles`: whose channels are used, and the credentials that may push to them.

use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::query::{id, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::push_profiles::{self, NewPushProfile, PushProfileChange};
use crate::app::word::Word;
use crate::http::problem::Problem;
use crate::http::shared::Shared;
use modegate_core::push::profile::{Health, TokenForm};
use modegate_core::push::record::PushProfile;

/// A push profile as the API shows it: never its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "PushProfile",
    extend("required" = ["id", "pfn", "app_id", "token_form", "health"])
)]
pub(super) struct ProfileView {
    id: String,
    pfn: String,
    app_id: String,
    token_form: Word<TokenForm>,
    sid: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    groups: Vec<String>,
    created_at: Time,
    health: Word<Health>,
    may_send: bool,
    reason: Option<String>,
    health_at: Time,
    warning: Option<&'static str>,
}

impl From<&PushProfile> for ProfileView {
    fn from(profile: &PushProfile) -> Self {
        let sid = profile.sid;
        let fits = sid.is_none_or(|sid| sid.belongs_to(&profile.pfn));
        let warning = "this SID is not the one that follows from the PFN: WNS will most likely \
                       answer 403 for every channel";
        ProfileView {
            id: profile.id.simple().to_string(),
            pfn: profile.pfn.as_str().to_owned(),
            app_id: profile.app_id.clone(),
            token_form: Word(profile.form),
            sid: sid.map(|sid| sid.to_string()),
            tenant: profile.tenant.clone(),
            client_id: profile.client_id.clone(),
            groups: profile.groups.clone(),
            created_at: Time(profile.created_at),
            health: Word(profile.health.health),
            may_send: profile.health.may_send(),
            reason: profile.reason.clone(),
            health_at: Time(profile.health_at),
            warning: (!fits).then_some(warning),
        }
    }
}

fn location(profile: &PushProfile) -> String {
    format!("/api/v1/push-profiles/{}", profile.id.simple())
}

fn profile_id(text: &str) -> Result<Uuid, Problem> {
    id(text, "push profile")
}

/// `POST /push-profiles`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let new: NewPushProfile = body(payload).await?;
    let render =
        |profile: &PushProfile| Answer::created(location(profile), &ProfileView::from(profile));
    let write = async |by, options| push_profiles::create(&shared.app, &by, new, options).await;
    caller.write(&shared, render, write).await
}

/// `PATCH /push-profiles/{id}`.
pub(super) async fn change(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = profile_id(&path)?;
    let change: PushProfileChange = body(payload).await?;
    let render = |profile: &PushProfile| Answer::ok(&ProfileView::from(profile));
    let write =
        async |by, options| push_profiles::change(&shared.app, &by, id, change, options).await;
    caller.write(&shared, render, write).await
}

/// `DELETE /push-profiles/{id}`.
pub(super) async fn delete(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = profile_id(&path)?;
    let write = async |by, options| push_profiles::delete(&shared.app, &by, id, options).await;
    caller.write(&shared, |_| Answer::nothing(), write).await
}

/// `POST /push-profiles/{id}/check`: a stopped profile is tried anew.
pub(super) async fn check(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = profile_id(&path)?;
    let render =
        |profile: &PushProfile| Answer::accepted(location(profile), &ProfileView::from(profile));
    let write = async |by, options| push_profiles::try_anew(&shared.app, &by, id, options).await;
    caller.write(&shared, render, write).await
}

/// `GET /push-profiles`: all, since they are few.
pub(super) async fn list(_: Caller, shared: web::Data<Shared>) -> HttpResponse {
    let all = push_profiles::list(&shared.app);
    page(Listed::all(all), |profile| ProfileView::from(&profile))
}

/// `GET /push-profiles/{id}`.
pub(super) async fn one(
    _: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let profile = push_profiles::one(&shared.app, profile_id(&path)?)?;
    Ok(HttpResponse::Ok().json(ProfileView::from(&profile)))
}
