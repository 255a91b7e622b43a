//! `/webhooks`.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::page;
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::webhooks::target::{Reach, URL_BYTES};
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::limits;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{EVERY, SECRET_BYTES, Webhook, WebhookId, event_names};
use modegate_store::api::Write;
use modegate_store::installs::InstallWrite;

/// `POST /webhooks`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body(payload).await?;
    let (now, own) = (shared.now(), new_secret());
    let fields = Fields::of(&body, "")?;
    let webhook = read(&fields, shared.webhook_reach, &own, &caller.actor(), now)?;
    let detail = format!("{} ({})", webhook.id, webhook.events.join(", "));
    let event = Event::new(now, caller.actor(), None, EventType::WebhookCreated).detail(detail);
    let write = InstallWrite::CreateWebhook {
        webhook,
        event,
        answer: Box::new(move |webhook| {
            let mut shown = view(webhook, 0);
            if webhook.secret == own {
                // Here and never again.
                shown["secret"] = json!(own.reveal());
            }
            Answer::created(format!("/api/v1/webhooks/{}", webhook.id), None, &shown)
        }),
    };
    caller.write(&shared, Write::Installs(write)).await
}

fn read(
    fields: &Fields<'_>,
    reach: Reach,
    own: &Secret,
    by: &str,
    now: Timestamp,
) -> Result<Webhook, FieldError> {
    let url = fields.required("url", URL_BYTES)?;
    reach
        .check(url)
        .map_err(|expected| FieldError::new("url", expected, "another"))?;
    let secret = fields.line("secret", SECRET_BYTES.1)?;
    if secret.is_some_and(|secret| secret.len() < SECRET_BYTES.0) {
        let expected = format!("at least {} bytes", SECRET_BYTES.0);
        return Err(FieldError::new("secret", expected, "fewer"));
    }
    let groups = fields.lines("groups", limits::DEVICE_LIST, limits::NAME_BYTES)?;
    Ok(Webhook {
        number: 0,
        id: WebhookId(Uuid::now_v7()),
        url: Secret::new(url),
        events: events(fields)?,
        groups: groups.unwrap_or_default(),
        secret: secret.map_or_else(|| own.clone(), Secret::new),
        created_by: by.to_owned(),
        created_at: now,
    })
}

fn events(fields: &Fields<'_>) -> Result<Vec<String>, FieldError> {
    let names = event_names();
    let Some(events) = fields.lines("events", names.len() + 1, 64)? else {
        return Ok(vec![EVERY.to_owned()]);
    };
    let expected = || format!("{EVERY}, {}", names.join(", "));
    for (at, event) in events.iter().enumerate() {
        if event != EVERY && !names.contains(event) {
            let name = format!("events[{at}]");
            let expected = format!("one of {}", expected());
            return Err(FieldError::new(name, expected, "another"));
        }
    }
    if events.is_empty() {
        let expected = format!("some of {}", expected());
        return Err(FieldError::new("events", expected, "an empty list"));
    }
    Ok(events)
}

/// 32 random bytes from the system, so that nothing can be guessed.
fn new_secret() -> Secret {
    let mut bytes = [0_u8; 32];
    // The system's generator does not fail once the machine is up.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Secret::new(format!("whs_{digits}"))
}

/// `GET /webhooks`: all, since they are few.
pub(super) async fn list(_: Caller, shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let webhooks = shared.store.webhooks().await?;
    let waiting = shared.store.waiting_deliveries().await?;
    let of = |webhook: &Webhook| {
        let mut counts = waiting.iter();
        counts
            .find(|(number, _)| *number == webhook.number)
            .map_or(0, |(_, count)| *count)
    };
    let items = webhooks.iter().map(|webhook| view(webhook, of(webhook)));
    Ok(page(items.collect(), None))
}

/// `DELETE /webhooks/{id}`.
pub(super) async fn delete(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id: WebhookId = path.parse().map_err(|_| Problem::missing("webhook"))?;
    let event = Event::new(
        shared.now(),
        caller.actor(),
        None,
        EventType::WebhookDeleted,
    );
    let write = InstallWrite::DeleteWebhook {
        id,
        event: event.detail(id.to_string()),
        answer: Box::new(|_| Answer::nothing()),
    };
    caller.write(&shared, Write::Installs(write)).await
}

/// A webhook as the API shows it: of its URL the host only, since the rest may
/// be a capability.
fn view(webhook: &Webhook, waiting: u64) -> Value {
    let url = url::Url::parse(webhook.url.reveal()).ok();
    let origin = url.map(|url| url.origin().ascii_serialization());
    json!({
        "id": webhook.id.to_string(),
        "host": origin,
        "events": webhook.events,
        "groups": webhook.groups,
        "waiting": waiting,
        "created_by": webhook.created_by,
        "created_at": webhook.created_at.to_string(),
    })
}
