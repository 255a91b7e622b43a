//! `/console/installs`: who asked for which app on which device, and where it stands.

use actix_web::web;
use serde::Deserialize;

use super::{may_operate, named, path_id};
use crate::app::installs::{self, FleetInstalls, InstallDetail};
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::device::Device;
use modegate_core::fields::quoted;
use modegate_core::ids::CommandId;
use modegate_core::installs::{Install, InstallId, InstallState, Step};
use modegate_pages::console::confirm::ConfirmPage;
use modegate_pages::console::installs::{InstallPage, InstallRow, InstallsPage, StepLine};
use modegate_pages::console::state::StateBadge;
use modegate_pages::portal::{Clock, OutlookWords, status, steps as stages};
use modegate_store::api::WrittenInstall;

const PER_PAGE: usize = 50;

/// Which installs, and where the list goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

impl Filter {
    fn which(&self) -> Result<FleetInstalls, Problem> {
        let state = InstallState::from_name(&self.state).map(FleetInstalls::In);
        match &*self.state {
            "" | "open" => Ok(FleetInstalls::Open),
            "all" => Ok(FleetInstalls::All),
            other => state.ok_or_else(|| {
                let names: Vec<&str> = choices().into_iter().map(|(name, _)| name).collect();
                let expected = format!("one of {}", names.join(", "));
                Problem::field("state", expected, quoted(other))
            }),
        }
    }

    fn after(&self) -> Result<Option<InstallId>, Problem> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let wrong = |_| Problem::field("after", "the address behind Next", quoted(&self.after));
        self.after.parse().map(Some).map_err(wrong)
    }
}

/// What may be asked for.
fn choices() -> Vec<(&'static str, String)> {
    let ends = [("open", "all under way"), ("all", "all that are kept")];
    let states =
        InstallState::ALL.map(|state| (state.name(), StateBadge::new(state.name()).text()));
    let ends = ends.map(|(name, text)| (name, text.to_owned()));
    ends.into_iter().chain(states).collect()
}

/// `GET /console/installs?state=&after=`.
pub(in crate::http::pages) async fn list(visitor: Visitor, filter: web::Query<Filter>) -> Page {
    visitor
        .read(move |visitor| async move {
            let (which, after) = (filter.which()?, filter.after()?);
            let (app, by) = (visitor.app(), visitor.by());
            let found = installs::fleet(app, by, which, after, PER_PAGE).await?;
            let rows = found.items.iter();
            Ok(InstallsPage {
                shell: visitor.shell("Installs"),
                which: match &*filter.state {
                    "" => "open".to_owned(),
                    state => state.to_owned(),
                },
                choices: choices(),
                rows: rows.map(|(device, install)| row(device, install)).collect(),
                next: found.next.map(|id| id.to_string()),
                is_first: after.is_none(),
            })
        })
        .await
}

fn row(device: &Device, install: &Install) -> InstallRow {
    let id = InstallId {
        device: device.id,
        no: install.no,
    };
    InstallRow {
        id: id.to_string(),
        app: (install.app.clone(), install.name.clone()),
        version: install.version.as_str().to_owned(),
        device: named(device),
        state: StateBadge::new(install.state.name()),
        reason: install.reason.clone(),
        requested_at: install.requested_at,
        requested_by: install.requested_by.clone(),
    }
}

/// `GET /console/installs/{install}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: InstallId = path_id(&path, "install")?;
    let looker = visitor.clone();
    let detail = visitor
        .off_workers(move || async move { installs::one(looker.app(), looker.by(), id).await })
        .await??;
    let shown = install_page(&visitor, detail);
    if let Some(unchanged) = visitor.unchanged(&shown.revision) {
        return Ok(unchanged);
    }
    page(&shown)
}

fn install_page(visitor: &Visitor, detail: InstallDetail) -> InstallPage {
    let InstallDetail {
        device,
        install,
        forecast,
        standing,
    } = detail;
    let (shown, is_open) = (row(&device, &install), !install.state.is_final());
    let clock = Clock {
        offset_minutes: device.state.activity.plan.offset_minutes,
        now: visitor.now(),
        language: visitor.guest.language,
    };
    let outlook = OutlookWords::new(&install, &standing, &clock);
    let other = |no| InstallId {
        device: device.id,
        no,
    };
    let command = CommandId {
        device: device.id,
        seq: install.command,
    };
    // What is forecast changes with the device, too.
    let (moved, steps) = (device.state.revision, install.steps.len());
    let (name, version) = (&install.name, install.version.as_str());
    let title = format!("{name} {version} on {} ({})", shown.device.1, install.no);
    InstallPage {
        shell: visitor.shell(title).below("/console/installs", "Installs"),
        install: shown,
        status: status(&standing, &outlook, clock.language),
        stages: stages(&install, &standing, &clock),
        progress: install.progress,
        last_error: install.last_error.map(|error| format!("0x{error:08X}")),
        forecast: forecast.map(|forecast| forecast.text),
        command: command.to_string(),
        readings: install.reads,
        superseded_by: install.superseded_by.map(|no| other(no).to_string()),
        steps: install.steps.into_iter().map(step_line).collect(),
        job_id: install.job_id,
        warnings: install.warnings,
        revision: format!("{}.{steps}.{moved}", install.reads),
        is_open,
        may_operate: may_operate(visitor),
        once: visitor.once(),
    }
}

fn step_line(step: Step) -> StepLine {
    StepLine {
        at: step.at,
        state: StateBadge::new(step.state.name()),
        detail: step.detail,
        progress: step.progress,
    }
}

/// `GET /console/installs/{install}/take-back`: asks once more.
pub(in crate::http::pages) async fn ask_take_back(
    visitor: Visitor,
    path: web::Path<String>,
) -> Page {
    let id: InstallId = path_id(&path, "install")?;
    let (device, install) = installs::find(visitor.app(), visitor.by(), id).await?;
    let (here, shown) = (format!("/console/installs/{id}"), row(&device, &install));
    let (name, version) = (&shown.app.1, &shown.version);
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Take back {name} {version} on {}", shown.device.1))
            .below(&*here, &**name),
        heading: format!("Take back {name} {version}?"),
        text: "If its command was not sent yet, the device does not get it. What was sent already, the \
               device may install all the same."
            .to_owned(),
        facts: vec![("Device", shown.device.1), ("State", shown.state.text())],
        action: format!("{here}/take-back"),
        button: "Take it back",
        once: visitor.once(),
        fields: Vec::new(),
        back: here,
    })
}

/// `POST /console/installs/{install}/take-back`.
pub(in crate::http::pages) async fn take_back(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: InstallId = path_id(&path, "install")?;
    let place = move |_: &WrittenInstall| format!("/console/installs/{id}?notice=cancelled");
    visitor
        .write(place, async |app, by, options| {
            installs::cancel(app, by, id, options).await
        })
        .await
}

/// `POST /console/installs/{install}/again`: the same app and version on the same device.
pub(in crate::http::pages) async fn again(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: InstallId = path_id(&path, "install")?;
    let place = |written: &WrittenInstall| {
        let id = InstallId {
            device: written.device.id,
            no: written.install.no,
        };
        format!("/console/installs/{id}?notice=queued")
    };
    visitor
        .write(place, async |app, by, options| {
            installs::again(app, by, id, options).await
        })
        .await
}
