//! Webhooks: who is told of the steps of installs and of alerts, over HTTP.
//!
//! A delivery is put into an outbox in the transaction of the step or the alert itself
//! ([`announce`], [`of_alert`]), and
//! taken out once its receiver has answered with 2xx: it comes at least once,
//! and says by its id when it comes again.

mod alerts;
mod deliveries;
#[cfg(test)]
mod tests;

pub use alerts::of_alert;
pub use deliveries::announce;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::EventType;
use crate::ids::IdError;
use crate::installs::InstallState;
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Most webhooks that there may be: each step looks at all of them.
const WEBHOOKS: u64 = 32;
/// Ended deliveries that are kept of each webhook, the newest.
pub const ENDED_DELIVERIES: u64 = 100;
/// The event of a test.
pub const TEST: &str = "webhook.test";
/// Shortest and longest secret, bytes.
pub const SECRET_BYTES: (usize, usize) = (16, 256);
/// What stands for every event of installs.
pub const EVERY: &str = "install.*";
/// What stands for both events of alerts.
pub const EVERY_ALERT: &str = "alert.*";
/// How often a delivery is tried. With the pauses below that takes about nine hours.
const ATTEMPTS: u32 = 16;
/// The pause after the first attempt, milliseconds; each further one is twice as long.
const PAUSE_MS: i64 = 5_000;
/// The longest pause, milliseconds.
const PAUSE_MOST_MS: i64 = 60 * 60 * 1000;

/// A webhook's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WebhookId(pub Uuid);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}

impl FromStr for WebhookId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = |_| IdError::new("a webhook id (32 hexadecimal digits)");
        Uuid::try_parse(text).map(WebhookId).map_err(wrong)
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The store's own number for it.
    pub number: u64,
    /// Its public id.
    pub id: WebhookId,
    /// Where its events go. May hold a capability in its path: never logged.
    pub url: Secret,
    /// Which events it wants.
    pub events: Vec<String>,
    /// Only of devices in one of these groups; none named means all.
    pub groups: Vec<String>,
    /// The key of its signatures.
    pub secret: Secret,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// The secret before this one, and until when signatures are made with it, too.
    #[serde(default)]
    pub previous_secret: Option<(Secret, Timestamp)>,
}

impl Webhook {
    /// Whether it wants this event of a device with these groups.
    pub fn wants(&self, event: &str, groups: &[String]) -> bool {
        let wanted = |of: &String| match of.strip_suffix('*') {
            Some(subject) => event.starts_with(subject),
            None => of == event,
        };
        self.events.iter().any(wanted)
            && (self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group)))
    }

    /// Signs with `secret` from now on, and until `overlap_ms` from now with the one before,
    /// too, so that a receiver can change over without losing anything.
    pub fn rotate_secret(&mut self, secret: Secret, now: Timestamp, overlap_ms: i64) {
        let before = std::mem::replace(&mut self.secret, secret);
        self.previous_secret = (overlap_ms > 0).then(|| (before, now.plus_ms(overlap_ms)));
    }

    /// The secrets that signatures are made with, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let previous = self.previous_secret.as_ref();
        let previous = previous.filter(|(_, until)| now < *until);
        std::iter::once(&self.secret).chain(previous.map(|(secret, _)| secret))
    }
}

/// One delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number in the outbox.
    pub number: u64,
    /// The webhook's number.
    pub webhook: u64,
    /// Attempts so far.
    pub attempts: u32,
    /// The event's name.
    pub event: String,
    /// The body, as it is sent.
    pub body: Vec<u8>,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The delivery's number.
    pub number: u64,
    /// What became of it.
    pub result: AttemptResult,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The receiver accepted it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// The receiver did not accept it.
    Failed {
        /// When it is tried again; `None`: it is given up.
        again: Option<Timestamp>,
        /// When that was.
        at: Timestamp,
        /// Why, in words without the URL.
        why: String,
    },
    /// It was not tried: a webhook that is down is asked for one of many.
    Postponed {
        /// When it is tried.
        again: Timestamp,
    },
}

/// A delivery that waits or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its number.
    pub number: u64,
    /// The event's name.
    pub event: String,
    /// The body, JSON, as it is sent.
    pub body: Vec<u8>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub due: Option<Timestamp>,
    /// When it ended: it was accepted where `error` is none, else given up.
    pub ended: Option<Timestamp>,
    /// Why the latest attempt failed, if it did.
    pub error: Option<String>,
}

/// How the deliveries of a webhook stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryStanding {
    /// The webhook's number.
    pub webhook: u64,
    /// How many wait.
    pub waiting: u64,
    /// The one of them that is tried next.
    pub next: Option<DeliveryRecord>,
    /// The one that ended last.
    pub last: Option<DeliveryRecord>,
}

/// A delivery that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedDelivery {
    /// This event with this body.
    New(String, Vec<u8>),
    /// The same as the delivery of that number, once more.
    Again(u64),
}

/// The name of the event that an install came to this state.
pub(crate) fn event_name(state: InstallState) -> String {
    format!("install.{}", state.name())
}

/// The names of all events, and of what stands for several.
pub fn event_names() -> Vec<String> {
    let installs = InstallState::ALL.into_iter().map(event_name);
    let alerts = [EventType::AlertRaised, EventType::AlertCleared];
    let alerts = alerts.map(|event| event.name().to_owned());
    let several = [EVERY, EVERY_ALERT].map(str::to_owned);
    installs.chain(alerts).chain(several).collect()
}

/// Whether there may be one more webhook besides so many.
///
/// # Errors
/// There are as many as there may be.
pub fn check_room(count: u64) -> Result<(), Refusal> {
    if count >= WEBHOOKS {
        let why = format!("there are {count} webhooks, the most that there may be; delete some");
        return Err(Refusal::Conflict(why));
    }
    Ok(())
}

/// When to try again after that many attempts; `None`: not any more.
pub fn again(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    (attempts < ATTEMPTS).then(|| {
        now.plus_ms(crate::push::pause::growing(
            PAUSE_MS,
            attempts,
            PAUSE_MOST_MS,
        ))
    })
}
