//! `/console/access/webhooks/new`, `…/{webhook}/edit` and `…/{webhook}/secret`: a webhook, and
//! its secret, by forms.

use actix_web::web;
use serde_json::{Map, Value};

use super::webhooks::{BASE, host, place};
use super::{Wrong, entered, path_id};
use crate::app::webhooks::{self, CreatedWebhook, NewSecret, NewWebhook, WebhookChange};
use crate::app::{WriteOptions, input};
use crate::http::pages::visitor::{again, page, render, see_other};
use crate::http::pages::{Form, Page, Visitor};
use modegate_core::webhooks::{Webhook, WebhookId, event_names};
use modegate_pages::console::form::{Control, Entered, Input, Section, fill};
use modegate_pages::console::form_page::FormPage;
use modegate_pages::console::secret::SecretPage;
use modegate_store::api::Keep;

/// What the name of an event begins with among the fields of a form.
const EVENT: &str = "event-";

/// `GET /console/access/webhooks/new`.
pub(in crate::http::pages) async fn new(visitor: Visitor) -> Page {
    page(&webhook_form(&visitor, None, &Entered::default(), None))
}

/// `POST /console/access/webhooks/new`. A secret that the server made is on the page that
/// answers and nowhere else.
pub(in crate::http::pages) async fn create(visitor: Visitor, form: Form) -> Page {
    let entered = entered(&form);
    let made = async {
        let new = input::read::<NewWebhook>(&value(&entered, FormKind::New))?;
        webhooks::create(visitor.app(), visitor.by(), new, once(&visitor)).await
    };
    match made.await {
        Ok(made) => secret_page(&visitor, &made, "saved"),
        Err(error) => {
            let wrong = Wrong::from_error(error)?;
            let status = wrong.status;
            let page = webhook_form(&visitor, None, &entered, Some(wrong));
            Ok(again(status, render(&page)?))
        }
    }
}

/// `GET /console/access/webhooks/{webhook}/edit`.
pub(in crate::http::pages) async fn edit(visitor: Visitor, path: web::Path<String>) -> Page {
    let webhook = named(&visitor, &path).await?;
    let filled = as_entered(&webhook);
    page(&webhook_form(&visitor, Some(&webhook), &filled, None))
}

/// `POST /console/access/webhooks/{webhook}/edit`.
pub(in crate::http::pages) async fn change(
    visitor: Visitor,
    path: web::Path<String>,
    form: Form,
) -> Page {
    let (webhook, entered) = (named(&visitor, &path).await?, entered(&form));
    let id = webhook.id;
    let wrong = match input::read::<WebhookChange>(&value(&entered, FormKind::Old)) {
        Err(faults) => Wrong::fields(faults),
        Ok(change) => {
            let place = move |_: &Webhook| place(id, "saved");
            let changed = visitor.attempt(place, async |app, by, options| {
                webhooks::change(app, by, id, change, options).await
            });
            match changed.await {
                Ok(page) => return page,
                Err(error) => Wrong::from_error(error)?,
            }
        }
    };
    let status = wrong.status;
    let page = webhook_form(&visitor, Some(&webhook), &entered, Some(wrong));
    Ok(again(status, render(&page)?))
}

/// `GET /console/access/webhooks/{webhook}/secret`.
pub(in crate::http::pages) async fn ask_secret(visitor: Visitor, path: web::Path<String>) -> Page {
    let webhook = named(&visitor, &path).await?;
    page(&secret_form(&visitor, &webhook, &Entered::default(), None))
}

/// `POST /console/access/webhooks/{webhook}/secret`.
pub(in crate::http::pages) async fn change_secret(
    visitor: Visitor,
    path: web::Path<String>,
    form: Form,
) -> Page {
    let (webhook, entered) = (named(&visitor, &path).await?, entered(&form));
    let changed = async {
        let new = input::read::<NewSecret>(&secret_value(&entered))?;
        let (app, by) = (visitor.app(), visitor.by());
        webhooks::rotate_secret(app, by, webhook.id, new, once(&visitor)).await
    };
    match changed.await {
        Ok(changed) => secret_page(&visitor, &changed, "saved"),
        Err(error) => {
            let wrong = Wrong::from_error(error)?;
            let status = wrong.status;
            let page = secret_form(&visitor, &webhook, &entered, Some(wrong));
            Ok(again(status, render(&page)?))
        }
    }
}

async fn named(visitor: &Visitor, path: &str) -> Result<Webhook, crate::http::problem::Problem> {
    let id: WebhookId = path_id(path, "webhook")?;
    let (webhook, _) = webhooks::one(visitor.app(), id).await?;
    Ok(webhook)
}

/// The same form sent again does nothing, and leads to the webhook without its secret.
fn once(visitor: &Visitor) -> WriteOptions<CreatedWebhook> {
    let leads = |made: &CreatedWebhook| place(made.webhook.id, "shown-already").into_bytes();
    let keep = visitor.once.clone().map(|key| Keep {
        key,
        render: Box::new(leads),
    });
    WriteOptions {
        expected: None,
        keep,
    }
}

