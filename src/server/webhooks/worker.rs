//! Takes deliveries out of the outbox. Each webhook has a task of its own, so
//! that a slow receiver holds up nobody else; its deliveries go in order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Refused};
use crate::app::alerts::Alerts;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::supervisor::{KeyedTasks, Worker, next_commit};
use modegate_core::alert::{AlertKind, Finding, Subject};
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{AttemptResult, Delivery, Outcome, Webhook, again};
use modegate_store::{Store, StoreError};

/// Deliveries of one webhook that a task takes at once.
const SHARE: usize = 32;
/// How long the outbox is left alone when nothing is due and nothing happens.
const LOOK: Duration = Duration::from_secs(30);
/// How long a webhook rests after the store failed for it.
const FAILED: Duration = Duration::from_secs(1);

/// The worker.
pub(crate) struct WebhookWorker {
    sender: Sender,
    commits: watch::Receiver<u64>,
    /// Shares under way, by the webhook's number.
    sending: KeyedTasks<u64>,
}

/// What a share is delivered with.
#[derive(Clone)]
struct Sender {
    store: Arc<dyn Store>,
    client: Client,
    clock: Clock,
    metrics: Arc<Metrics>,
    alerts: Arc<Alerts>,
    /// Set at the end: the delivery under way is finished, and none begun.
    ending: CancellationToken,
}

impl WebhookWorker {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        client: Client,
        clock: Clock,
        metrics: Arc<Metrics>,
        alerts: Arc<Alerts>,
    ) -> Self {
        WebhookWorker {
            commits: store.commits(),
            sending: KeyedTasks::default(),
            sender: Sender {
                store,
                client,
                clock,
                metrics,
                alerts,
                ending: CancellationToken::new(),
            },
        }
    }
}

#[async_trait]
impl Worker for WebhookWorker {
    /// Starts a task for each webhook that has something due and none under
    /// way, and rests until the next is due.
    async fn work(&mut self) -> Result<Duration, StoreError> {
        // Marked as seen before the outbox is read: what comes after wakes again.
        self.commits.borrow_and_update();
        let store = &self.sender.store;
        let waiting = store.next_deliveries().await?;
        if waiting.is_empty() {
            return Ok(LOOK);
        }
        let (mut webhooks, now) = (store.webhooks().await?, self.sender.clock.now());
        let mut rest = LOOK;
        for (number, due) in waiting {
            if self.sending.contains(&number) {
                continue;
            }
            if due > now {
                let ms = u64::try_from(due.ms_since(now)).unwrap_or(0);
                rest = rest.min(Duration::from_millis(ms + 1));
                continue;
            }
            let found = webhooks.iter().position(|one| one.number == number);
            if let Some(at) = found {
                let webhook = webhooks.swap_remove(at);
                self.sending
                    .spawn(number, self.sender.clone().share(webhook));
            }
        }
        Ok(rest)
    }

    async fn woken(&mut self) {
        tokio::select! {
            () = next_commit(&mut self.commits) => {}
            () = self.sending.ended() => {}
        }
    }

    async fn finish(&mut self) {
        self.sender.ending.cancel();
        self.sending.all_ended().await;
    }
}

impl Sender {
    /// Delivers one share of a webhook.
    async fn share(self, webhook: Webhook) {
        if let Err(error) = self.deliver(&webhook).await {
            tracing::error!(%error, "could not store the outcome of a delivery; it will be repeated");
            tokio::select! {
                () = self.ending.cancelled() => {}
                () = sleep(FAILED) => {}
            }
        }
    }

    /// A delivery that fails moves all that follow it: a receiver that is down
    /// is asked once.
    async fn deliver(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let (store, now) = (&self.store, self.clock.now());
        let share = store.deliveries_due(webhook.number, now, SHARE).await?;
        let mut rest = share.into_iter();
        while !self.ending.is_cancelled()
            && let Some(delivery) = rest.next()
        {
            let Some(down) = self.one(webhook, &delivery).await? else {
                continue;
            };
            let others = rest.map(|delivery| Outcome {
                number: delivery.number,
                result: AttemptResult::Postponed { again: down },
            });
            return store.delivered(others.collect()).await;
        }
        Ok(())
    }

    /// One delivery; when to try it again, where it failed.
    async fn one(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
    ) -> Result<Option<Timestamp>, StoreError> {
        let now = self.clock.now();
        let done = self.client.deliver(webhook, delivery, now).await;
        let attempts = delivery.attempts + 1;
        let next = done.is_err().then(|| again(attempts, now)).flatten();
        let (kind, subject) = (AlertKind::WebhookGivenUp, Subject::Webhook(webhook.id.0));
        if let Err(why) = &done {
            let event = delivery.event.as_str();
            tracing::warn!(webhook = %webhook.id, event, attempts, %why, "a webhook did not accept an event");
            if next.is_none() {
                let words = given_up(webhook, event, attempts, why);
                let logged = Event::new(now, "server", None, EventType::WebhookGivenUp);
                self.store.log(vec![logged.detail(&*words)]).await?;
                let finding = Finding::new(kind, subject, words);
                self.alerts.raise(finding).await?;
            }
        } else {
            self.alerts.clear(kind, subject).await?;
        }
        let outcome = Outcome {
            number: delivery.number,
            result: match &done {
                Ok(()) => AttemptResult::Delivered { at: now },
                Err(why) => AttemptResult::Failed {
                    again: next,
                    at: now,
                    why: why.to_string(),
                },
            },
        };
        let result = outcome.result.clone();
        self.store.delivered(vec![outcome]).await?;
        self.metrics.webhook_attempted(&result);
        Ok(next)
    }
}

/// What is on record of a delivery that is not tried again.
fn given_up(webhook: &Webhook, event: &str, attempts: u32, why: &Refused) -> String {
    let id = webhook.id;
    format!("webhook {id} did not accept {event} in {attempts} attempts: {why}")
}
