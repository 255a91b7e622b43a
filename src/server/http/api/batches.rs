//! `POST /commands`, `/batches`: one command for many devices.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command_view::CommandView;
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, ok, page, page_in};
use crate::app::batches::{self, NewBatch};
use crate::app::input::Time;
use crate::app::word::Word;
use crate::http::problem::Problem;
use modegate_core::batch::BatchId;
use modegate_core::batch::{Batch, BatchState, To};
use modegate_core::fields::quoted;
use modegate_store::seal::CursorList;

/// A batch as the API shows it: never its command's arguments.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Batch")]
pub(super) struct BatchView {
    id: String,
    state: Word<BatchState>,
    #[serde(rename = "type")]
    name: String,
    to: TargetsView,
    actor: String,
    created_at: Time,
    ended_at: Option<Time>,
    progress: ProgressView,
    refused: Vec<RefusalView>,
}

/// For which devices a batch is: one of the three.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct TargetsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    /// How many, where they were named one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    devices: Option<usize>,
}

/// How far a batch is, in devices.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ProgressView {
    queued: u64,
    refused: u64,
    cancelled: u64,
}

/// A device that refused the command.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RefusalView {
    device: String,
    reason: String,
}

impl From<&To> for TargetsView {
    fn from(to: &To) -> Self {
        let none = TargetsView::default();
        match to {
            To::All => TargetsView {
                all: Some(true),
                ..none
            },
            To::Groups(groups) => TargetsView {
                groups: Some(groups.clone()),
                ..none
            },
            To::Devices(devices) => TargetsView {
                devices: Some(devices.len()),
                ..none
            },
        }
    }
}

impl From<&Batch> for BatchView {
    fn from(batch: &Batch) -> Self {
        let refused = batch.refusals.iter().map(|refused| RefusalView {
            device: refused.device.to_string(),
            reason: refused.reason.clone(),
        });
        BatchView {
            id: batch.id.to_string(),
            state: Word(batch.state),
            name: batch.name.clone(),
            to: TargetsView::from(&batch.to),
            actor: batch.actor.clone(),
            created_at: Time(batch.created_at),
            ended_at: batch.ended_at.map(Time),
            progress: ProgressView {
                queued: batch.queued,
                refused: batch.refused,
                cancelled: batch.cancelled,
            },
            refused: refused.collect(),
        }
    }
}

/// `POST /commands`.
pub(super) async fn create(caller: Caller, Body(new): Body<NewBatch>) -> HandlerResult {
    let render = |batch: &Batch| {
        let location = format!("/api/v1/batches/{}", batch.id);
        ApiResponse::accepted(location, &BatchView::from(batch))
    };
    caller
        .write(render, async |app, by, options| {
            batches::create(app, by, new, options).await
        })
        .await
}

/// `GET /batches`.
pub(super) async fn list(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let asked = paging.page_in(&caller, CursorList::Batches)?;
            let listed = batches::list(caller.app(), caller.by(), asked).await?;
            Ok(page_in(&caller, CursorList::Batches, listed, |batch| {
                BatchView::from(&batch)
            }))
        })
        .await
}

/// `GET /batches/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<BatchId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let batch = batches::one(caller.app(), caller.by(), id).await?;
            ok(&BatchView::from(&batch))
        })
        .await
}

/// `GET /batches/{id}/commands`.
pub(super) async fn commands(
    caller: Caller,
    Id(id): Id<BatchId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let app = caller.app();
            let listed = batches::commands(app, caller.by(), id, paging.page()?).await?;
            let (policies, now) = (app.sync.policies(), app.now());
            Ok(page(listed, |(command, device)| {
                CommandView::new(&command, &device, &policies, now)
            }))
        })
        .await
}

/// How to stop.
#[derive(Debug, Deserialize)]
pub(super) struct StopQuery {
    commands: Option<String>,
}

/// `DELETE /batches/{id}?commands=keep|cancel`.
pub(super) async fn stop(
    caller: Caller,
    Id(id): Id<BatchId>,
    query: web::Query<StopQuery>,
) -> HandlerResult {
    let cancels = match query.commands.as_deref() {
        None | Some("keep") => false,
        Some("cancel") => true,
        Some(other) => return Err(Problem::field("commands", "keep or cancel", quoted(other))),
    };
    let render = |batch: &Batch| ApiResponse::ok(&BatchView::from(batch));
    caller
        .write(render, async |app, by, options| {
            batches::stop(app, by, id, cancels, options).await
        })
        .await
}
