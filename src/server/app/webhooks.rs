//! Webhooks: URLs to which the steps of installs, and alerts, are reported.

use schemars::{Schema, json_schema};
use serde_json::json;
use url::Url;

use super::input::{Integer, Line, Lines, List, Parse, Parsed, SecretLine, input};
use super::{App, AppError, Listed, Page, Principal, WriteOptions};
use crate::egress::URL_BYTES;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::shown_url;
use modegate_core::installs::InstallState;
use modegate_core::limits::{DEVICE_LIST, NAME_BYTES};
use modegate_core::secret::Secret;
use modegate_core::webhooks::{
    AskedDelivery, DeliveryRecord, DeliveryStanding, EVERY, SECRET_BYTES, TEST, Webhook, WebhookId,
    event_names,
};

/// Most names of events that a webhook may have: each install's and alert's, and those that
/// stand for several.
const EVENTS: usize = InstallState::ALL.len() + 2 + 2;
/// For how long the secret before signs, too, by default and at most, seconds.
const OVERLAP_S: i64 = 24 * 60 * 60;
const OVERLAP_MOST_S: i64 = 30 * OVERLAP_S;

input! {
    /// A webhook to make.
    pub(crate) struct NewWebhook {
        /// Where the events are posted.
        pub(crate) url: Line<URL_BYTES>,
        /// The events to report. Default: `install.*`.
        pub(crate) events: Option<List<Parsed<EventName>, EVENTS, 1>>,
        /// Only of devices of these groups: then no alert that is about anything else.
        pub(crate) groups: Option<Lines<DEVICE_LIST, NAME_BYTES>>,
        /// The key that signs the requests. Default: the server makes one.
        pub(crate) secret: Option<SecretLine<{ SECRET_BYTES.1 }, { SECRET_BYTES.0 }>>,
    }
}

/// The name of an event that is reported, or one that stands for several.
#[derive(Debug, Clone)]
pub(crate) struct EventName(String);

impl Parse for EventName {
    const MAX: usize = 64;

    fn parse(line: &str) -> Result<Self, String> {
        let all = event_names();
        match all.iter().any(|one| one == line) {
            true => Ok(EventName(line.to_owned())),
            false => Err(format!("one of {}", all.join(", "))),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "string", "enum": event_names()})
    }
}

/// A webhook, and its secret where it was made here: that is shown once.
#[derive(Debug, Clone)]
pub(crate) struct CreatedWebhook {
    /// The webhook.
    pub(crate) webhook: Webhook,
    /// The secret, if the server made it.
    pub(crate) secret: Option<Secret>,
}

/// Makes a webhook.
pub(crate) async fn create(
    app: &App,
    by: &Principal,
    new: NewWebhook,
    options: WriteOptions<CreatedWebhook>,
) -> Result<CreatedWebhook, AppError> {
    let reachable = app.webhook_egress.check(&new.url.0);
    reachable.map_err(|expected| AppError::field("url", expected, shown_url(&new.url.0)))?;
    let (secret, made) = match new.secret {
        Some(given) => (given.0, None),
        None => {
            let own = app.new_secret("whs_");
            (own.clone(), Some(own))
        }
    };
    let events = new.events.map(|events| events.0);
    let webhook = Webhook {
        number: 0,
        id: WebhookId(app.new_id()),
        url: Secret::new(new.url.0),
        events: match events {
            Some(events) => events.into_iter().map(|name| name.0.0).collect(),
            None => vec![EVERY.to_owned()],
        },
        groups: new.groups.map(Lines::texts).unwrap_or_default(),
        secret,
        created_by: by.actor(),
        created_at: app.now(),
        previous_secret: None,
    };
    let detail = format!("{} ({})", webhook.id, webhook.events.join(", "));
    let event = Event::new(app.now(), by.actor(), None, EventType::WebhookCreated).detail(detail);
    let created = move |webhook: &Webhook| CreatedWebhook {
        webhook: webhook.clone(),
        secret: made.clone(),
    };
    let keep = options.keep.map(|keep| keep.from_written(created.clone()));
    let webhook = app.store.create_webhook(webhook, event, keep).await?;
    Ok(created(&webhook))
}

