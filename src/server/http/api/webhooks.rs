//! `/webhooks`.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::webhooks::{self, CreatedWebhook, NewWebhook};
use modegate_core::webhooks::Webhook;
use modegate_core::webhooks::WebhookId;

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
pub(super) async fn create(caller: Caller, Body(new): Body<NewWebhook>) -> HandlerResult {
    let render = |created: &CreatedWebhook| {
        let secret = created.secret.as_ref();
        let view = WebhookView {
            secret: secret.map(|secret| secret.reveal().to_owned()),
            ..WebhookView::new(&created.webhook, 0)
        };
        ApiResponse::created(format!("/api/v1/webhooks/{}", view.id), &view)
    };
    caller
        .write(render, async |app, by, options| {
            webhooks::create(app, by, new, options).await
        })
        .await
}

/// `GET /webhooks`.
pub(super) async fn list(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let all = webhooks::list(caller.app()).await?;
            let listed = Listed::cut(all, paging.page()?);
            Ok(page(listed, |(webhook, waiting)| {
                WebhookView::new(&webhook, waiting)
            }))
        })
        .await
}

/// `DELETE /webhooks/{id}`.
pub(super) async fn delete(caller: Caller, Id(id): Id<WebhookId>) -> HandlerResult {
    caller
        .delete(async |app, by, options| webhooks::delete(app, by, id, options).await)
        .await
}
