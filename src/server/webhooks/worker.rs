//! Takes deliveries out of the outbox. Each webhook has a task of its own, so
//! that a slow receiver holds up nobody else; its deliveries go in order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::client::Client;
use crate::clock::Clock;
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{Delivery, Outcome, Webhook, again};
use modegate_store::{Store, StoreError};

/// Deliveries of one webhook that a task takes at once.
const SHARE: usize = 32;
/// How long the outbox is left alone when nothing is due and nothing happens.
const LOOK: Duration = Duration::from_secs(30);
/// The same after a fault of the store, which passes.
const FAULT: Duration = Duration::from_secs(1);

/// Delivers until the task is ended.
pub async fn work(store: Arc<dyn Store>, client: Client, clock: Clock) {
    let mut commits = store.commits();
    let mut tasks: JoinSet<u64> = JoinSet::new();
    let mut busy: HashSet<u64> = HashSet::new();
    loop {
        // Seen before the outbox is read: what comes after wakes again.
        commits.borrow_and_update();
        let wait = match start(&store, &client, &clock, &mut busy, &mut tasks).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "webhooks could not go on; they will be tried again");
                FAULT
            }
        };
        tokio::select! {
            woken = commits.changed() => if woken.is_err() { return },
            Some(done) = tasks.join_next() => {
                if let Ok(webhook) = done {
                    busy.remove(&webhook);
                }
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Starts a task for each webhook that has something due and none under way;
/// how long until the next is due.
async fn start(
    store: &Arc<dyn Store>,
    client: &Client,
    clock: &Clock,
    busy: &mut HashSet<u64>,
    tasks: &mut JoinSet<u64>,
) -> Result<Duration, StoreError> {
    let waiting = store.next_deliveries().await?;
    if waiting.is_empty() {
        return Ok(LOOK);
    }
    let (webhooks, now) = (store.webhooks().await?, clock.now());
    let mut wait = LOOK;
    for (number, due) in waiting {
        if busy.contains(&number) {
            continue;
        }
        if due > now {
            let ms = u64::try_from(due.ms_since(now)).unwrap_or(0);
            wait = wait.min(Duration::from_millis(ms + 1));
            continue;
        }
        let Some(webhook) = webhooks.iter().find(|one| one.number == number).cloned() else {
            continue;
        };
        busy.insert(number);
        let (store, client, clock) = (Arc::clone(store), client.clone(), clock.clone());
        tasks.spawn(async move {
            if let Err(error) = deliver(&store, &client, &clock, &webhook).await {
                tracing::error!(%error, "the outcome of a delivery is not written down; it comes again");
                tokio::time::sleep(FAULT).await;
            }
            webhook.number
        });
    }
    Ok(wait)
}

/// One share of a webhook. What it does not take moves all that follows: a
/// receiver that is down is asked once.
async fn deliver(
    store: &Arc<dyn Store>,
    client: &Client,
    clock: &Clock,
    webhook: &Webhook,
) -> Result<(), StoreError> {
    let share = store
        .deliveries_due(webhook.number, clock.now(), SHARE)
        .await?;
    let mut rest = share.into_iter();
    while let Some(delivery) = rest.next() {
        let Some(down) = one(store, client, clock, webhook, &delivery).await? else {
            continue;
        };
        let others = rest.map(|delivery| Outcome {
            number: delivery.number,
            again: Some(down),
            tried: false,
        });
        return store.delivered(others.collect()).await;
    }
    Ok(())
}

/// One delivery; when to come again, where it was not taken.
async fn one(
    store: &Arc<dyn Store>,
    client: &Client,
    clock: &Clock,
    webhook: &Webhook,
    delivery: &Delivery,
) -> Result<Option<Timestamp>, StoreError> {
    let now = clock.now();
    let done = client.deliver(webhook, delivery, now).await;
    let attempts = delivery.attempts + 1;
    let next = done.is_err().then(|| again(attempts, now)).flatten();
    if let Err(why) = &done {
        let event = delivery.event.as_str();
        tracing::warn!(webhook = %webhook.id, event, attempts, %why, "a webhook did not take an event");
        if next.is_none() {
            let detail = format!(
                "webhook {} did not take {event} in {attempts} attempts: {why}",
                webhook.id
            );
            let event = Event::new(now, "server", None, EventType::WebhookGivenUp).detail(detail);
            store.log(vec![event]).await?;
        }
    }
    let outcome = Outcome {
        number: delivery.number,
        again: next,
        tried: true,
    };
    store.delivered(vec![outcome]).await?;
    Ok(next)
}
