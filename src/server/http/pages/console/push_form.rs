//! `/console/push/new` and `/console/push/{profile}/edit`: a push profile, by a form.

use actix_web::web;
use serde_json::{Map, Value};

use super::push::{named, place};
use super::{Wrong, entered};
use crate::app::input;
use crate::app::push_profiles::{self, NewPushProfile, PushProfileChange};
use crate::http::pages::visitor::{again, page, render};
use crate::http::pages::{Form, Page, Visitor};
use modegate_core::push::profile::TokenForm;
use modegate_core::push::record::PushProfile;
use modegate_pages::console::form::{Control, Entered, Input, Section, fill};
use modegate_pages::console::form_page::FormPage;

const LINES: [&str; 6] = ["token_form", "pfn", "app_id", "sid", "tenant", "client_id"];

/// `GET /console/push/new`.
pub(in crate::http::pages) async fn new(visitor: Visitor) -> Page {
    page(&form_page(&visitor, None, &Entered::default(), None))
}

/// `POST /console/push/new`.
pub(in crate::http::pages) async fn create(visitor: Visitor, form: Form) -> Page {
    let entered = entered(&form);
    let wrong = match input::read::<NewPushProfile>(&value(&entered)) {
        Err(faults) => Wrong::fields(faults),
        Ok(new) => {
            let made = visitor.attempt(place("saved"), async |app, by, options| {
                push_profiles::create(app, by, new, options).await
            });
            match made.await {
                Ok(page) => return page,
                Err(error) => Wrong::from_error(error)?,
            }
        }
    };
    let status = wrong.status;
    let page = form_page(&visitor, None, &entered, Some(wrong));
    Ok(again(status, render(&page)?))
}

/// `GET /console/push/{profile}/edit`.
pub(in crate::http::pages) async fn edit(visitor: Visitor, path: web::Path<String>) -> Page {
    let profile = named(&visitor, &path)?;
    let filled = as_entered(&profile);
    page(&form_page(&visitor, Some(&profile), &filled, None))
}

/// `POST /console/push/{profile}/edit`.
pub(in crate::http::pages) async fn change(
    visitor: Visitor,
    path: web::Path<String>,
    form: Form,
) -> Page {
    let (profile, entered) = (named(&visitor, &path)?, entered(&form));
    let wrong = match input::read::<PushProfileChange>(&value(&entered)) {
        Err(faults) => Wrong::fields(faults),
        Ok(change) => {
            let id = profile.id;
            let changed = visitor.attempt(place("saved"), async |app, by, options| {
                push_profiles::change(app, by, id, change, options).await
            });
            match changed.await {
                Ok(page) => return page,
                Err(error) => Wrong::from_error(error)?,
            }
        }
    };
    let status = wrong.status;
    let page = form_page(&visitor, Some(&profile), &entered, Some(wrong));
    Ok(again(status, render(&page)?))
}

/// What was entered, as the API takes it; what is empty is left out.
fn value(entered: &Entered) -> Value {
    let mut fields = Map::new();
    for name in LINES.into_iter().chain(["secret"]) {
        let text = entered.text(name);
        if !text.is_empty() {
            fields.insert(name.to_owned(), text.into());
        }
    }
    fields.insert("groups".to_owned(), entered.lines("groups").into());
    Value::Object(fields)
}

fn as_entered(profile: &PushProfile) -> Entered {
    let sid = profile.sid.map(|sid| sid.to_string());
    let form = match profile.form {
        TokenForm::Legacy => "legacy",
        TokenForm::Entra => "entra",
    };
    Entered::default()
        .with("token_form", form)
        .with("pfn", profile.pfn.as_str())
        .with("app_id", &*profile.app_id)
        .with("sid", sid.unwrap_or_default())
        .with("tenant", profile.tenant.clone().unwrap_or_default())
        .with("client_id", profile.client_id.clone().unwrap_or_default())
        .with("groups", profile.groups.join("\n"))
}

fn form_page(
    visitor: &Visitor,
    profile: Option<&PushProfile>,
    entered: &Entered,
    wrong: Option<Wrong>,
) -> FormPage {
    let mut sections = vec![Section::plain(inputs(profile.is_none()))];
    let (fields, mut faults) =
        wrong.map_or_else(Default::default, |wrong| (wrong.fields, wrong.rest));
    faults.extend(fill(&mut sections, entered, &fields));
    let (heading, action, button) = match profile {
        None => (
            "Add a push profile".to_owned(),
            "/console/push/new".to_owned(),
            "Add the push profile",
        ),
        Some(one) => (
            format!("Change the push profile {}", one.pfn.as_str()),
            format!("/console/push/{}/edit", one.id.simple()),
            "Save",
        ),
    };
    let title = match faults.is_empty() {
        true => heading.clone(),
        false => format!("Error: {heading}"),
    };
    FormPage {
        shell: visitor.shell(title).below("/console/push", "Push"),
        heading,
        action,
        button,
        once: visitor.once(),
        sections,
        faults,
        back: "/console/push",
    }
}

fn inputs(is_new: bool) -> Vec<Input> {
    let secret = Control::Secret {
        is_long: false,
        is_kept: false,
    };
    let secret_hint = match is_new {
        true => "The app secret; kept sealed, and not shown again",
        false => "Leave it empty to keep the one that is there",
    };
    let forms = Control::Choice(vec!["legacy".to_owned(), "entra".to_owned()]);
    let input = Input::line;
    let secret = input("secret", "Secret", secret_hint).by(secret);
    vec![
        input(
            "pfn",
            "Package family name",
            "As the Partner Center shows it",
        )
        .required(),
        input(
            "token_form",
            "Token service",
            "legacy (the default) needs the SID; entra needs tenant and application id",
        )
        .by(forms),
        input(
            "sid",
            "Package SID",
            "ms-app://S-1-15-2-… and seven numbers",
        ),
        input("tenant", "Tenant", "For entra"),
        input("client_id", "Application id", "For entra"),
        match is_new {
            true => secret.required(),
            false => secret,
        },
        input(
            "app_id",
            "AppId",
            "A stable name of your choice; modegate if empty",
        ),
        input(
            "groups",
            "Groups",
            "The device groups that use it, one a line; all devices if empty",
        )
        .by(Control::Text),
    ]
}
