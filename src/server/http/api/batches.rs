//! `POST /commands`, `/batches`: one command for many devices.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::command_view::view as command_view;
use super::{Paging, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::batch::{Batch, BatchId, BatchState, DEVICES, To};
use modegate_core::context::Family;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::operations::{self, Setting};
use modegate_core::secret::Secret;
use modegate_store::api::Write;

/// Longest group name, bytes.
const GROUP_BYTES: usize = 256;
/// Most groups of one batch.
const GROUPS: usize = 64;

/// `POST /commands`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let value = body(payload).await?;
    let fields = Fields::of(&value, "")?;
    let to = to(&fields)?;
    let wanted = fields.get("command").ok_or_else(|| {
        Problem::field(
            "command",
            "a command as POST /devices/{device}/commands takes it",
            "nothing",
        )
    })?;
    let (actor, now) = (caller.actor(), shared.now());
    let setting = Setting {
        device: None,
        templates: &shared.templates,
        actor: &actor,
        now,
        fresh: Uuid::now_v7(),
    };
    // What is wrong with it is told now, not by each device.
    let app = super::apps::named(&shared, &caller, wanted).await?;
    let command = match &app {
        None => operations::command_for_some(wanted, &setting),
        Some(app) => Fields::of(wanted, "").and_then(|fields| {
            let release = app.version(&fields)?;
            operations::command_with(Family::Windows81, wanted, &setting, Some(release))
        }),
    };
    let command = command.map_err(|error| FieldError {
        field: match error.field.as_str() {
            "body" => "command".to_owned(),
            field => format!("command.{field}"),
        },
        ..error
    })?;
    let batch = Batch {
        id: BatchId(Uuid::now_v7()),
        to,
        scope: caller.groups(),
        command: Secret::new(wanted.to_string()),
        name: command.name,
        actor: actor.clone(),
        created_at: now,
        ended_at: None,
        state: BatchState::Running,
        cursor: 0,
        queued: 0,
        refused: 0,
        cancelled: 0,
        refusals: Vec::new(),
    };
    let detail = format!("batch {} of {}", batch.id, batch.name);
    let write = Write::CreateBatch {
        batch: Box::new(batch),
        event: Event::new(now, actor, None, EventType::BatchCreated).detail(detail),
        answer: Box::new(|batch| {
            Answer::accepted(format!("/api/v1/batches/{}", batch.id), &view(batch))
        }),
    };
    let response = caller.write(&shared, write).await?;
    shared.batches.notify_one();
    Ok(response)
}

fn to(fields: &Fields<'_>) -> Result<To, Problem> {
    let expected = "one of {\"groups\":[…]}, {\"devices\":[…]} or {\"all\":true}";
    let given = fields
        .get("to")
        .ok_or_else(|| Problem::field("to", expected, "nothing"))?;
    let to = Fields::of(given, "to")?;
    let (groups, devices, all) = (
        to.lines("groups", GROUPS, GROUP_BYTES)?,
        to.lines("devices", DEVICES, 64)?,
        to.boolean("all")?,
    );
    for (name, is_empty) in [
        ("groups", groups.as_ref().is_some_and(Vec::is_empty)),
        ("devices", devices.as_ref().is_some_and(Vec::is_empty)),
    ] {
        if is_empty {
            return Err(Problem::field(
                to.name(name),
                "at least one",
                "an empty list",
            ));
        }
    }
    match (groups, devices, all) {
        (Some(groups), None, None) => Ok(To::Groups(groups)),
        (None, Some(devices), None) => {
            let mut ids = Vec::with_capacity(devices.len());
            for (at, text) in devices.iter().enumerate() {
                let id = text.parse();
                let wrong =
                    |_| Problem::field(format!("to.devices[{at}]"), "a device id", "other text");
                ids.push(id.map_err(wrong)?);
            }
            ids.sort_unstable();
            ids.dedup();
            Ok(To::Devices(ids))
        }
        (None, None, Some(true)) => Ok(To::All),
        _ => Err(Problem::field("to", expected, "none of them, or several")),
    }
}

