//! `/devices/{id}/installs`, `/installs/{id}`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::command_view::state_of;
use super::{Paging, apps, commands, device_id, page};
use crate::http::Shared;
use crate::http::problem::Problem;
use modegate_core::catalogue::{App, ID_BYTES};
use modegate_core::change::Refusal;
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::fields::{FieldError, Fields};
use modegate_core::forecast::{self, Forecast};
use modegate_core::ids::{CommandId, DeviceId};
use modegate_core::installs::readiness::{Readiness, readiness};
use modegate_core::installs::request::{Request, cancel as take_back, request};
use modegate_core::installs::{Install, InstallId, Step};
use modegate_core::operations::{self, Setting};
use modegate_core::policy::PolicySet;
use modegate_core::time::Timestamp;
use modegate_store::api::Write;
use modegate_store::installs::InstallWrite;

/// Latest commands of a device that are looked through for sideloading.
const LOOK_BACK: u32 = 200;

/// `POST /devices/{id}/installs`.
pub(super) async fn create(
    caller: Caller,
    path: web::Path<String>,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = device_id(&path)?;
    let body = body(payload).await?;
    let device = caller.device(&shared, id).await?;
    let fields = Fields::of(&body, "")?;
    let app = app(&shared, &caller, &fields).await?;
    let release = app.pick(&fields, &device.record.groups);
    let release = release.map_err(apps::refused)?.clone();
    let now = shared.now();
    let sideloading = sideloading(&shared, &device, now).await?;
    let require_ready = fields.boolean("require_ready")?.unwrap_or(false);
    if require_ready && !sideloading.is_ready() {
        let detail = sideloading.warnings().join("; ");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let (actor, fresh) = (caller.actor(), Uuid::now_v7());
    let setting = Setting {
        device: Some(id),
        templates: &shared.templates,
        actor: &actor,
        now,
        fresh,
    };
    let wanted = command(&app, &fields)?;
    let request_of = Request {
        command: operations::command_with(device.record.family, &wanted, &setting, Some(&release))
            .map_err(|error| no_jobs(error, device.record.family))?,
        app,
        release,
        job_id: fresh.to_string(),
        warnings: sideloading.warnings(),
        again: fields.boolean("again")?.unwrap_or(false),
    };
    let (set, policies) = (shared.way.policies(), shared.way.policies());
    let write = InstallWrite::Install {
        device: id,
        app: request_of.app.id.clone(),
        no: None,
        decide: caller.decide_installs(move |device, installs, no| {
            let mut written = request(device, installs, no, request_of)?;
            if let Some(change) = &mut written.change {
                forecast::note(change, &device.record, &set, now);
            }
            Ok(written)
        }),
        answer: Box::new(move |device, install, created| {
            let shown = view(device, install, of(device, install, &policies, None, now));
            let id = InstallId {
                device: device.id,
                no: install.no,
            };
            if created {
                Answer::created(format!("/api/v1/installs/{id}"), None, &shown)
            } else {
                Answer::ok(None, &shown)
            }
        }),
    };
    caller.write(&shared, Write::Installs(write)).await
}

async fn app(shared: &Shared, caller: &Caller, fields: &Fields<'_>) -> Result<App, Problem> {
    let id = fields.required("app", ID_BYTES)?;
    let app = apps::find(shared, caller, id).await;
    app.map_err(|problem| match problem.status {
        404 => Problem::field("app", "the id of an app of the catalogue", "another"),
        _ => problem,
    })
}

/// The command of an install: urgent, so that a push wakes the device for it.
fn command(app: &App, fields: &Fields<'_>) -> Result<Value, Problem> {
    let mut command = json!({"type": "app_install", "app": app.id});
    command["urgent"] = json!(fields.boolean("urgent")?.unwrap_or(true));
    for field in ["priority", "not_before", "expires_at"] {
        if let Some(value) = fields.get(field) {
            command[field] = value.clone();
        }
    }
    Ok(command)
}

/// A family without app jobs has no installs.
fn no_jobs(error: FieldError, family: Family) -> Problem {
    if error.field != "type" {
        return error.into();
    }
    let detail = format!("the family {} has no app jobs", family.name());
    Problem::new(StatusCode::CONFLICT, detail)
}

async fn sideloading(
    shared: &Shared,
    device: &Device,
    now: Timestamp,
) -> Result<Readiness, Problem> {
    let inventory = shared.store.inventory(device.id).await?;
    let after = device.state.next_command.saturating_sub(1 + LOOK_BACK);
    let latest = shared
        .store
        .commands(device.id, after, LOOK_BACK as usize)
        .await?;
    let stated = latest
        .iter()
        .map(|command| (command, state_of(command, device, now)));
    let family = device.record.family;
    Ok(readiness(family, inventory.as_ref(), stated))
}

/// `GET /devices/{id}/installs`: the newest first.
pub(super) async fn list(
    caller: Caller,
    path: web::Path<String>,
    paging: web::Query<Paging>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (id, limit) = (device_id(&path)?, paging.limit());
    let device = caller.device(&shared, id).await?;
    let before = if paging.begins() {
        u32::MAX
    } else {
        paging.after()?
    };
    let installs = shared.store.installs(id, before, limit).await?;
    let next = (installs.len() == limit)
        .then(|| installs.last().map(|install| install.no.to_string()))
        .flatten();
    let (policies, now) = (shared.way.policies(), shared.now());
    let build = commands::build(&shared, &device).await?;
    let items = installs.iter().map(|install| {
        let forecast = of(&device, install, &policies, build, now);
        view(&device, install, forecast)
    });
    Ok(page(items.collect(), next))
}

/// `GET /installs/{id}`.
pub(super) async fn one(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (device, install) = find(&shared, &caller, &path).await?;
    let build = commands::build(&shared, &device).await?;
    let (policies, now) = (shared.way.policies(), shared.now());
    let forecast = of(&device, &install, &policies, build, now);
    Ok(HttpResponse::Ok().json(view(&device, &install, forecast)))
}

/// `DELETE /installs/{id}`: takes it back.
pub(super) async fn cancel(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (device, seen) = find(&shared, &caller, &path).await?;
    let (actor, now) = (caller.actor(), shared.now());
    let write = InstallWrite::Install {
        device: device.id,
        app: String::new(),
        no: Some(seen.no),
        decide: caller.decide_installs(move |device, installs, _| {
            let install = installs.iter().find(|install| install.no == seen.no);
            let missing = || Refusal::Missing("there is no such install".to_owned());
            take_back(device, install.ok_or_else(missing)?, &actor, now)
        }),
        answer: Box::new(|device, install, _| Answer::ok(None, &view(device, install, None))),
    };
    caller.write(&shared, Write::Installs(write)).await
}

/// The install and its device, if the caller may see them.
pub(super) async fn find(
    shared: &Shared,
    caller: &Caller,
    text: &str,
) -> Result<(Device, Install), Problem> {
    let missing = || Problem::missing("install");
    let id: InstallId = text.parse().map_err(|_| missing())?;
    if id.device == DeviceId(Uuid::nil()) {
        return Err(missing());
    }
    let device = shared.store.device(id.device).await?;
    let device = device
        .filter(|device| caller.may_see(&device.record))
        .ok_or_else(missing)?;
    let install = shared.store.install(id).await?.ok_or_else(missing)?;
    Ok((device, install))
}

/// When its command can go, while it waits.
fn of(
    device: &Device,
    install: &Install,
    policies: &PolicySet,
    build: Option<u32>,
    now: Timestamp,
) -> Option<Forecast> {
    if install.state.is_final() {
        return None;
    }
    commands::of_open(device, install.command, policies, build, now)
}

/// An install as the API shows it.
fn view(device: &Device, install: &Install, forecast: Option<Forecast>) -> Value {
    let id = |no: u32| {
        InstallId {
            device: device.id,
            no,
        }
        .to_string()
    };
    let command = CommandId {
        device: device.id,
        seq: install.command,
    };
    json!({
        "id": id(install.no),
        "device": device.id.to_string(),
        "app": install.app,
        "name": install.name,
        "version": install.version.as_str(),
        "state": install.state.name(),
        "reason": install.reason,
        "progress": install.progress,
        "last_error": install.last_error,
        "requested_by": install.requested_by,
        "requested_at": install.requested_at.to_string(),
        "finished_at": install.finished_at().map(|at| at.to_string()),
        "command": command.to_string(),
        "job_id": install.job_id,
        "readings": install.reads,
        "superseded_by": install.superseded_by.map(id),
        "warnings": install.warnings,
        "forecast": forecast,
        "steps": install.steps.iter().enumerate().map(|(at, step)| step_view(at, step)).collect::<Vec<_>>(),
    })
}

/// A step as the API shows it.
pub(super) fn step_view(at: usize, step: &Step) -> Value {
    json!({
        "step": at,
        "state": step.state.name(),
        "at": step.at.to_string(),
        "detail": step.detail,
        "progress": step.progress,
    })
}
