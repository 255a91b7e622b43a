//! `/webhooks`.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::extract::id;
use super::{ApiResponse, Body, Caller, HandlerResult, Id, Paging, ok, page};
use crate::app::Listed;
use crate::app::input::Time;
use crate::app::webhooks::{self, CreatedWebhook, NewSecret, NewWebhook, WebhookChange};
use crate::http::problem::Problem;
use modegate_core::webhooks::{DeliveryRecord, DeliveryStanding, Webhook, WebhookId};

/// A webhook as the API shows it: of its URL the host only, since the rest may be a
/// capability.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook", extend("required" = ["id", "events"]))]
pub(super) struct WebhookView {
    id: String,
    host: Option<String>,
    events: Vec<String>,
    groups: Vec<String>,
    /// Not in the answer to a change.
    #[serde(flatten)]
    standing: Option<StandingView>,
    created_by: String,
    created_at: Time,
    /// Until when requests are signed with the secret of before, too.
    previous_secret_until: Option<Time>,
    /// What its messages are signed with: in the answer that made it, and where the
    /// server made the secret, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// How its deliveries stand.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct StandingView {
    /// Deliveries that wait.
    waiting: u64,
    /// When the first of them is tried next.
    next_attempt_at: Option<Time>,
    /// How often it was tried already.
    failed_attempts: u32,
    /// Why its latest attempt failed, if it did.
    error: Option<String>,
    /// When a delivery ended last.
    last_delivery_at: Option<Time>,
    /// Whether that one was accepted.
    last_delivered: Option<bool>,
}

impl From<&DeliveryStanding> for StandingView {
    fn from(standing: &DeliveryStanding) -> Self {
        let (next, last) = (standing.next.as_ref(), standing.last.as_ref());
        StandingView {
            waiting: standing.waiting,
            next_attempt_at: next.and_then(|next| next.due).map(Time),
            failed_attempts: next.map_or(0, |next| next.attempts),
            error: next.and_then(|next| next.error.clone()),
            last_delivery_at: last.and_then(|last| last.ended).map(Time),
            last_delivered: last.map(|last| last.error.is_none()),
        }
    }
}

impl WebhookView {
    fn new(webhook: &Webhook, standing: Option<StandingView>) -> Self {
        WebhookView {
            id: webhook.id.to_string(),
            host: webhooks::origin(webhook),
            events: webhook.events.clone(),
            groups: webhook.groups.clone(),
            standing,
            created_by: webhook.created_by.clone(),
            created_at: Time(webhook.created_at),
            previous_secret_until: webhook
                .previous_secret
                .as_ref()
                .map(|(_, until)| Time(*until)),
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
            ..WebhookView::new(&created.webhook, Some(StandingView::default()))
        };
        ApiResponse::created(format!("/api/v1/webhooks/{}", view.id), &view)
    };
    caller
        .write(render, async |app, by, options| {
            webhooks::create(app, by, new, options).await
        })
        .await
}

/// A delivery of a webhook.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookDelivery", extend("required" = ["id", "event", "state"]))]
pub(super) struct DeliveryView {
    id: String,
    event: String,
    /// `waiting`, `delivered`, `given_up`.
    state: &'static str,
    attempts: u32,
    /// When it is tried next, while it waits.
    due_at: Option<Time>,
    ended_at: Option<Time>,
    /// Why the latest attempt failed.
    error: Option<String>,
    /// What is sent.
    body: serde_json::Value,
}

impl From<&DeliveryRecord> for DeliveryView {
    fn from(record: &DeliveryRecord) -> Self {
        DeliveryView {
            id: record.number.to_string(),
            event: record.event.clone(),
            state: match (record.ended, &record.error) {
                (None, _) => "waiting",
                (Some(_), None) => "delivered",
                (Some(_), Some(_)) => "given_up",
            },
            attempts: record.attempts,
            due_at: record.due.map(Time),
            ended_at: record.ended.map(Time),
            error: record.error.clone(),
            body: serde_json::from_slice(&record.body).unwrap_or_default(),
        }
    }
}

/// `GET /webhooks/{id}/deliveries`: the newest first.
pub(super) async fn deliveries(
    caller: Caller,
    Id(id): Id<WebhookId>,
    paging: web::Query<Paging>,
) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let listed = webhooks::deliveries(caller.app(), id, paging.page()?).await?;
            Ok(page(listed, |record| DeliveryView::from(&record)))
        })
        .await
}

/// 202 with a delivery that somebody asked for.
fn queued(webhook: WebhookId) -> impl Fn(&DeliveryRecord) -> ApiResponse + Clone {
    move |record| {
        let location = format!("/api/v1/webhooks/{webhook}/deliveries");
        ApiResponse::accepted(location, &DeliveryView::from(record))
    }
}

/// `POST /webhooks/{id}/test`.
pub(super) async fn test(caller: Caller, Id(id): Id<WebhookId>) -> HandlerResult {
    caller
        .write(queued(id), async |app, by, options| {
            webhooks::test(app, by, id, options).await
        })
        .await
}

/// `POST /webhooks/{id}/deliveries/{delivery}/redelivery`.
pub(super) async fn redeliver(caller: Caller, path: web::Path<(String, String)>) -> HandlerResult {
    let webhook: WebhookId = id(&path.0)?;
    let number = path.1.parse::<u64>();
    let number = number.map_err(|_| Problem::missing("delivery"))?;
    caller
        .write(queued(webhook), async |app, by, options| {
            webhooks::redeliver(app, by, webhook, number, options).await
        })
        .await
}

/// `POST /webhooks/{id}/secret`.
pub(super) async fn rotate_secret(
    caller: Caller,
    Id(id): Id<WebhookId>,
    Body(new): Body<NewSecret>,
) -> HandlerResult {
    let render = |changed: &CreatedWebhook| {
        let secret = changed.secret.as_ref();
        ApiResponse::ok(&WebhookView {
            secret: secret.map(|secret| secret.reveal().to_owned()),
            ..WebhookView::new(&changed.webhook, Some(StandingView::default()))
        })
    };
    caller
        .write(render, async |app, by, options| {
            webhooks::rotate_secret(app, by, id, new, options).await
        })
        .await
}

/// `GET /webhooks`.
pub(super) async fn list(caller: Caller, paging: web::Query<Paging>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let all = webhooks::list(caller.app()).await?;
            let listed = Listed::cut(all, paging.page()?);
            Ok(page(listed, |(webhook, standing)| {
                WebhookView::new(&webhook, Some((&standing).into()))
            }))
        })
        .await
}

/// `GET /webhooks/{id}`.
pub(super) async fn one(caller: Caller, Id(id): Id<WebhookId>) -> HandlerResult {
    caller
        .read(move |caller| async move {
            let (webhook, standing) = webhooks::one(caller.app(), id).await?;
            ok(&WebhookView::new(&webhook, Some((&standing).into())))
        })
        .await
}

/// `PATCH /webhooks/{id}`.
pub(super) async fn change(
    caller: Caller,
    Id(id): Id<WebhookId>,
    Body(change): Body<WebhookChange>,
) -> HandlerResult {
    let render = |webhook: &Webhook| ApiResponse::ok(&WebhookView::new(webhook, None));
    caller
        .write(render, async |app, by, options| {
            webhooks::change(app, by, id, change, options).await
        })
        .await
}

/// `DELETE /webhooks/{id}`.
pub(super) async fn delete(caller: Caller, Id(id): Id<WebhookId>) -> HandlerResult {
    caller
        .delete(async |app, by, options| webhooks::delete(app, by, id, options).await)
        .await
}
