//! `/console/apps/new` and `/console/apps/{app}/edit`: an app of the catalogue, by a form.

use actix_web::http::StatusCode;
use actix_web::web;
use serde_json::{Map, Value, json};

use super::entered_secrets::{restored, sealed};
use super::{Wrong, entered};
use crate::app::catalogue_input::{AppChange, NewApp};
use crate::app::revision::{Match, app_tag};
use crate::app::{AppError, WriteOptions, catalogue, input};
use crate::http::pages::visitor::{again, html, render};
use crate::http::pages::{Form, Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::catalogue::check::OPTIONS;
use modegate_core::catalogue::{App, Requirement};
use modegate_pages::console::apps::{AppFormPage, sections};
use modegate_pages::console::form::{Entered, Fault, fill};

/// Fields of a version that are lines of text, lists of lines, and secrets.
const TEXTS: [&str; 3] = ["version", "package_full_name", "action"];
const LISTS: [&str; 2] = ["urls", "dependencies"];
const SECRETS: [&str; 2] = ["licence", "job_data"];

fn secrets() -> Vec<String> {
    SECRETS.map(str::to_owned).to_vec()
}

/// A form for an app: a new one, or one that is there.
struct AppForm<'a> {
    visitor: &'a Visitor,
    app: Option<&'a App>,
    entered: Entered,
}

/// `GET /console/apps/new`.
pub(in crate::http::pages) async fn new(visitor: Visitor) -> Page {
    visitor.by().unbound()?;
    let form = AppForm {
        visitor: &visitor,
        app: None,
        entered: Entered::default(),
    };
    Ok(html(render(&form.page(None, String::new()))?))
}

/// `POST /console/apps/new`.
pub(in crate::http::pages) async fn create(visitor: Visitor, form: Form) -> Page {
    let form = AppForm {
        entered: restored(&visitor, entered(&form), &secrets()),
        visitor: &visitor,
        app: None,
    };
    let new = match input::read::<NewApp>(&form.value()) {
        Ok(new) => new,
        Err(faults) => return form.again(Wrong::fields(faults), String::new()),
    };
    let created = visitor.attempt(place, async |app, by, options| {
        catalogue::create(app, by, new, options).await
    });
    match created.await {
        Ok(page) => page,
        Err(error) => form.again(Wrong::from_error(error)?, String::new()),
    }
}

/// `GET /console/apps/{app}/edit`.
pub(in crate::http::pages) async fn edit(visitor: Visitor, path: web::Path<String>) -> Page {
    visitor.by().unbound()?;
    let app = catalogue::one(visitor.app(), visitor.by(), &path).await?;
    let form = AppForm {
        visitor: &visitor,
        entered: as_entered(&app),
        app: Some(&app),
    };
    Ok(html(render(&form.page(None, app_tag(&app)))?))
}

/// `POST /console/apps/{app}/edit`.
pub(in crate::http::pages) async fn change(
    visitor: Visitor,
    path: web::Path<String>,
    form: Form,
) -> Page {
    let app = catalogue::one(visitor.app(), visitor.by(), &path).await?;
    let (tag, expected) = (
        form.text("tag").to_owned(),
        form.optional("tag").map(Match::read),
    );
    let form = AppForm {
        entered: restored(&visitor, entered(&form), &secrets()),
        visitor: &visitor,
        app: Some(&app),
    };
    let change = match input::read::<AppChange>(&form.value()) {
        Ok(change) => change,
        Err(faults) => return form.again(Wrong::fields(faults), tag),
    };
    let changed = visitor.attempt(place, async |shared, by, mut options: WriteOptions<App>| {
        options.expected = expected;
        catalogue::change(shared, by, &app.id, change, options).await
    });
    match changed.await {
        Ok(page) => page,
        Err(AppError::Stale(_)) => {
            let text = "Somebody changed the app meanwhile. What is entered here stands as it was; sent \
                        again, it takes the place of what is there now.";
            form.again(conflict(text), app_tag(&app))
        }
        Err(error) => form.again(Wrong::from_error(error)?, tag),
    }
}

fn conflict(text: &str) -> Wrong {
    Wrong {
        status: StatusCode::CONFLICT,
        fields: Vec::new(),
        rest: vec![Fault::of_all(text)],
    }
}

