//! `/devices/{id}/commands`, `/commands/{id}`, `/devices/{id}/preview`.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::command_view::{state_of, view};
use super::{Admin, Paging, body, command_id, device_id, events, page};
use crate::clock::Timestamp;
use crate::command::{CommandBody, CommandState};
use crate::context::{Context, Login, Mode, Platform};
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::ids::{CommandId, CommandSeq, DeviceId};
use crate::operations::{self, Setting};
use crate::session;
use crate::store::{Device, StoredCommand};

/// `POST /devices/{id}/commands`.
pub(super) async fn queue(
    _: Admin,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let value = body(payload).await?;
    let setting = Setting {
        device: Some(id),
        templates: &shared.templates,
        actor: Admin::ACTOR,
        now: Timestamp::now(),
        fresh: Uuid::now_v7(),
    };
    let family = match shared.store.device(id).await? {
        Some(device) => device.record.family,
        None => return Err(Problem::missing("device")),
    };
    let mut command = operations::command_for(family, &value, &setting)?;
    wait_only_for_what_is_open(&shared, id, &mut command).await?;
    let given = Arc::new(Mutex::new(None));
    let (queued, number) = (command.clone(), Arc::clone(&given));
    let device = shared
        .store
        .alter(
            id,
            Box::new(move |device| {
                let (change, seq) = session::queue::queue(device, queued)?;
                *number.lock().unwrap_or_else(PoisonError::into_inner) = Some(seq);
                Ok(change)
            }),
        )
        .await?;
    let seq = given
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .unwrap_or(CommandSeq(0));
    let stored = StoredCommand {
        id: CommandId { device: id, seq },
        body: command,
        parts: Vec::new(),
    };
    let location = format!("/api/v1/commands/{}", stored.id);
    let shown = view(&stored, &device, &shared.way.policies(), Timestamp::now());
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .json(shown))
}

/// What is done already need not be waited for; what ended otherwise never will be.
async fn wait_only_for_what_is_open(
    shared: &Shared,
    device: DeviceId,
    command: &mut CommandBody,
) -> Result<(), Problem> {
    let mut open = Vec::new();
    for (at, &seq) in command.manner.after.iter().enumerate() {
        let field = format!("after[{at}]");
        let found = find(shared, CommandId { device, seq }).await;
        let Ok((stored, device)) = found else {
            return Err(Problem::field(field, "a command of this device", "none"));
        };
        match state_of(&stored, &device, Timestamp::now()) {
            CommandState::Succeeded => {}
            state if state.is_final() => {
                return Err(Problem::field(
                    field,
                    "a command that can still succeed",
                    state.name(),
                ));
            }
            _ => open.push(seq),
        }
    }
    command.manner.after = open;
    Ok(())
}

/// Which commands to list.
#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    state: Option<String>,
}

/// `GET /devices/{id}/commands`.
pub(super) async fn list(
    _: Admin,
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
    let device = shared
        .store
        .device(id)
        .await?
        .ok_or_else(|| Problem::missing("device"))?;
    let (limit, now, policies) = (paging.limit(), Timestamp::now(), shared.way.policies());
    let (mut after, mut items): (u32, Vec<Value>) = (paging.after()?, Vec::new());
    loop {
        let commands = shared.store.commands(id, after, limit).await?;
        for command in &commands {
            after = command.id.seq.0;
            if wanted.is_none_or(|state| state_of(command, &device, now) == state) {
                items.push(view(command, &device, &policies, now));
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
    _: Admin,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = command_id(&path)?;
    let (command, device) = find(&shared, id).await?;
    let mut shown = view(&command, &device, &shared.way.policies(), Timestamp::now());
    shown["decisions"] = Value::Array(events::decisions(&shared, id).await?);
    Ok(HttpResponse::Ok().json(shown))
}

async fn find(shared: &Shared, id: CommandId) -> Result<(StoredCommand, Device), Problem> {
    let missing = || Problem::missing("command");
    let command = shared.store.command(id).await?.ok_or_else(missing)?;
    let device = shared.store.device(id.device).await?.ok_or_else(missing)?;
    Ok((command, device))
}

/// `DELETE /commands/{id}`: cancels.
pub(super) async fn cancel(
    _: Admin,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = command_id(&path)?;
    let decide = move |device: &Device| {
        session::queue::cancel(device, id.seq, Admin::ACTOR, Timestamp::now())
    };
    shared.store.alter(id.device, Box::new(decide)).await?;
    let (command, device) = find(&shared, id).await?;
    Ok(HttpResponse::Ok().json(view(
        &command,
        &device,
        &shared.way.policies(),
        Timestamp::now(),
    )))
}

/// `POST /commands/{id}/retry`: has an unconfirmed command sent again, or one
/// that pauses before its next attempt at once.
pub(super) async fn retry(
    _: Admin,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = command_id(&path)?;
    let decide = move |device: &Device| {
        session::queue::retry(device, id.seq, Admin::ACTOR, Timestamp::now())
    };
    shared.store.alter(id.device, Box::new(decide)).await?;
    let (command, device) = find(&shared, id).await?;
    Ok(HttpResponse::Ok().json(view(
        &command,
        &device,
        &shared.way.policies(),
        Timestamp::now(),
    )))
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
    _: Admin,
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
    let device = shared
        .store
        .device(id)
        .await?
        .ok_or_else(|| Problem::missing("device"))?;
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
