//! Webhooks: what they report where, and whether that arrives.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::pager::Pager;
use crate::shell::{Shell, Tone};
use crate::words::Word;

/// All webhooks.
#[derive(Debug, Template)]
#[template(path = "console/webhooks.html")]
pub struct WebhooksPage {
    /// What every page shows.
    pub shell: Shell,
    /// The webhooks.
    pub rows: Vec<WebhookRow>,
}

/// A webhook, never its secret, and of its URL the host only.
#[derive(Debug)]
pub struct WebhookRow {
    /// Its id.
    pub id: String,
    /// Where its events go.
    pub host: String,
    /// The events that it reports.
    pub events: Vec<String>,
    /// The groups that it is limited to.
    pub groups: Vec<String>,
    /// How its deliveries stand, in a word.
    pub state: (Tone, &'static str),
    /// How many wait.
    pub waiting: u64,
    /// The delivery that is tried next.
    pub next: Option<NextTry>,
    /// When a delivery ended last.
    pub last: Option<Timestamp>,
}

/// A delivery that is tried next.
#[derive(Debug)]
pub struct NextTry {
    /// When.
    pub at: Option<Timestamp>,
    /// How often it was tried in vain.
    pub failures: u32,
    /// Why the latest attempt failed.
    pub error: Option<String>,
}

/// One webhook.
#[derive(Debug, Template)]
#[template(path = "console/webhook.html")]
pub struct WebhookPage {
    /// What every page shows.
    pub shell: Shell,
    /// The webhook.
    pub row: WebhookRow,
    /// Who made it, when, and until when the secret before signs too.
    pub facts: Vec<(&'static str, String)>,
    /// Its latest deliveries.
    pub deliveries: Vec<DeliveryRow>,
    /// Where their list goes on.
    pub pager: Pager,
    /// The name of the write that sends a test.
    pub once: String,
}

/// A delivery.
#[derive(Debug)]
pub struct DeliveryRow {
    /// Its number.
    pub number: u64,
    /// The event.
    pub event: String,
    /// Whether it waits, was accepted or given up.
    pub state: (Tone, &'static str),
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub due: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why the latest attempt failed.
    pub error: Option<String>,
    /// What is sent.
    pub body: String,
    /// The name of the write that sends it once more.
    pub once: String,
}
