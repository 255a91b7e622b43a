//! `/devices/{id}/commands`, `/commands/{id}`, `/devices/{id}/preview`.

use std::sync::Arc;

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command_view::{CommandView, ForecastView, full_id};
use super::query::word;
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, ok, page};
use crate::app::commands::{self, DeviceCommand, Previewed};
use crate::app::input::Object;
use crate::app::revision::command_tag;
use crate::http::problem::Problem;
use modegate_core::context::{Context, Login, Mode, Platform};
use modegate_core::ids::CommandId;
use modegate_core::ids::DeviceId;
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
    (command, device): &DeviceCommand,
    policies: &PolicySet,
    now: Timestamp,
) -> (CommandView, String) {
    let tag = command_tag(device, command.id.seq, policies, now);
    (CommandView::new(command, device, policies, now), tag)
}

/// `POST /devices/{id}/commands`.
pub(super) async fn queue(
    caller: Caller,
    Id(id): Id<DeviceId>,
    Body(Object(wanted)): Body<Object>,
) -> HandlerResult {
    let (policies, now) = (caller.app().sync.policies(), caller.app().now());
    let render = move |queued: &DeviceCommand| {
        let location = format!("/api/v1/commands/{}", queued.0.id);
        let (view, tag) = tagged(queued, &policies, now);
        ApiResponse::created(location, &view).tagged(tag)
    };
    caller
        .write(render, async |app, by, options| {
            commands::queue(app, by, id, wanted, options).await
        })
        .await
}

/// Which commands to list.
#[derive(Debug, Deserialize)]
pub(super) struct FilterQuery {
    state: Option<String>,
}

/// `GET /devices/{id}/commands`.
pub(super) async fn list(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
    query: web::Query<FilterQuery>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let state = word("state", query.state.as_deref())?;
            let app = caller.app();
            let listed = commands::list(app, caller.by(), id, state, paging.page()?);
            let (device, listed) = listed.await?;
            let (policies, now) = (app.sync.policies(), app.now());
            Ok(page(listed, |command| {
                CommandView::new(&command, &device, &policies, now)
            }))
        })
        .await
}

/// `GET /commands/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<CommandId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let app = caller.app();
            let (policies, now) = (app.sync.policies(), app.now());
            let detail = commands::one(app, caller.by(), id).await?;
            let tag = command_tag(&detail.device, id.seq, &policies, now);
            let view = CommandView::detailed(detail, &policies, now);
            Ok(ApiResponse::ok(&view).tagged(tag))
        })
        .await
}

/// What shows a command that was changed.
fn changed(
    policies: Arc<PolicySet>,
    now: Timestamp,
) -> impl Fn(&DeviceCommand) -> ApiResponse + Clone {
    move |changed| {
        let (view, tag) = tagged(changed, &policies, now);
        ApiResponse::ok(&view).tagged(tag)
    }
}

/// `DELETE /commands/{id}`: cancels.
pub(super) async fn cancel(caller: Caller, Id(id): Id<CommandId>) -> HandlerResult {
    let render = changed(caller.app().sync.policies(), caller.app().now());
    caller
        .write(render, async |app, by, options| {
            commands::cancel(app, by, id, options).await
        })
        .await
}

/// `POST /commands/{id}/retry`: has an unconfirmed command sent again, or one
/// that pauses before its next attempt at once.
pub(super) async fn retry(caller: Caller, Id(id): Id<CommandId>) -> HandlerResult {
    let render = changed(caller.app().sync.policies(), caller.app().now());
    caller
        .write(render, async |app, by, options| {
            commands::retry(app, by, id, options).await
        })
        .await
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
    Id(id): Id<DeviceId>,
    query: web::Query<ContextQuery>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let context = query.context()?;
            let previewed = commands::preview(caller.app(), caller.by(), id, context).await?;
            ok(&PreviewView::from(&previewed))
        })
        .await
}