/// A batch as the API shows it: never its command's arguments.
fn view(batch: &Batch) -> Value {
    let to = match &batch.to {
        To::All => json!({"all": true}),
        To::Groups(groups) => json!({"groups": groups}),
        To::Devices(devices) => json!({"devices": devices.len()}),
    };
    let refusals: Vec<Value> = batch
        .refusals
        .iter()
        .map(|refused| json!({"device": refused.device.to_string(), "reason": refused.reason}))
        .collect();
    json!({
        "id": batch.id.to_string(),
        "state": batch.state.name(),
        "type": batch.name,
        "to": to,
        "actor": batch.actor,
        "created_at": batch.created_at.to_string(),
        "ended_at": batch.ended_at.map(|at| at.to_string()),
        "progress": {"queued": batch.queued, "refused": batch.refused, "cancelled": batch.cancelled},
        "refused": refusals,
    })
}

async fn find(caller: &Caller, shared: &Shared, text: &str) -> Result<Batch, Problem> {
    let missing = || Problem::missing("batch");
    let id: BatchId = text.parse().map_err(|_| missing())?;
    let batch = shared.store.batch(id).await?;
    // A scoped caller sees what was asked for within its own scope.
    batch
        .filter(|batch| caller.sees_all() || batch.scope == caller.groups())
        .ok_or_else(missing)
}

/// `GET /batches`.
pub(super) async fn list(
    caller: Caller,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = paging.limit();
    let before: u64 = if paging.begins() {
        u64::MAX
    } else {
        paging.after()?
    };
    let found = shared.store.batches(before, limit).await?;
    let next = match found.last() {
        Some((place, _)) if found.len() == limit => Some(place.to_string()),
        _ => None,
    };
    let seen = found
        .iter()
        .filter(|(_, batch)| caller.sees_all() || batch.scope == caller.groups());
    Ok(page(seen.map(|(_, batch)| view(batch)).collect(), next))
}

/// `GET /batches/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(view(&find(&caller, &shared, &path).await?)))
}

/// `GET /batches/{id}/commands`.
pub(super) async fn commands(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let batch = find(&caller, &shared, &path).await?;
    let (limit, now) = (paging.limit(), shared.now());
    let items = shared
        .store
        .batch_items(batch.id, paging.after()?, limit)
        .await?;
    let next = match items.last() {
        Some((item, _)) if items.len() == limit => Some(item.to_string()),
        _ => None,
    };
    let policies = shared.way.policies();
    let mut shown = Vec::with_capacity(items.len());
    for (_, id) in items {
        let (device, command) = (
            shared.store.device(id.device).await?,
            shared.store.command(id).await?,
        );
        if let (Some(device), Some(command)) = (device, command)
            && caller.may_see(&device.record)
        {
            shown.push(command_view(&command, &device, &policies, now));
        }
    }
    Ok(page(shown, next))
}

/// How to stop.
#[derive(Debug, Deserialize)]
pub(super) struct Stop {
    commands: Option<String>,
}

/// `DELETE /batches/{id}?commands=keep|cancel`.
pub(super) async fn stop(
    caller: Caller,
    path: web::Path<String>,
    how: web::Query<Stop>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let take_back = match how.commands.as_deref() {
        None | Some("keep") => false,
        Some("cancel") => true,
        Some(_) => return Err(Problem::field("commands", "keep or cancel", "another word")),
    };
    let batch = find(&caller, &shared, &path).await?;
    let event = Event::new(shared.now(), caller.actor(), None, EventType::BatchStopped);
    let write = Write::StopBatch {
        id: batch.id,
        take_back,
        event: event.detail(format!("batch {}", batch.id)),
        answer: Box::new(|batch| Answer::ok(None, &view(batch))),
    };
    let response = caller.write(&shared, write).await?;
    shared.batches.notify_one();
    Ok(response)
}
