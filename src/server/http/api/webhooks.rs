//! `/webhooks`.

use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::answer::Answer;
use super::body::body;
use super::caller::Caller;
use super::query::{id, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::webhooks::{self, CreatedWebhook, NewWebhook};
use crate::http::problem::Problem;
use crate::http::shared::Shared;
use modegate_core::webhooks::Webhook;

/// A webhook as the API shows it: of its URL the host only, since the rest may be a
/// capability.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook", extend("required" = ["id", "events"]))]
pub(super) struct WebhookView {
    id: String,
    host: Option<String>,
    events: Vec<String>,
    groups: Vec<String>,
    /// Deliveries that wait.
    waiting: u64,
    created_by: String,
    created_at: Time,
    /// What its messages are signed with: in the answer that made it, and where the
    /// server made the secret, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookView {
    fn new(webhook: &Webhook, waiting: u64) -> Self {
        let url = Url::parse(webhook.url.reveal()).ok();
        WebhookView {
            id: webhook.id.to_string(),
            host: url.map(|url| url.origin().ascii_serialization()),
            events: webhook.events.clone(),
            groups: webhook.groups.clone(),
            waiting,
            created_by: webhook.created_by.clone(),
            created_at: Time(webhook.created_at),
            secret: None,
        }
    }
}

/// `POST /webhooks`.
pub(super) async fn create(
    caller: Caller,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let new: NewWebhook = body(payload).await?;
    let render = |created: &CreatedWebhook| {
        let secret = created.secret.as_ref();
        let view = WebhookView {
            secret: secret.map(|secret| secret.reveal().to_owned()),
            ..WebhookView::new(&created.webhook, 0)
        };
        Answer::created(format!("/api/v1/webhooks/{}", view.id), &view)
    };
    let write = async |by, options| webhooks::create(&shared.app, &by, new, options).await;
    caller.write(&shared, render, write).await
}

/// `GET /webhooks`: all, since they are few.
pub(super) async fn list(_: Caller, shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let all = webhooks::list(&shared.app).await?;
    Ok(page(Listed::all(all), |(webhook, waiting)| {
        WebhookView::new(&webhook, waiting)
    }))
}

/// `DELETE /webhooks/{id}`.
pub(super) async fn delete(
    caller: Caller,
    path: web::Path<String>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let id = id(&path, "webhook")?;
    let write = async |by, options| webhooks::delete(&shared.app, &by, id, options).await;
    caller.write(&shared, |_| Answer::nothing(), write).await
}
