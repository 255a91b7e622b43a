//! `/devices/{id}/installs`, `/installs/{id}`.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::command_view::{ForecastView, full_id};
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, ok, page};
use crate::app::input::Time;
use crate::app::installs::{self, InstallDetail, NewInstall, forecast};
use crate::app::word::Word;
use modegate_core::device::Device;
use modegate_core::forecast::Forecast;
use modegate_core::ids::DeviceId;
use modegate_core::installs::{Install, InstallId, InstallState, Step};
use modegate_store::api::WrittenInstall;

/// An install as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "Install",
    extend("required" = ["id", "device", "app", "version", "state"])
)]
pub(super) struct InstallView {
    id: String,
    device: String,
    app: String,
    name: String,
    version: String,
    state: Word<InstallState>,
    reason: Option<String>,
    /// Per cent.
    progress: Option<u32>,
    last_error: Option<u32>,
    requested_by: String,
    requested_at: Time,
    finished_at: Option<Time>,
    command: String,
    job_id: String,
    readings: u32,
    superseded_by: Option<String>,
    warnings: Vec<String>,
    forecast: Option<ForecastView>,
    steps: Vec<StepView>,
}

/// A step of an install.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InstallStep")]
pub(super) struct StepView {
    step: usize,
    state: Word<InstallState>,
    at: Time,
    detail: Option<String>,
    progress: Option<u32>,
}

impl StepView {
    /// The step with this number.
    pub(super) fn new(at: usize, step: &Step) -> Self {
        StepView {
            step: at,
            state: Word(step.state),
            at: Time(step.at),
            detail: step.detail.clone(),
            progress: step.progress,
        }
    }
}

fn full(device: &Device, no: u32) -> String {
    let device = device.id;
    InstallId { device, no }.to_string()
}

impl InstallView {
    fn new(device: &Device, install: &Install, forecast: Option<Forecast>) -> Self {
        let steps = install.steps.iter().enumerate();
        let superseded_by = install.superseded_by;
        InstallView {
            id: full(device, install.no),
            device: device.id.to_string(),
            app: install.app.clone(),
            name: install.name.clone(),
            version: install.version.as_str().to_owned(),
            state: Word(install.state),
            reason: install.reason.clone(),
            progress: install.progress,
            last_error: install.last_error,
            requested_by: install.requested_by.clone(),
            requested_at: Time(install.requested_at),
            finished_at: install.finished_at().map(Time),
            command: full_id(device, install.command),
            job_id: install.job_id.clone(),
            readings: install.reads,
            superseded_by: superseded_by.map(|no| full(device, no)),
            warnings: install.warnings.clone(),
            forecast: forecast.map(ForecastView::from),
            steps: steps.map(|(at, step)| StepView::new(at, step)).collect(),
        }
    }
}

impl From<InstallDetail> for InstallView {
    fn from(detail: InstallDetail) -> Self {
        InstallView::new(&detail.device, &detail.install, detail.forecast)
    }
}

/// `POST /devices/{id}/installs`.
pub(super) async fn create(
    caller: Caller,
    Id(id): Id<DeviceId>,
    Body(new): Body<NewInstall>,
) -> HandlerResult {
    let (policies, now) = (caller.app().sync.policies(), caller.app().now());
    let render = move |written: &WrittenInstall| {
        let (device, install) = (&written.device, &written.install);
        let forecast = forecast(device, install, &policies, None, now);
        let view = InstallView::new(device, install, forecast);
        match written.created {
            true => ApiResponse::created(format!("/api/v1/installs/{}", view.id), &view),
            false => ApiResponse::ok(&view),
        }
    };
    caller
        .write(render, async |app, by, options| {
            installs::create(app, by, id, new, options).await
        })
        .await
}

/// `GET /devices/{id}/installs`: the newest first.
pub(super) async fn list(
    caller: Caller,
    Id(id): Id<DeviceId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let listed = installs::list(caller.app(), caller.by(), id, paging.page()?).await?;
            Ok(page(listed, InstallView::from))
        })
        .await
}

/// `GET /installs/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<InstallId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let detail = installs::one(caller.app(), caller.by(), id).await?;
            ok(&InstallView::from(detail))
        })
        .await
}

/// `DELETE /installs/{id}`: takes it back.
pub(super) async fn cancel(caller: Caller, Id(id): Id<InstallId>) -> HandlerResult {
    let render = |written: &WrittenInstall| {
        ApiResponse::ok(&InstallView::new(&written.device, &written.install, None))
    };
    caller
        .write(render, async |app, by, options| {
            installs::cancel(app, by, id, options).await
        })
        .await
}
