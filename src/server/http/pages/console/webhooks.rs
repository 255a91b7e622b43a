//! `/console/access/webhooks`: what is reported where, and whether it arrives.

use actix_web::web;
use serde::Deserialize;

use super::path_id;
use crate::app::webhooks;
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::webhooks::{DeliveryRecord, DeliveryStanding, Webhook, WebhookId};
use modegate_pages::console::confirm::ConfirmPage;
use modegate_pages::console::webhooks::{
    DeliveryRow, NextTry, WebhookPage, WebhookRow, WebhooksPage,
};
use modegate_pages::pager::Pager;
use modegate_pages::shell::Tone;

/// The first page of this subject.
pub(super) const BASE: &str = "/console/access/webhooks";
/// Deliveries of one page.
const PER_PAGE: usize = 20;
/// Most characters of a body that are shown.
const BODY: usize = 2_000;

/// Where the list of deliveries goes on.
#[derive(Debug, Deserialize)]
pub(in crate::http::pages) struct Before {
    #[serde(default)]
    before: String,
}

/// `GET /console/access/webhooks`.
pub(in crate::http::pages) async fn list(visitor: Visitor) -> Page {
    visitor
        .read(|visitor| async move {
            let all = webhooks::list(visitor.app()).await?;
            let rows = all.iter().map(|(webhook, standing)| row(webhook, standing));
            Ok(WebhooksPage {
                shell: visitor.shell("Webhooks").below("/console/access", "Access"),
                rows: rows.collect(),
            })
        })
        .await
}

fn row(webhook: &Webhook, standing: &DeliveryStanding) -> WebhookRow {
    WebhookRow {
        id: webhook.id.to_string(),
        host: host(webhook),
        events: webhook.events.clone(),
        groups: webhook.groups.clone(),
        state: state(standing),
        waiting: standing.waiting,
        next: standing.next.as_ref().map(|next| NextTry {
            at: next.due,
            failures: next.attempts,
            error: next.error.clone(),
        }),
        last: standing.last.as_ref().and_then(|last| last.ended),
    }
}

pub(super) fn host(webhook: &Webhook) -> String {
    webhooks::origin(webhook).unwrap_or_else(|| "an unreadable URL".to_owned())
}

/// How a webhook stands: what is tried next says more than what ended last.
fn state(standing: &DeliveryStanding) -> (Tone, &'static str) {
    let failing = standing.next.as_ref().filter(|next| next.attempts > 0);
    match (failing, &standing.next, &standing.last) {
        (Some(_), _, _) => (Tone::Bad, "failing"),
        (None, Some(_), _) => (Tone::Info, "delivering"),
        (None, None, Some(last)) if last.error.is_some() => (Tone::Warn, "last one given up"),
        (None, None, Some(_)) => (Tone::Good, "delivered"),
        (None, None, None) => (Tone::Info, "nothing sent yet"),
    }
}

/// `GET /console/access/webhooks/{webhook}`.
pub(in crate::http::pages) async fn show(
    visitor: Visitor,
    path: web::Path<String>,
    query: web::Query<Before>,
) -> Page {
    let id: WebhookId = path_id(&path, "webhook")?;
    visitor
        .read(move |visitor| async move {
            let (webhook, standing) = webhooks::one(visitor.app(), id).await?;
            let asked = crate::app::Page {
                after: query.before.parse().ok(),
                limit: PER_PAGE,
            };
            let listed = webhooks::deliveries(visitor.app(), id, asked).await?;
            let next = listed.next;
            let rows = listed.items.iter().map(|one| delivery(&visitor, one));
            Ok(WebhookPage {
                shell: visitor
                    .shell(format!("Webhook to {}", host(&webhook)))
                    .below(BASE, "Webhooks"),
                row: row(&webhook, &standing),
                facts: facts(&visitor, &webhook),
                deliveries: rows.collect(),
                pager: pager(id, asked.after.is_some(), next),
                once: visitor.once(),
            })
        })
        .await
}

