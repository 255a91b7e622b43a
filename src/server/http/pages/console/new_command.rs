//! `/console/devices/{device}/commands/new`: a command for one device, by a form made from the
//! schema of its type.

use actix_web::web;
use serde::Deserialize;

use super::entered_secrets::{restored, sealed};
use super::{Wrong, entered, named, path_id};
use crate::app::commands::{self, Drafted};
use crate::http::pages::visitor::{again, html, render};
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::operations::{TypeForm, type_form, type_forms};
use modegate_core::session::preview::DraftVerdict;
use modegate_pages::console::command_form::{command, secrets, sections};
use modegate_pages::console::form::{Entered, Section, fill};
use modegate_pages::console::new_command::{
    NewCommandPage, Preview, PreviewMode, Targets, TypesPage,
};
use modegate_pages::console::state::StateBadge;

/// Which type, and the app that an install is of.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct TypeQuery {
    #[serde(default, rename = "type")]
    name: String,
    #[serde(default)]
    app: String,
}

/// `GET /console/devices/{device}/commands/new`: the types, or the form of one.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    path: web::Path<String>,
    query: web::Query<TypeQuery>,
) -> Page {
    let id: DeviceId = path_id(&path, "device")?;
    let looker = visitor.clone();
    let text = visitor.off_workers(move || async move {
        let device = looker.by().device(looker.app(), id).await?;
        match form_of(&query.name, &device) {
            Some(form) => {
                let entered = Entered::default().with("app", query.app.clone());
                let made = Made::of(&looker, &device, &form, entered);
                render(&made.page(None, None))
            }
            None => render(&types(&looker, &device)),
        }
    });
    Ok(html(text.await??))
}

/// `POST /console/devices/{device}/commands/new`: what would become of it, or it is queued.
pub(in crate::http::pages) async fn submit(
    visitor: Visitor,
    path: web::Path<String>,
    form: Form,
) -> Page {
    let id: DeviceId = path_id(&path, "device")?;
    let device = visitor.by().device(visitor.app(), id).await?;
    let type_form = form_of(form.text("type"), &device);
    let type_form =
        type_form.ok_or_else(|| Problem::field("type", "a type of command", "another"))?;
    let entered = restored(&visitor, entered(&form), &secrets(&type_form));
    let made = Made::of(&visitor, &device, &type_form, entered);
    let wanted = match command(&type_form, &made.entered) {
        Ok(wanted) => wanted,
        Err(faults) => return made.again(Wrong::fields(faults)),
    };
    if form.text("step") != "queue" {
        let drafted = commands::draft(visitor.app(), visitor.by(), id, wanted).await;
        return match drafted {
            Ok(drafted) => Ok(html(render(
                &made.page(None, Some(preview(drafted, None))),
            )?)),
            Err(error) => made.again(Wrong::from_error(error)?),
        };
    }
    let place = |queued: &commands::DeviceCommand| {
        format!("/console/commands/{}?notice=queued", queued.0.id)
    };
    let queued = visitor.attempt(place, async |app, by, options| {
        commands::queue(app, by, id, wanted, options).await
    });
    match queued.await {
        Ok(page) => page,
        Err(error) => made.again(Wrong::from_error(error)?),
    }
}

/// The form of a type that the device's family has.
fn form_of(name: &str, device: &Device) -> Option<TypeForm> {
    type_form(name).filter(|form| form.families.contains(&device.record.family))
}

fn types(visitor: &Visitor, device: &Device) -> TypesPage {
    let ((id, name), family) = (named(device), device.record.family);
    let own = type_forms().filter(|form| form.families.contains(&family));
    TypesPage {
        lead: format!("For {name} ({}). What is its type?", family.title()),
        action: new_of(&id),
        fields: Vec::new(),
        types: own.map(|form| (form.name, form.about)).collect(),
        shell: visitor
            .shell(format!("Queue a command for {name}"))
            .below(format!("/console/devices/{id}"), name),
    }
}

fn new_of(device: &str) -> String {
    format!("/console/devices/{device}/commands/new")
}

/// A form that is shown, with what was entered.
pub(super) struct Made<'a> {
    pub(super) visitor: &'a Visitor,
    pub(super) form: &'a TypeForm,
    pub(super) entered: Entered,
    /// The title and the question.
    pub(super) heading: String,
    /// Where the form is posted to.
    pub(super) action: String,
    /// The page above: its address and its name.
    pub(super) above: (String, String),
    /// Where another type is chosen.
    pub(super) other_type: String,
    /// For whom, where that is asked.
    pub(super) targets: Option<Targets>,
}

impl<'a> Made<'a> {
    fn of(visitor: &'a Visitor, device: &Device, form: &'a TypeForm, entered: Entered) -> Self {
        let (id, name) = named(device);
        Made {
            visitor,
            form,
            entered,
            heading: format!("Queue {} for {name}", form.name),
            action: new_of(&id),
            above: (format!("/console/devices/{id}"), name),
            other_type: new_of(&id),
            targets: None,
        }
    }

    /// The page, with what is wrong or what would become of it.
    pub(super) fn page(&self, wrong: Option<Wrong>, preview: Option<Preview>) -> NewCommandPage {
        let (visitor, mut targets) = (self.visitor, self.targets.clone());
        let own: &mut [Section] = match &mut targets {
            Some(targets) => &mut targets.sections,
            None => &mut [],
        };
        let mut sections = sections(self.form, self.targets.is_some());
        let (fields, mut faults) = match wrong {
            Some(wrong) => (wrong.fields, wrong.rest),
            None => (Vec::new(), Vec::new()),
        };
        let is_own = |field: &str| field == "to" || field.starts_with("to.");
        let (of_own, of_command) = fields
            .into_iter()
            .partition::<Vec<_>, _>(|fault| is_own(&fault.field));
        faults.extend(fill(own, &self.entered, &of_own));
        faults.extend(fill(&mut sections, &self.entered, &of_command));
        let kept = sealed(visitor, &self.entered, &secrets(self.form), &mut sections);
        let title = match faults.is_empty() {
            true => self.heading.clone(),
            false => format!("Error: {}", self.heading),
        };
        NewCommandPage {
            shell: visitor.shell(title).below(&*self.above.0, &*self.above.1),
            heading: self.heading.clone(),
            about: self.form.about,
            action: self.action.clone(),
            type_name: self.form.name,
            once: visitor.once(),
            targets,
            sections,
            faults,
            kept,
            preview,
            other_type: self.other_type.clone(),
        }
    }

    /// The form again, with what is wrong.
    pub(super) fn again(&self, wrong: Wrong) -> Page {
        let status = wrong.status;
        Ok(again(status, render(&self.page(Some(wrong), None))?))
    }
}

/// What would become of a command, as the page shows it.
pub(super) fn preview(drafted: Drafted, looked_at: Option<String>) -> Preview {
    let draft = drafted.draft;
    let modes = draft.modes.into_iter().map(|(mode, verdict)| {
        let (name, rules) = match verdict {
            DraftVerdict::Deliver(rules) => ("deliver", rules),
            DraftVerdict::Withhold(held) => ("withhold", held.rules),
            DraftVerdict::Refuse(held) => ("refuse", held.rules),
        };
        PreviewMode {
            mode: mode.name(),
            verdict: StateBadge::new(name),
            rules,
        }
    });
    Preview {
        kind: draft.kind.name(),
        looked_at,
        modes: modes.collect(),
        forecast: drafted.forecast.map(|forecast| forecast.text),
        replaces: draft.replaces.iter().map(|seq| seq.0).collect(),
        policy_set: drafted.policies.digest().to_string(),
    }
}