fn place(app: &App) -> String {
    format!("/console/apps/{}?notice=saved", app.id)
}

/// An app as it would be entered; of its versions none.
fn as_entered(app: &App) -> Entered {
    let entered = Entered::default()
        .with("name", &*app.name)
        .with("description", app.description.clone().unwrap_or_default())
        .with("groups", app.groups.join("\n"));
    match &app.requires {
        None => entered,
        Some(Requirement::Compliant(baseline)) => {
            let baseline = baseline.as_ref().map(ToString::to_string);
            entered
                .with("requires", "1")
                .with("requires_baseline", baseline.unwrap_or_default())
        }
    }
}

impl AppForm<'_> {
    /// What was entered, as the API takes it.
    fn value(&self) -> Value {
        let entered = &self.entered;
        let mut fields = Map::new();
        let given = |name: &str| Some(entered.text(name)).filter(|text| !text.is_empty());
        let id = given("id").filter(|_| self.app.is_none());
        fields.extend(id.map(|id| ("id".to_owned(), id.into())));
        fields.insert("name".to_owned(), entered.text("name").into());
        fields.insert("description".to_owned(), given("description").into());
        fields.insert("groups".to_owned(), entered.lines("groups").into());
        let requires = entered.is_ticked("requires").then_some("compliant");
        fields.insert("requires".to_owned(), requires.into());
        let baseline = given("requires_baseline");
        if requires.is_some() || baseline.is_some() {
            fields.insert("requires_baseline".to_owned(), baseline.into());
        }
        self.add_version(&mut fields);
        Value::Object(fields)
    }

    /// Adds what was entered of a version: nothing where nothing was.
    fn add_version(&self, fields: &mut Map<String, Value>) {
        let entered = &self.entered;
        let before = fields.len();
        for name in TEXTS {
            let text = entered.text(name);
            // A number, or a word.
            let value = match text.parse::<u32>() {
                Ok(number) if name == "action" => number.into(),
                _ => Value::from(&*text),
            };
            if !text.is_empty() {
                fields.insert(name.to_owned(), value);
            }
        }
        for name in LISTS {
            let lines = entered.lines(name);
            if !lines.is_empty() {
                fields.insert(name.to_owned(), lines.into());
            }
        }
        for name in SECRETS {
            let text = entered.exact(name);
            if !text.trim().is_empty() {
                fields.insert(name.to_owned(), text.into());
            }
        }
        let named = OPTIONS.iter().map(|(name, _)| *name);
        let ticked = named.filter(|name| entered.is_ticked(&format!("options.{name}")));
        let ticked: Vec<&str> = ticked.collect();
        if fields.len() > before || !ticked.is_empty() {
            fields.insert("options".to_owned(), json!(ticked));
        }
    }

    fn page(&self, wrong: Option<Wrong>, tag: String) -> AppFormPage {
        let mut sections = sections(self.app.is_none(), &OPTIONS.map(|(name, _)| name));
        let (fields, mut faults) = match wrong {
            Some(wrong) => (wrong.fields, wrong.rest),
            None => (Vec::new(), Vec::new()),
        };
        faults.extend(fill(&mut sections, &self.entered, &fields));
        let kept = sealed(self.visitor, &self.entered, &secrets(), &mut sections);
        let (heading, action, button, back, name) = match self.app {
            None => (
                "Add an app".to_owned(),
                "/console/apps/new".to_owned(),
                "Add the app",
                "/console/apps".to_owned(),
                "Apps",
            ),
            Some(app) => (
                format!("Change {}", app.name),
                format!("/console/apps/{}/edit", app.id),
                "Save",
                format!("/console/apps/{}", app.id),
                &*app.name,
            ),
        };
        let title = match faults.is_empty() {
            true => heading.clone(),
            false => format!("Error: {heading}"),
        };
        AppFormPage {
            shell: self.visitor.shell(title).below(&*back, name),
            heading,
            action,
            button,
            once: self.visitor.once(),
            tag,
            sections,
            faults,
            kept,
            back,
        }
    }

    fn again(&self, wrong: Wrong, tag: String) -> Result<actix_web::HttpResponse, Problem> {
        let status = wrong.status;
        Ok(again(status, render(&self.page(Some(wrong), tag))?))
    }
}
