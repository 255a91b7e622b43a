//! `/devices/{id}/commands`, `/commands/{id}`, `/devices/{id}/preview`.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::command_view::{state_of, view};
use super::conditional::command_tag;
use super::{Paging, command_id, device_id, events, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::command::{CommandBody, CommandState, StoredCommand};
use modegate_core::context::{Context, Family, Login, Mode, Platform};
use modegate_core::device::Device;
use modegate_core::fields::Fields;
use modegate_core::forecast::{self, Forecast};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::operations::{self, Setting};
use modegate_core::policy::PolicySet;
use modegate_core::session;
use modegate_core::time::Timestamp;
use modegate_store::api::Write;

/// `POST /devices/{id}/commands`.
pub(super) async fn queue(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let mut value = body(payload).await?;
    let device = caller.device(&shared, id).await?;
    super::push::complete(&mut value, shared.way.push().of(&device.record.groups));
    caller.may_queue(&value)?;
    let app = super::apps::named(&shared, &caller, &value).await?;
    let (actor, now) = (caller.actor(), shared.now());
    let setting = Setting {
        device: Some(id),
        templates: &shared.templates,
        actor: &actor,
        now,
        fresh: Uuid::now_v7(),
    };
    let fields = Fields::of(&value, "")?;
    let release = app
        .as_ref()
        .map(|app| app.pick(&fields, &device.record.groups));
    let release = release.transpose().map_err(super::apps::refused)?;
    let family = device.record.family;
    let mut command = operations::command_with(family, &value, &setting, release)?;
    wait_only_for_what_is_open(&shared, id, &mut command).await?;
    let (queued, policies) = (command.clone(), shared.way.policies());
    let set = shared.way.policies();
    let write = Write::Alter {
        device: id,
        decide: caller.decide(move |device| {
            let (mut change, _) = session::queue::queue(device, queued)?;
            forecast::note(&mut change, &device.record, &set, now);
            Ok(change)
        }),
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
            let tag = command_tag(device, stored.id.seq, &policies, now);
            let shown = view(&stored, device, &policies, now);
            Answer::created(location, Some(tag), &shown)
        }),
    };
    caller.write(&shared, write).await
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
        let (stored, device) = found.map_err(|problem| match problem.status {
            404 => Problem::field(field.clone(), "a command of this device", "none"),
            // That the store cannot tell now is no fault of the field's.
            _ => problem,
        })?;
        match state_of(&stored, &device, shared.now()) {
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

/// `GET /devices/{id}/commands`: looks at so many commands at most, and says where to go on.
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
    let (limit, now, policies) = (paging.limit(), shared.now(), shared.way.policies());
    let (mut after, mut items): (u32, Vec<Value>) = (paging.after()?, Vec::new());
    // Read as many at once as are likely shown; of a filtered list it cannot be told.
    let chunk = wanted.map_or(limit, |_| crate::limits::PAGE_ITEMS);
    let mut walked = 0;
    while walked < crate::limits::COMMAND_WALK {
        let commands = shared.store.commands(id, after, chunk).await?;
        walked += commands.len();
        for command in &commands {
            after = command.id.seq.0;
            if wanted.is_none_or(|state| state_of(command, &device, now) == state) {
                items.push(view(command, &device, &policies, now));
            }
            if items.len() == limit {
                return Ok(page(items, Some(after.to_string())));
            }
        }
        if commands.len() < chunk {
            return Ok(page(items, None));
        }
    }
    Ok(page(items, Some(after.to_string())))
}

/// `GET /commands/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (command_id(&path)?, shared.now());
    let (command, device) = find(&shared, id).await?;
    if !caller.may_see(&device.record) {
        return Err(Problem::missing("command"));
    }
    let policies = shared.way.policies();
    let mut shown = view(&command, &device, &policies, now);
    let build = build(&shared, &device).await?;
    shown["forecast"] = json!(of_open(&device, id.seq, &policies, build, now));
    shown["decisions"] = Value::Array(events::decisions(&shared, id).await?);
    Ok(HttpResponse::Ok()
        .insert_header(("etag", command_tag(&device, id.seq, &policies, now)))
        .json(shown))
}

async fn find(shared: &Shared, id: CommandId) -> Result<(StoredCommand, Device), Problem> {
    let missing = || Problem::missing("command");
    // The device first: a tag older than what it stands for does no harm.
    let device = shared.store.device(id.device).await?.ok_or_else(missing)?;
    let command = shared.store.command(id).await?.ok_or_else(missing)?;
    Ok((command, device))
}

/// `DELETE /commands/{id}`: cancels.
pub(super) async fn cancel(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    change(caller, command_id(&path)?, shared, session::queue::cancel).await
}

/// `POST /commands/{id}/retry`: has an unconfirmed command sent again, or one
/// that pauses before its next attempt at once.
pub(super) async fn retry(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    change(caller, command_id(&path)?, shared, session::queue::retry).await
}

type Changing = fn(&Device, CommandSeq, &str, Timestamp) -> Result<DeviceChange, Refusal>;

/// Changes a command, if it is as the caller last saw it.
async fn change(
    caller: Caller,
    id: CommandId,
    shared: web::Data<Shared>,
    how: Changing,
) -> Result<HttpResponse, Problem> {
    let (by, now) = (caller.clone(), shared.now());
    let policies = shared.way.policies();
    let seen = Arc::clone(&policies);
    let write = Write::Command {
        id,
        decide: caller.decide(move |device| {
            by.expects(&command_tag(device, id.seq, &seen, now))?;
            how(device, id.seq, &by.actor(), now)
        }),
        answer: Box::new(move |(command, device)| {
            let tag = command_tag(device, id.seq, &policies, now);
            Answer::ok(Some(tag), &view(command, device, &policies, now))
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
    let (policies, now) = (shared.way.policies(), shared.now());
    let preview = session::preview::preview(&device, context, &policies, now);
    let build = build(&shared, &device).await?;
    let forecast = |seq: CommandSeq| of_open(&device, seq, &policies, build, now);
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
                    "modes": entry.modes, "next": entry.next, "forecast": forecast(entry.command),
                })
            })
            .collect()
    };
    Ok(HttpResponse::Ok().json(json!({
        "deliver": deliver, "withhold": held(&preview.withhold), "refuse": held(&preview.refuse),
        "policy_set": policies.digest(),
    })))
}

/// The forecast of a command, unless it is final.
pub(super) fn of_open(
    device: &Device,
    seq: CommandSeq,
    policies: &PolicySet,
    build: Option<u32>,
    now: Timestamp,
) -> Option<Forecast> {
    let open = device.state.open(seq)?;
    let view = forecast::View {
        state: &device.state,
        record: &device.record,
        policies,
        build,
        now,
    };
    Some(forecast::forecast(&view, open))
}

/// The build of a device's system, where a forecast needs it: Windows 10 only.
pub(super) async fn build(shared: &Shared, device: &Device) -> Result<Option<u32>, Problem> {
    if device.record.family != Family::Windows10 {
        return Ok(None);
    }
    let inventory = shared.store.inventory(device.id).await?;
    Ok(inventory.as_ref().and_then(forecast::build))
}

fn full(device: DeviceId, seq: CommandSeq) -> String {
    CommandId { device, seq }.to_string()
}
