//! `/push-profiles`: whose channels are used, and the credentials that may push to them.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, ok, page};
use crate::app::input::Time;
use crate::app::push_profiles::{self, NewPushProfile, PushProfileChange};
use crate::app::word::Word;
use crate::app::{Listed, Principal};
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

impl ProfileView {
    /// The profile as this caller may see it.
    fn new(profile: &PushProfile, by: &Principal) -> Self {
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
            groups: by.known_groups(&profile.groups),
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

/// `POST /push-profiles`.
pub(super) async fn create(caller: Caller, Body(new): Body<NewPushProfile>) -> HandlerResult {
    let by = caller.principal.clone();
    let render = move |profile: &PushProfile| {
        ApiResponse::created(location(profile), &ProfileView::new(profile, &by))
    };
    caller
        .write(render, async |app, by, options| {
            push_profiles::create(app, by, new, options).await
        })
        .await
}

/// `PATCH /push-profiles/{id}`.
pub(super) async fn change(
    caller: Caller,
    Id(id): Id<Uuid>,
    Body(change): Body<PushProfileChange>,
) -> HandlerResult {
    let by = caller.principal.clone();
    let render = move |profile: &PushProfile| ApiResponse::ok(&ProfileView::new(profile, &by));
    caller
        .write(render, async |app, by, options| {
            push_profiles::change(app, by, id, change, options).await
        })
        .await
}

/// `DELETE /push-profiles/{id}`.
pub(super) async fn delete(caller: Caller, Id(id): Id<Uuid>) -> HandlerResult {
    caller
        .delete(async |app, by, options| push_profiles::delete(app, by, id, options).await)
        .await
}

/// `POST /push-profiles/{id}/check`: a stopped profile is tried anew.
pub(super) async fn check(caller: Caller, Id(id): Id<Uuid>) -> HandlerResult {
    let by = caller.principal.clone();
    let render = move |profile: &PushProfile| {
        ApiResponse::accepted(location(profile), &ProfileView::new(profile, &by))
    };
    caller
        .write(render, async |app, by, options| {
            push_profiles::try_anew(app, by, id, options).await
        })
        .await
}

/// `GET /push-profiles`: those that the caller may see.
pub(super) async fn list(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let all = push_profiles::list(caller.app(), caller.by());
            let listed = Listed::cut(all, paging.page()?);
            Ok(page(listed, |profile| {
                ProfileView::new(&profile, caller.by())
            }))
        })
        .await
}

/// `GET /push-profiles/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<Uuid>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let profile = push_profiles::one(caller.app(), caller.by(), id)?;
            ok(&ProfileView::new(&profile, caller.by()))
        })
        .await
}
