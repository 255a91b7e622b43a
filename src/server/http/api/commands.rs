//! `/devices/{id}/commands`, `/commands/{id}`, `/devices/{id}/preview`.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::command_view::{CommandView, ForecastView, full_id};
use super::query::{Paging, command_id, device_id, page, word};
use crate::app::commands::{self, OfDevice, Previewed};
use crate::app::input::Object;
use crate::app::revision::command_tag;
use crate::http::problem::Problem;
use crate::http::shared::Shared;
use modegate_core::context::{Context, Login, Mode, Platform};
use modegate_core::kind::Kind;
use modegate_core::policy::PolicySet;
use modegate_core::session::preview::PreviewHold;
use modegate_core::time::Timestamp;

/// What a session would carry.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Preview")]
pub(super) struct PreviewView {
    deliver: Vec<DeliverView>,
    withhold: Vec<HoldView>,
    refuse: Vec<HoldView>,
    policy_set: String,
}

/// A command that would go.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DeliverView {
    command: String,
    #[schemars(with = "String")]
    kind: Kind,
    rules: Vec<String>,
}

/// A command that would not go.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct HoldView {
    command: String,
    #[schemars(with = "String")]
    kind: Kind,
    rules: Vec<String>,
    /// Those of Machine, Maintenance and Apps that would let it go, login aside.
    #[schemars(with = "Vec<String>")]
    modes: Vec<Mode>,
    next: Option<String>,
    forecast: Option<ForecastView>,
}

impl From<&Previewed> for PreviewView {
    fn from(previewed: &Previewed) -> Self {
        let (device, preview) = (&previewed.device, &previewed.preview);
        let hold = |entry: &PreviewHold| HoldView {
            command: full_id(device, entry.command),
            kind: entry.kind,
            rules: entry.rules.clone(),
            modes: entry.modes.clone(),
            next: entry.next.clone(),
            forecast: previewed.forecast(entry.command).map(ForecastView::from),
        };
        let deliver = preview.deliver.iter().map(|entry| DeliverView {
            command: full_id(device, entry.command),
            kind: entry.kind,
            rules: entry.rules.clone(),
        });
        PreviewView {
            deliver: deliver.collect(),
            withhold: preview.withhold.iter().map(hold).collect(),
            refuse: preview.refuse.iter().map(hold).collect(),
            policy_set: previewed.policies.digest().to_string(),
        }
    }
}

/// The view of a command, and its tag.
fn tagged(
    (command, device): &OfDevice,
    policies: &PolicySet,
    now: Timestamp,
) -> (CommandView, String) {
    let tag = command_tag(device, command.id.seq, policies, now);
    (CommandView::new(command, device, policies, now), tag)
}

/// `POST /devices/{id}/commands`.
pub(super) async fn queue(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let Object(wanted) = body(payload).await?;
    let (policies, now) = (shared.app.way.policies(), shared.app.now());
    let render = move |queued: &OfDevice| {
        let location = format!("/api/v1/commands/{}", queued.0.id);
        let (view, tag) = tagged(queued, &policies, now);
        Answer::created(location, &view).tagged(tag)
    };
    let write = async |by, options| commands::queue(&shared.app, &by, id, wanted, options).await;
    caller.write(&shared, render, write).await
}

/// Which commands to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    state: Option<String>,
}

/// `GET /devices/{id}/commands`.
pub(super) async fn list(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    query: web::Query<FilterQuery>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let state = word("state", query.state.as_deref())?;
    let (id, app) = (device_id(&path)?, &shared.app);
    let listed = commands::list(app, &caller.principal, id, state, paging.page()?);
    let (device, listed) = listed.await?;
    let (policies, now) = (app.way.policies(), app.now());
    Ok(page(listed, |command| {
        CommandView::new(&command, &device, &policies, now)
    }))
}

/// `GET /commands/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, app) = (command_id(&path)?, &shared.app);
    let (policies, now) = (app.way.policies(), app.now());
    let detail = commands::one(app, &caller.principal, id).await?;
    let tag = command_tag(&detail.device, id.seq, &policies, now);
    let view = CommandView::detailed(detail, &policies, now);
    Ok(Answer::ok(&view).tagged(tag).response())
}

/// What shows a command that was changed.
fn changed(policies: Arc<PolicySet>, now: Timestamp) -> impl Fn(&OfDevice) -> Answer + Clone {
    move |changed| {
        let (view, tag) = tagged(changed, &policies, now);
        Answer::ok(&view).tagged(tag)
    }
}

/// `DELETE /commands/{id}`: cancels.
pub(super) async fn cancel(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = command_id(&path)?;
    let render = changed(shared.app.way.policies(), shared.app.now());
    let write = async |by, options| commands::cancel(&shared.app, &by, id, options).await;
    caller.write(&shared, render, write).await
}

/// `POST /commands/{id}/retry`: has an unconfirmed command sent again, or one
/// that pauses before its next attempt at once.
pub(super) async fn retry(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = command_id(&path)?;
    let render = changed(shared.app.way.policies(), shared.app.now());
    let write = async |by, options| commands::retry(&shared.app, &by, id, options).await;
    caller.write(&shared, render, write).await
}

/// The context to preview.
#[derive(Debug, Deserialize)]
pub(super) struct ContextQuery {
    mode: Option<String>,
    login: Option<String>,
    platform: Option<String>,
}

impl ContextQuery {
    fn context(&self) -> Result<Context, Problem> {
        let mode = self.mode.as_deref().and_then(Mode::from_name);
        let expected = "Machine, Maintenance, Apps or Unspecified";
        let mode = mode.ok_or_else(|| Problem::field("mode", expected, "another or none"))?;
        let login = Login::from_name(self.login.as_deref().unwrap_or("absent"));
        let expected = "user, others, none or absent";
        let login = login.ok_or_else(|| Problem::field("login", expected, "another"))?;
        let mut platform = self.platform.iter();
        let platform = match platform.all(|platform| platform.eq_ignore_ascii_case("WoA")) {
            true => Platform::WoA,
            false => Platform::Other,
        };
        Ok(Context {
            mode,
            platform,
            login,
        })
    }
}

/// `GET /devices/{id}/preview`.
pub(super) async fn preview(
    caller: Caller,
    path: web::Path<String>,
    query: web::Query<ContextQuery>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let context = query.context()?;
    let id = device_id(&path)?;
    let previewed = commands::preview(&shared.app, &caller.principal, id, context).await?;
    Ok(HttpResponse::Ok().json(PreviewView::from(&previewed)))
}
