//! `/devices/{id}/commands`, `/commands/{id}`, `/devices/{id}/preview`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::command_view::{state_of, view};
use super::conditional::command_tag;
use super::{Paging, command_id, device_id, events, operations, page};
use crate::clock::Timestamp;
use crate::command::CommandState;
use crate::context::{Context, Login, Mode, Platform};
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::ids::{CommandId, CommandSeq, DeviceId};
use crate::session;
use crate::store::StoredCommand;
use crate::store::api::Write;

/// `POST /devices/{id}/commands`.
pub(super) async fn queue(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let value = body(payload).await?;
    let record = caller.device(&shared, id).await?.record;
    caller.may_queue(&value)?;
    let now = Timestamp::now();
    let command = operations::command(&value, &record, &caller.actor(), now)?;
    let queued = command.clone();
    let write = Write::Alter {
        device: id,
        decide: caller.decide(move |device| Ok(session::queue::queue(device, queued)?.0)),
        answer: Box::new(move |device| {
            let stored = StoredCommand {
                id: CommandId {
                    device: id,
                    // The latest number given.
                    seq: CommandSeq(device.state.next_command.saturating_sub(1)),
                },
                body: command,
                parts: Vec::new(),
            };
            let location = format!("/api/v1/commands/{}", stored.id);
            let tag = command_tag(device, stored.id.seq, now);
            Answer::created(location, Some(tag), &view(&stored, device, now))
        }),
    };
    caller.write(&shared, write).await
}

/// Which commands to list.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    state: Option<String>,
}

/// `GET /devices/{id}/commands`.
pub(super) async fn list(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    filter: web::Query<Filter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let wanted = match filter.state.as_deref() {
        None | Some("") => None,
        Some(name) => {
            let names = CommandState::ALL.map(CommandState::name).join(", ");
            let known = CommandState::from_name(name);
            Some(
                known
                    .ok_or_else(|| Problem::field("state", format!("one of {names}"), "another"))?,
            )
        }
    };
    let id = device_id(&path)?;
    let device = caller.device(&shared, id).await?;
    let (limit, now) = (paging.limit(), Timestamp::now());
    let (mut after, mut items): (u32, Vec<Value>) = (paging.after()?, Vec::new());
    loop {
        let commands = shared.store.commands(id, after, limit).await?;
        for command in &commands {
            after = command.id.seq.0;
            if wanted.is_none_or(|state| state_of(command, &device, now) == state) {
                items.push(view(command, &device, now));
            }
            if items.len() == limit {
                return Ok(page(items, Some(after.to_string())));
            }
        }
        if commands.len() < limit {
            return Ok(page(items, None));
        }
    }
}

/// `GET /commands/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (command_id(&path)?, Timestamp::now());
    let missing = || Problem::missing("command");
    // The device first: a tag older than what it stands for does no harm.
    let device = shared.store.device(id.device).await?;
    let device = device.filter(|device| caller.may_see(&device.record));
    let device = device.ok_or_else(missing)?;
    let command = shared.store.command(id).await?.ok_or_else(missing)?;
    let mut shown = view(&command, &device, now);
    shown["decisions"] = Value::Array(events::decisions(&shared, id).await?);
    Ok(HttpResponse::Ok()
        .insert_header(("etag", command_tag(&device, id.seq, now)))
        .json(shown))
}

/// `DELETE /commands/{id}`: cancels.
pub(super) async fn cancel(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (command_id(&path)?, Timestamp::now());
    let by = caller.clone();
    let write = Write::Command {
        id,
        decide: caller.decide(move |device| {
            by.expects(&command_tag(device, id.seq, now))?;
            session::queue::cancel(device, id.seq, &by.actor(), now)
        }),
        answer: Box::new(move |(command, device)| {
            let tag = command_tag(device, id.seq, now);
            Answer::ok(Some(tag), &view(command, device, now))
        }),
    };
    caller.write(&shared, write).await
}

/// The context to preview.
#[derive(Debug, Deserialize)]
pub(super) struct PreviewOf {
    mode: Option<String>,
    login: Option<String>,
    platform: Option<String>,
}

/// `GET /devices/{id}/preview`.
pub(super) async fn preview(
    caller: Caller,
    path: web::Path<String>,
    of: web::Query<PreviewOf>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let mode = of.mode.as_deref().and_then(Mode::from_name);
    let mode = mode.ok_or_else(|| {
        Problem::field(
            "mode",
            "Machine, Maintenance, Apps or Unspecified",
            "another or none",
        )
    })?;
    let login = Login::from_name(of.login.as_deref().unwrap_or("absent"));
    let login =
        login.ok_or_else(|| Problem::field("login", "user, others, none or absent", "another"))?;
    let known = of
        .platform
        .as_deref()
        .is_none_or(|platform| platform.eq_ignore_ascii_case("WoA"));
    let platform = if known {
        Platform::WoA
    } else {
        Platform::Other
    };
    let id = device_id(&path)?;
    let device = caller.device(&shared, id).await?;
    let context = Context {
        mode,
        platform,
        login,
    };
    let preview =
        session::preview::preview(&device, context, &shared.way.policies(), Timestamp::now());
    let deliver: Vec<Value> = preview
        .deliver
        .iter()
        .map(|entry| json!({"command": full(id, entry.command), "kind": entry.kind, "rules": entry.rules}))
        .collect();
    let held = |list: &[session::preview::PreviewHold]| -> Vec<Value> {
        list.iter()
            .map(|entry| {
                json!({
                    "command": full(id, entry.command), "kind": entry.kind, "rules": entry.rules,
                    "modes": entry.modes, "next": entry.next,
                })
            })
            .collect()
    };
    Ok(HttpResponse::Ok().json(json!({
        "deliver": deliver, "withhold": held(&preview.withhold), "refuse": held(&preview.refuse),
        "policy_set": shared.way.policies().digest(),
    })))
}

fn full(device: DeviceId, seq: CommandSeq) -> String {
    CommandId { device, seq }.to_string()
}
