//! `/devices/{id}/installs`, `/installs/{id}`.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::command_view::{ForecastView, full_id};
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, ok, page};
use crate::app::input::Time;
use crate::app::installs::{self, InstallDetail, NewInstall};
use crate::app::word::Word;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::installs::fault::JobFault;
use modegate_core::installs::standing::{Hold, Mark, Stage, Standing};
use modegate_core::installs::{InstallId, InstallState, Step};
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
    /// What `last_error` means, where that is known.
    fault: Option<Word<JobFault>>,
    requested_by: String,
    requested_at: Time,
    finished_at: Option<Time>,
    command: String,
    job_id: String,
    readings: u32,
    superseded_by: Option<String>,
    warnings: Vec<String>,
    forecast: Option<ForecastView>,
    standing: StandingView,
    steps: Vec<StepView>,
}

/// How far an install is, why it is no further, and what brings it further.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InstallStanding")]
struct StandingView {
    /// The five stages, in their order.
    stages: Vec<StageView>,
    /// Why it is no further; null once it is final.
    hold: Option<Word<Hold>>,
    /// Until when a session is waited for that a push brings, or before when it does not go.
    until: Option<Time>,
    /// Whether its user's sign-in to Windows brings it further.
    sign_in: bool,
    /// About when that usually is, by the device's clock.
    usual_sign_in: Option<String>,
    /// When the nightly maintenance begins that brings it further while its user stays
    /// signed in.
    night: Option<Time>,
}

/// A stage of an install.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct StageView {
    stage: Word<Stage>,
    mark: Word<Mark>,
    at: Option<Time>,
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        let stages = standing.stages.iter().map(|one| StageView {
            stage: Word(one.stage),
            mark: Word(one.mark),
            at: one.at.map(Time),
        });
        let visits = standing.visits;
        StandingView {
            stages: stages.collect(),
            hold: standing.hold.map(Word),
            until: standing.until.map(Time),
            sign_in: visits.sign_in,
            usual_sign_in: visits.usual_sign_in,
            night: visits.night.map(|(from, _)| Time(from)),
        }
    }
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

impl From<InstallDetail> for InstallView {
    fn from(detail: InstallDetail) -> Self {
        let (device, install) = (&detail.device, &detail.install);
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
            fault: install.last_error.and_then(JobFault::from_number).map(Word),
            requested_by: install.requested_by.clone(),
            requested_at: Time(install.requested_at),
            finished_at: install.finished_at().map(Time),
            command: full_id(device, install.command),
            job_id: install.job_id.clone(),
            readings: install.reads,
            superseded_by: superseded_by.map(|no| full(device, no)),
            warnings: install.warnings.clone(),
            steps: steps.map(|(at, step)| StepView::new(at, step)).collect(),
            forecast: detail.forecast.map(ForecastView::from),
            standing: detail.standing.into(),
        }
    }
}

/// How what was written is shown.
fn shown(caller: &Caller) -> impl Fn(&WrittenInstall) -> InstallView + Clone + Send + 'static {
    let (policies, now) = (caller.app().sync.policies(), caller.app().now());
    move |written| {
        let (device, install) = (written.device.clone(), written.install.clone());
        InstallDetail::new(device, install, &policies, None, now).into()
    }
}

/// `POST /devices/{id}/installs`.
pub(super) async fn create(
    caller: Caller,
    Id(id): Id<DeviceId>,
    Body(new): Body<NewInstall>,
) -> HandlerResult {
    let view = shown(&caller);
    let render = move |written: &WrittenInstall| {
        let view = view(written);
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
    let view = shown(&caller);
    let render = move |written: &WrittenInstall| ApiResponse::ok(&view(written));
    caller
        .write(render, async |app, by, options| {
            installs::cancel(app, by, id, options).await
        })
        .await
}