/// All webhooks, each with how its deliveries stand.
pub(crate) async fn list(app: &App) -> Result<Vec<(Webhook, DeliveryStanding)>, AppError> {
    let webhooks = app.store.webhooks().await?;
    let mut standings = app.store.delivery_standings().await?;
    let with_its_own = webhooks.into_iter().map(|webhook| {
        let mut found = standings.iter();
        let found = found.position(|one| one.webhook == webhook.number);
        let standing = found.map(|at| standings.swap_remove(at));
        (webhook, standing.unwrap_or_default())
    });
    Ok(with_its_own.collect())
}

/// One webhook, with how its deliveries stand.
pub(crate) async fn one(app: &App, id: WebhookId) -> Result<(Webhook, DeliveryStanding), AppError> {
    // There are few, and the list has all that is shown of one.
    let found = list(app).await?.into_iter();
    let mut found = found.filter(|(webhook, _)| webhook.id == id);
    found.next().ok_or_else(|| AppError::missing("webhook"))
}

/// Where a webhook's events go, without what may be a capability: scheme, host and port.
pub(crate) fn origin(webhook: &Webhook) -> Option<String> {
    let url = Url::parse(webhook.url.reveal()).ok()?;
    Some(url.origin().ascii_serialization())
}

input! {
    /// What is changed of a webhook.
    pub(crate) struct WebhookChange {
        /// Where the events are posted.
        pub(crate) url: Option<Line<URL_BYTES>>,
        /// The events to report.
        pub(crate) events: Option<List<Parsed<EventName>, EVENTS, 1>>,
        /// Only of devices of these groups; of all devices if empty.
        pub(crate) groups: Option<Lines<DEVICE_LIST, NAME_BYTES>>,
    }
}

impl WebhookChange {
    /// What is changed, for the log: never the URL itself.
    fn on_record(&self) -> String {
        let url = self.url.as_ref().map(|_| "url");
        let events = self.events.as_ref().map(|_| "events");
        let groups = self.groups.as_ref().map(|_| "groups");
        let names: Vec<&str> = [url, events, groups].into_iter().flatten().collect();
        match names.is_empty() {
            true => "nothing".to_owned(),
            false => names.join(", "),
        }
    }

    fn apply(self, webhook: &mut Webhook) {
        if let Some(url) = self.url {
            webhook.url = Secret::new(url.0);
        }
        if let Some(events) = self.events {
            webhook.events = events.0.into_iter().map(|name| name.0.0).collect();
        }
        if let Some(groups) = self.groups {
            webhook.groups = groups.texts();
        }
    }
}

/// Changes what is given of a webhook. What waits already goes to the new URL.
pub(crate) async fn change(
    app: &App,
    by: &Principal,
    id: WebhookId,
    change: WebhookChange,
    options: WriteOptions<Webhook>,
) -> Result<Webhook, AppError> {
    if let Some(url) = &change.url {
        let reachable = app.webhook_egress.check(&url.0);
        reachable.map_err(|expected| AppError::field("url", expected, shown_url(&url.0)))?;
    }
    let detail = format!("{id}: {}", change.on_record());
    let event = Event::new(app.now(), by.actor(), None, EventType::WebhookChanged).detail(detail);
    let change = move |webhook: &mut Webhook| change.apply(webhook);
    Ok(app
        .store
        .alter_webhook(id, Box::new(change), event, options.keep)
        .await?)
}

