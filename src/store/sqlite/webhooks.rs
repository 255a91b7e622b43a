//! Webhooks, and the outbox of what they are to be told.

use rusqlite::{Connection, Params, params};

use super::events;
use super::query::{self, run};
use super::rows::{self, signed, unsigned};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{self, Delivery, Outcome, Webhook, WebhookId};

pub(super) fn all(db: &Connection, keys: &Keys) -> Result<Vec<Webhook>, StoreError> {
    let sql = "SELECT number, sealed FROM webhook ORDER BY number";
    select(db, keys, sql, [])
}

fn select(
    db: &Connection,
    keys: &Keys,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Webhook>, StoreError> {
    let found = rows::sealed(db, keys, SealContext::Webhook, sql, params)?.into_iter();
    let numbered = found.map(|(number, webhook)| Webhook { number, ..webhook });
    Ok(numbered.collect())
}

pub(super) fn create(
    db: &Connection,
    keys: &Keys,
    mut webhook: Webhook,
    event: Event,
) -> Result<Webhook, StoreError> {
    let (count, last) = rows::count_and_last(db, "webhook")?;
    webhooks::check_room(count)?;
    webhook.number = last + 1;
    let sealed = rows::seal(keys, SealContext::Webhook(webhook.number), &webhook)?;
    let row = params![signed(webhook.number), webhook.id.0.as_bytes(), sealed];
    run(db, "INSERT INTO webhook VALUES (?1, ?2, ?3)", row)?;
    events::log(db, &mut [event])?;
    Ok(webhook)
}

pub(super) fn delete(
    db: &Connection,
    keys: &Keys,
    id: WebhookId,
    event: Event,
) -> Result<Webhook, StoreError> {
    let sql = "SELECT number, sealed FROM webhook WHERE id = ?1";
    let found = select(db, keys, sql, [id.0.as_bytes()])?.pop();
    let webhook = found.ok_or_else(|| StoreError::missing("webhook"))?;
    for sql in [
        "DELETE FROM delivery WHERE webhook = ?1",
        "DELETE FROM webhook WHERE number = ?1",
    ] {
        run(db, sql, [signed(webhook.number)])?;
    }
    events::log(db, &mut [event])?;
    Ok(webhook)
}

pub(super) fn waiting(db: &Connection) -> Result<Vec<(u64, u64)>, StoreError> {
    let sql = "SELECT webhook, count(*) FROM delivery GROUP BY webhook";
    query::all(db, sql, [], |row| {
        Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
    })
}

pub(super) fn due(
    db: &Connection,
    webhook: u64,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = "SELECT number, webhook, attempts, event, body FROM delivery \
               WHERE webhook = ?1 AND due <= ?2 ORDER BY due, number LIMIT ?3";
    let which = params![signed(webhook), now.0, signed(limit as u64)];
    query::all(db, sql, which, |row| {
        Ok(Delivery {
            number: unsigned(row.get(0)?),
            webhook: unsigned(row.get(1)?),
            attempts: row.get(2)?,
            event: row.get(3)?,
            body: row.get(4)?,
        })
    })
}

/// By the webhooks, which are few: each is one look into the index.
pub(super) fn next(db: &Connection) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    let sql = "SELECT number, (SELECT min(due) FROM delivery WHERE webhook = webhook.number) AS first \
               FROM webhook WHERE first IS NOT NULL";
    query::all(db, sql, [], |row| {
        Ok((unsigned(row.get(0)?), Timestamp(row.get(1)?)))
    })
}

pub(super) fn settle(db: &Connection, outcomes: &[Outcome]) -> Result<(), StoreError> {
    for outcome in outcomes {
        let number = signed(outcome.number);
        match outcome.again {
            None => run(db, "DELETE FROM delivery WHERE number = ?1", [number])?,
            Some(at) => {
                let sql =
                    "UPDATE delivery SET due = ?2, attempts = attempts + ?3 WHERE number = ?1";
                run(db, sql, params![number, at.0, i64::from(outcome.tried)])?;
            }
        }
    }
    Ok(())
}