fn facts(visitor: &Visitor, webhook: &Webhook) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Made by", webhook.created_by.clone()),
        ("Made", webhook.created_at.to_string()),
        ("Secret", "***".to_owned()),
    ];
    let before = webhook.previous_secret.as_ref();
    let signs = before.filter(|(_, until)| visitor.now() < *until);
    let until = signs.map(|(_, until)| until.to_string());
    facts.extend(until.map(|until| ("The secret before signs until", until)));
    facts
}

fn delivery(visitor: &Visitor, record: &DeliveryRecord) -> DeliveryRow {
    let body = String::from_utf8_lossy(&record.body);
    DeliveryRow {
        number: record.number,
        event: record.event.clone(),
        state: match (record.ended, &record.error) {
            (None, _) => (Tone::Info, "waiting"),
            (Some(_), None) => (Tone::Good, "delivered"),
            (Some(_), Some(_)) => (Tone::Bad, "given up"),
        },
        attempts: record.attempts,
        due: record.due,
        ended: record.ended,
        error: record.error.clone(),
        body: body.chars().take(BODY).collect(),
        once: visitor.once(),
    }
}

fn pager(id: WebhookId, is_further: bool, next: Option<u64>) -> Pager {
    let here = format!("{BASE}/{id}");
    Pager {
        next: next.map(|next| format!("{here}?before={next}#deliveries")),
        first: is_further.then_some(here),
        next_text: format!("Next {PER_PAGE}"),
    }
}

/// Where a webhook is shown, after this was done.
pub(super) fn place(id: WebhookId, notice: &'static str) -> String {
    format!("{BASE}/{id}?notice={notice}")
}

/// `POST /console/access/webhooks/{webhook}/test`.
pub(in crate::http::pages) async fn test(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: WebhookId = path_id(&path, "webhook")?;
    let place = move |_: &DeliveryRecord| place(id, "tested");
    visitor
        .write(place, async |app, by, options| {
            webhooks::test(app, by, id, options).await
        })
        .await
}

/// `POST /console/access/webhooks/{webhook}/deliveries/{delivery}/again`.
pub(in crate::http::pages) async fn again(
    visitor: Visitor,
    path: web::Path<(String, String)>,
) -> Page {
    let id: WebhookId = path_id(&path.0, "webhook")?;
    let number: u64 = path_id(&path.1, "delivery")?;
    // A number that the store cannot have is the number of nothing.
    i64::try_from(number).map_err(|_| Problem::missing("delivery"))?;
    let place = move |_: &DeliveryRecord| place(id, "sent-again");
    visitor
        .write(place, async |app, by, options| {
            webhooks::redeliver(app, by, id, number, options).await
        })
        .await
}

/// `GET /console/access/webhooks/{webhook}/delete`: asks once more.
pub(in crate::http::pages) async fn ask_delete(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: WebhookId = path_id(&path, "webhook")?;
    let (webhook, standing) = webhooks::one(visitor.app(), id).await?;
    let (here, host) = (format!("{BASE}/{id}"), host(&webhook));
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Delete the webhook to {host}"))
            .below(&*here, host.clone()),
        heading: "Delete this webhook?".to_owned(),
        text: "Nothing is reported there any more, and what waits is not sent.".to_owned(),
        facts: vec![
            ("To", host),
            ("Events", webhook.events.join(", ")),
            ("Waiting", standing.waiting.to_string()),
        ],
        action: format!("{here}/delete"),
        button: "Delete the webhook",
        once: visitor.once(),
        fields: Vec::new(),
        back: here,
    })
}

/// `POST /console/access/webhooks/{webhook}/delete`.
pub(in crate::http::pages) async fn delete(visitor: Visitor, path: web::Path<String>) -> Page {
    let id: WebhookId = path_id(&path, "webhook")?;
    let place = |_: &Webhook| format!("{BASE}?notice=deleted");
    visitor
        .write(place, async |app, by, options| {
            webhooks::delete(app, by, id, options).await
        })
        .await
}
