//! `/console/batches/new`: one command for many devices.

use actix_web::{HttpRequest, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::entered_secrets::restored;
use super::new_command::{Made, preview};
use super::{Wrong, entered};
use crate::app::batches::{self, NewBatch};
use crate::app::input;
use crate::http::pages::visitor::{html, page, render};
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::batch::Batch;
use modegate_core::operations::{TypeForm, type_form, type_forms};
use modegate_pages::console::command_form::{command, secrets};
use modegate_pages::console::form::{Control, Entered, Input, Section};
use modegate_pages::console::new_command::{Preview, Targets, TypesPage};

const HERE: &str = "/console/batches/new";
/// The names of the fields that say for whom.
const TO: [&str; 3] = ["to", "to.groups", "to.devices"];

/// `GET /console/batches/new?device=&group=&all=&type=&app=`: the types, or the form of one, for
/// these devices, for these groups, or for all.
pub(in crate::http::pages) async fn show(visitor: Visitor, request: HttpRequest) -> Page {
    let query: Vec<(String, String)> =
        web::Query::from_query(request.query_string()).map_or_else(|_| Vec::new(), |query| query.0);
    form_for(&visitor, chosen(Entered(query)))
}

/// `POST /console/batches/new`: the devices that were selected in a list, what would become of
/// the batch, or it is started.
pub(in crate::http::pages) async fn submit(visitor: Visitor, form: Form) -> Page {
    let step = form.text("step").to_owned();
    if step.is_empty() {
        return form_for(&visitor, chosen(entered(&form)));
    }
    let type_form = type_form(form.text("type"));
    let type_form =
        type_form.ok_or_else(|| Problem::field("type", "a type of command", "another"))?;
    let entered = restored(&visitor, entered(&form), &secrets(&type_form));
    let made = made(&visitor, &type_form, entered);
    let new = match command(&type_form, &made.entered).and_then(|command| {
        let to = targets_of(&made.entered);
        input::read::<NewBatch>(&json!({"to": to, "command": command}))
    }) {
        Ok(new) => new,
        Err(faults) => return made.again(Wrong::fields(faults).without("command.")),
    };
    if step != "queue" {
        let previewed = batches::preview(visitor.app(), visitor.by(), new).await;
        return match previewed {
            Ok(Some((device, drafted))) => {
                let shown = preview(drafted, Some(device.record.source.0));
                Ok(html(render(&made.page(None, Some(shown)))?))
            }
            Ok(None) => Ok(html(render(&made.page(None, Some(nobody())))?)),
            Err(error) => made.again(Wrong::from_error(error)?.without("command.")),
        };
    }
    let place = |batch: &Batch| format!("/console/batches/{}", batch.id);
    let started = visitor.attempt(place, async |app, by, options| {
        batches::create(app, by, new, options).await
    });
    match started.await {
        Ok(page) => page,
        Err(error) => made.again(Wrong::from_error(error)?.without("command.")),
    }
}

fn form_for(visitor: &Visitor, entered: Entered) -> Page {
    match type_form(&entered.text("type")) {
        Some(form) => page(&made(visitor, &form, entered).page(None, None)),
        None => page(&types(visitor, &entered)),
    }
}

/// The choice of devices as the form has it: from the parameters `device`, `group` and `all` of
/// an address or of a list of devices.
fn chosen(entered: Entered) -> Entered {
    let all_of = |name: &str| {
        let same = entered.0.iter().filter(|(field, _)| field == name);
        same.map(|(_, text)| text.trim())
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (devices, groups) = (all_of("device"), all_of("group"));
    let to = match (&*devices, &*groups, entered.is_ticked("all")) {
        ("", "", true) => "all",
        ("", groups, _) if !groups.is_empty() => "groups",
        _ => "devices",
    };
    if !entered.text("to").is_empty() {
        return entered;
    }
    let entered = entered.with("to", to);
    entered
        .with("to.devices", devices)
        .with("to.groups", groups)
}

fn types(visitor: &Visitor, entered: &Entered) -> TypesPage {
    let carried = TO.map(|name| (name.to_owned(), entered.exact(name)));
    let lead = match &*entered.text("to") {
        "all" => "For every device that you may see.".to_owned(),
        "groups" => format!("For the groups {}.", entered.lines("to.groups").join(", ")),
        _ => match entered.lines("to.devices").len() {
            0 => "For which devices is asked on the next page.".to_owned(),
            count => format!("For {count} devices."),
        },
    };
    TypesPage {
        shell: visitor
            .shell("Start a batch")
            .below("/console/batches", "Batches"),
        lead: format!("{lead} What is the type of the command?"),
        action: HERE.to_owned(),
        fields: carried
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect(),
        types: type_forms().map(|form| (form.name, form.about)).collect(),
    }
}

fn made<'a>(visitor: &'a Visitor, form: &'a TypeForm, entered: Entered) -> Made<'a> {
    let query: Vec<String> = TO
        .iter()
        .filter(|name| !entered.text(name).is_empty())
        .map(|name| {
            let text = entered.exact(name);
            format!("{name}={}", utf8_percent_encode(&text, NON_ALPHANUMERIC))
        })
        .collect();
    let to = entered.text("to");
    Made {
        visitor,
        form,
        heading: format!("Queue {} for many devices", form.name),
        action: HERE.to_owned(),
        above: ("/console/batches".to_owned(), "Batches".to_owned()),
        other_type: format!("{HERE}?{}", query.join("&")),
        targets: Some(Targets {
            to,
            sections: vec![Section::plain(vec![
                Input::line(
                    "to.devices",
                    "Devices",
                    "Their ids, one a line; 10,000 at most",
                )
                .by(Control::Text),
                Input::line(
                    "to.groups",
                    "Groups",
                    "One a line: their devices as they are when their turn comes",
                )
                .by(Control::Text),
            ])],
        }),
        entered,
    }
}

/// What is said where no device was found that is meant.
fn nobody() -> Preview {
    Preview {
        kind: "",
        looked_at: None,
        modes: Vec::new(),
        forecast: None,
        replaces: Vec::new(),
        policy_set: String::new(),
    }
}

/// For whom, as the API takes it.
fn targets_of(entered: &Entered) -> Value {
    match &*entered.text("to") {
        "all" => json!({"all": true}),
        "groups" => json!({"groups": entered.lines("to.groups")}),
        "devices" => json!({"devices": entered.lines("to.devices")}),
        _ => json!({}),
    }
}