input! {
    /// Another secret for a webhook.
    pub(crate) struct NewSecret {
        /// The key that signs the requests. Default: the server makes one.
        pub(crate) secret: Option<SecretLine<{ SECRET_BYTES.1 }, { SECRET_BYTES.0 }>>,
        /// For how many seconds requests are signed with the secret of before, too.
        #[schemars(extend("default" = OVERLAP_S))]
        pub(crate) overlap_s: Option<Integer<0, OVERLAP_MOST_S>>,
    }
}

/// Gives a webhook another secret.
pub(crate) async fn rotate_secret(
    app: &App,
    by: &Principal,
    id: WebhookId,
    new: NewSecret,
    options: WriteOptions<CreatedWebhook>,
) -> Result<CreatedWebhook, AppError> {
    let (secret, made) = match new.secret {
        Some(given) => (given.0, None),
        None => {
            let own = app.new_secret("whs_");
            (own.clone(), Some(own))
        }
    };
    let (now, overlap_s) = (app.now(), new.overlap_s.map_or(OVERLAP_S, |given| given.0));
    let detail = format!("{id}: another secret; the one before signs for {overlap_s} s more");
    let event = Event::new(now, by.actor(), None, EventType::WebhookChanged).detail(detail);
    let change = move |webhook: &mut Webhook| webhook.rotate_secret(secret, now, overlap_s * 1000);
    let created = move |webhook: &Webhook| CreatedWebhook {
        webhook: webhook.clone(),
        secret: made.clone(),
    };
    let keep = options.keep.map(|keep| keep.from_written(created.clone()));
    let webhook = app
        .store
        .alter_webhook(id, Box::new(change), event, keep)
        .await?;
    Ok(created(&webhook))
}

/// The deliveries of a webhook, the newest first: those that wait, and those that ended last.
pub(crate) async fn deliveries(
    app: &App,
    id: WebhookId,
    page: Page,
) -> Result<Listed<DeliveryRecord>, AppError> {
    let before = page.after.unwrap_or(u64::MAX);
    let found = app.store.webhook_deliveries(id, before, page.limit).await?;
    Ok(Listed::from_page(found, page.limit, |one| one.number))
}

/// Sends a test to a webhook.
pub(crate) async fn test(
    app: &App,
    by: &Principal,
    id: WebhookId,
    options: WriteOptions<DeliveryRecord>,
) -> Result<DeliveryRecord, AppError> {
    let body = json!({
        "id": app.new_id().simple().to_string(),
        "type": TEST,
        "at": app.now().to_string(),
        "detail": "a test of this webhook",
    });
    let asked = AskedDelivery::New(TEST.to_owned(), body.to_string().into_bytes());
    ask(app, by, id, asked, "a test", options).await
}

/// Sends once more what a delivery contained, whatever became of it.
pub(crate) async fn redeliver(
    app: &App,
    by: &Principal,
    id: WebhookId,
    number: u64,
    options: WriteOptions<DeliveryRecord>,
) -> Result<DeliveryRecord, AppError> {
    let what = format!("delivery {number} once more");
    ask(app, by, id, AskedDelivery::Again(number), &what, options).await
}

async fn ask(
    app: &App,
    by: &Principal,
    id: WebhookId,
    asked: AskedDelivery,
    what: &str,
    options: WriteOptions<DeliveryRecord>,
) -> Result<DeliveryRecord, AppError> {
    let kind = EventType::WebhookDeliveryRequested;
    let event = Event::new(app.now(), by.actor(), None, kind).detail(format!("{id}: {what}"));
    Ok(app
        .store
        .ask_delivery(id, asked, event, options.keep)
        .await?)
}

/// Deletes a webhook and its undelivered events. The webhook as it was.
pub(crate) async fn delete(
    app: &App,
    by: &Principal,
    id: WebhookId,
    options: WriteOptions<Webhook>,
) -> Result<Webhook, AppError> {
    let event = Event::new(app.now(), by.actor(), None, EventType::WebhookDeleted);
    let event = event.detail(id.to_string());
    Ok(app.store.delete_webhook(id, event, options.keep).await?)
}