/// The secret that the server made, once; the webhook's page where somebody gave one.
fn secret_page(visitor: &Visitor, made: &CreatedWebhook, notice: &'static str) -> Page {
    let id = made.webhook.id;
    let Some(secret) = &made.secret else {
        return Ok(see_other(&place(id, notice)));
    };
    let host = host(&made.webhook);
    page(&SecretPage {
        shell: visitor
            .shell(format!("Secret of the webhook to {host}"))
            .below(format!("{BASE}/{id}"), host.clone()),
        heading: "The webhook's secret",
        about: "The receiver verifies by it that a request comes from this server.",
        values: vec![("Webhook to", host), ("Secret", secret.reveal().to_owned())],
    })
}

/// Whether a form is for a new webhook: what is empty there is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FormKind {
    New,
    Old,
}

/// What was entered, as the API takes it.
fn value(entered: &Entered, kind: FormKind) -> Value {
    let mut fields = Map::new();
    for name in ["url", "secret"] {
        let text = entered.text(name);
        if !text.is_empty() {
            fields.insert(name.to_owned(), text.into());
        }
    }
    let names = event_names().into_iter();
    let events: Vec<String> = names
        .filter(|name| entered.is_ticked(&format!("{EVENT}{name}")))
        .collect();
    if kind == FormKind::Old || !events.is_empty() {
        fields.insert("events".to_owned(), events.into());
    }
    fields.insert("groups".to_owned(), entered.lines("groups").into());
    Value::Object(fields)
}

fn secret_value(entered: &Entered) -> Value {
    let (secret, hours) = (entered.text("secret"), entered.text("overlap_s"));
    let mut fields = Map::new();
    if !secret.is_empty() {
        fields.insert("secret".to_owned(), secret.into());
    }
    if !hours.is_empty() {
        // What is no number is refused with the field's name.
        let number = hours.parse::<i64>();
        let number = number.map_or_else(|_| Value::String(hours), Value::from);
        fields.insert("overlap_s".to_owned(), number);
    }
    Value::Object(fields)
}

fn as_entered(webhook: &Webhook) -> Entered {
    let events = webhook.events.iter();
    let ticked = events.map(|event| (format!("{EVENT}{event}"), "1".to_owned()));
    Entered(ticked.collect()).with("groups", webhook.groups.join("\n"))
}

fn secret_input(hint: &str) -> Input {
    Input::line("secret", "Secret", hint).by(Control::Secret {
        is_long: false,
        is_kept: false,
    })
}

fn webhook_form(
    visitor: &Visitor,
    webhook: Option<&Webhook>,
    entered: &Entered,
    wrong: Option<Wrong>,
) -> FormPage {
    let url_hint = match webhook {
        None => {
            "Where the events are posted: https, and a public address unless webhooks.allow_private is set"
        }
        Some(_) => {
            "Leave it empty to keep the one that is there; it is not shown, since it may let its reader in"
        }
    };
    let url = Input::line("url", "URL", url_hint);
    let groups = Input::line(
        "groups",
        "Groups",
        "Only of devices of these groups, one a line, and then no alert about anything else; all devices if empty",
    );
    let mut inputs = match webhook {
        None => vec![
            url.required(),
            secret_input(
                "16 to 256 characters; the server makes one if it is empty, and shows it once",
            ),
        ],
        Some(_) => vec![url],
    };
    inputs.push(groups.by(Control::Text));
    let events = event_names().into_iter();
    let events =
        events.map(|name| Input::line(&format!("{EVENT}{name}"), &name, "").by(Control::Box));
    let sections = vec![
        Section::plain(inputs),
        Section {
            legend: Some("Events".to_owned()),
            hint: webhook
                .is_none()
                .then(|| "install.* if none is ticked".to_owned()),
            inputs: events.collect(),
        },
    ];
    let (heading, action, button) = match webhook {
        None => (
            "Add a webhook".to_owned(),
            format!("{BASE}/new"),
            "Add the webhook",
        ),
        Some(one) => (
            format!("Change the webhook to {}", host(one)),
            format!("{BASE}/{}/edit", one.id),
            "Save",
        ),
    };
    form_page(visitor, (heading, action, button), sections, entered, wrong)
}

fn secret_form(
    visitor: &Visitor,
    webhook: &Webhook,
    entered: &Entered,
    wrong: Option<Wrong>,
) -> FormPage {
    let overlap = Input::line(
        "overlap_s",
        "Overlap",
        "For how many seconds requests are signed with the secret of before, too; a day (86400) if empty, 30 days at most",
    );
    let secret = secret_input(
        "16 to 256 characters; the server makes one if it is empty, and shows it once",
    );
    let sections = vec![Section::plain(vec![secret, overlap.by(Control::Number)])];
    let heading = format!("Change the secret of the webhook to {}", host(webhook));
    let action = format!("{BASE}/{}/secret", webhook.id);
    form_page(
        visitor,
        (heading, action, "Change the secret"),
        sections,
        entered,
        wrong,
    )
}

fn form_page(
    visitor: &Visitor,
    (heading, action, button): (String, String, &'static str),
    mut sections: Vec<Section>,
    entered: &Entered,
    wrong: Option<Wrong>,
) -> FormPage {
    let (fields, mut faults) =
        wrong.map_or_else(Default::default, |wrong| (wrong.fields, wrong.rest));
    faults.extend(fill(&mut sections, entered, &fields));
    let title = match faults.is_empty() {
        true => heading.clone(),
        false => format!("Error: {heading}"),
    };
    FormPage {
        shell: visitor.shell(title).below(BASE, "Webhooks"),
        heading,
        action,
        button,
        once: visitor.once(),
        sections,
        faults,
        back: BASE,
    }
}
