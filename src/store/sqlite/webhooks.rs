//! Webhooks, and the outbox of what they are to be told.

use rusqlite::{Connection, Params, Row, params};

use super::error::failed;
use super::events;
use super::query::{self, run};
use super::rows::{self, signed, unsigned};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{
    self, AskedDelivery, AttemptResult, Delivery, DeliveryRecord, DeliveryStanding, Outcome,
    Webhook, WebhookId,
};

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
    let webhook = one(db, keys, id)?;
    for sql in [
        "DELETE FROM delivery WHERE webhook = ?1",
        "DELETE FROM webhook WHERE number = ?1",
    ] {
        run(db, sql, [signed(webhook.number)])?;
    }
    events::log(db, &mut [event])?;
    Ok(webhook)
}

fn one(db: &Connection, keys: &Keys, id: WebhookId) -> Result<Webhook, StoreError> {
    let sql = "SELECT number, sealed FROM webhook WHERE id = ?1";
    let found = select(db, keys, sql, [id.0.as_bytes()])?.pop();
    found.ok_or_else(|| StoreError::missing("webhook"))
}

pub(super) fn alter(
    db: &Connection,
    keys: &Keys,
    id: WebhookId,
    change: impl FnOnce(&mut Webhook),
    event: Event,
) -> Result<Webhook, StoreError> {
    let mut webhook = one(db, keys, id)?;
    change(&mut webhook);
    let sealed = rows::seal(keys, SealContext::Webhook(webhook.number), &webhook)?;
    let sql = "UPDATE webhook SET sealed = ?2 WHERE number = ?1";
    run(db, sql, params![signed(webhook.number), sealed])?;
    events::log(db, &mut [event])?;
    Ok(webhook)
}

/// A delivery that ended is due then.
const NEVER: i64 = i64::MAX;

/// Up to `limit` deliveries of a webhook with numbers below `before`, the newest first.
pub(super) fn deliveries(
    db: &Connection,
    keys: &Keys,
    id: WebhookId,
    before: u64,
    limit: usize,
) -> Result<Vec<DeliveryRecord>, StoreError> {
    let webhook = one(db, keys, id)?;
    let sql = "SELECT number, event, body, attempts, due, ended, error FROM delivery \
               WHERE webhook = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
    let which = params![signed(webhook.number), signed(before), signed(limit as u64)];
    query::all(db, sql, which, delivery_record)
}

fn delivery_record(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let (due, ended): (i64, Option<i64>) = (row.get(4)?, row.get(5)?);
    Ok(DeliveryRecord {
        number: unsigned(row.get(0)?),
        event: row.get(1)?,
        body: row.get(2)?,
        attempts: row.get(3)?,
        due: (due != NEVER).then_some(Timestamp(due)),
        ended: ended.map(Timestamp),
        error: row.get(6)?,
    })
}

/// How the deliveries of each webhook stand: for each a look into the index for the one that is
/// due first, and at those that ended, of which few are kept.
pub(super) fn standings(db: &Connection) -> Result<Vec<DeliveryStanding>, StoreError> {
    const RECORD: &str = "SELECT number, event, body, attempts, due, ended, error FROM delivery";
    let next = format!("{RECORD} WHERE webhook = ?1 AND due < ?2 ORDER BY due, number LIMIT 1");
    let last = format!(
        "{RECORD} WHERE webhook = ?1 AND ended IS NOT NULL ORDER BY ended DESC, number DESC LIMIT 1"
    );
    let waiting = waiting(db)?;
    let sql = "SELECT number FROM webhook ORDER BY number";
    let numbers: Vec<i64> = query::all(db, sql, [], |row| row.get(0))?;
    let standing = |number: i64| {
        let webhook = unsigned(number);
        let count = waiting.iter().find(|(of, _)| *of == webhook);
        Ok(DeliveryStanding {
            webhook,
            waiting: count.map_or(0, |(_, count)| *count),
            next: query::first(db, &next, [number, NEVER], delivery_record)?,
            last: query::first(db, &last, [number], delivery_record)?,
        })
    };
    numbers.into_iter().map(standing).collect()
}

/// Puts a delivery into the outbox because somebody asked for it.
pub(super) fn ask(
    db: &Connection,
    keys: &Keys,
    id: WebhookId,
    asked: AskedDelivery,
    event: Event,
) -> Result<DeliveryRecord, StoreError> {
    const RECORD: &str = "SELECT number, event, body, attempts, due, ended, error FROM delivery \
                          WHERE webhook = ?1 AND number = ?2";
    let webhook = signed(one(db, keys, id)?.number);
    let (name, body) = match asked {
        AskedDelivery::New(name, body) => (name, body),
        AskedDelivery::Again(number) => {
            let which = params![webhook, signed(number)];
            let before = query::first(db, RECORD, which, delivery_record)?;
            let before = before.ok_or_else(|| StoreError::missing("delivery"))?;
            (before.event, before.body)
        }
    };
    let sql =
        "INSERT INTO delivery (webhook, due, attempts, event, body) VALUES (?1, ?2, 0, ?3, ?4)";
    run(db, sql, params![webhook, event.at.0, name, body])?;
    let number = db.last_insert_rowid();
    events::log(db, &mut [event])?;
    let made = params![webhook, number];
    query::first(db, RECORD, made, delivery_record)?
        .ok_or_else(|| failed("a delivery that was just written is not there"))
}

pub(super) fn waiting(db: &Connection) -> Result<Vec<(u64, u64)>, StoreError> {
    // By the index, which has both columns: what ended is due never.
    let sql = "SELECT webhook, count(*) FROM delivery WHERE due < ?1 GROUP BY webhook";
    query::all(db, sql, [NEVER], |row| {
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
               FROM webhook WHERE first < ?1";
    query::all(db, sql, [NEVER], |row| {
        Ok((unsigned(row.get(0)?), Timestamp(row.get(1)?)))
    })
}

pub(super) fn settle(db: &Connection, outcomes: &[Outcome]) -> Result<(), StoreError> {
    for Outcome { number, result } in outcomes {
        let number = signed(*number);
        match result {
            AttemptResult::Postponed { again } => {
                let sql = "UPDATE delivery SET due = ?2 WHERE number = ?1";
                run(db, sql, params![number, again.0])?;
            }
            AttemptResult::Failed {
                again: Some(again),
                why,
                ..
            } => {
                let sql = "UPDATE delivery SET due = ?2, attempts = attempts + 1, error = ?3 WHERE number = ?1";
                run(db, sql, params![number, again.0, why])?;
            }
            AttemptResult::Failed {
                again: None,
                at,
                why,
            } => end(db, number, *at, Some(why))?,
            AttemptResult::Delivered { at } => end(db, number, *at, None)?,
        }
    }
    Ok(())
}

/// Ends a delivery. Of those that ended the newest are kept.
fn end(db: &Connection, number: i64, at: Timestamp, why: Option<&str>) -> Result<(), StoreError> {
    let sql = "UPDATE delivery SET due = ?2, attempts = attempts + 1, ended = ?3, error = ?4 WHERE number = ?1";
    run(db, sql, params![number, NEVER, at.0, why])?;
    let sql = "DELETE FROM delivery WHERE number IN (SELECT number FROM delivery \
               WHERE webhook = (SELECT webhook FROM delivery WHERE number = ?1) AND ended IS NOT NULL \
               ORDER BY number DESC LIMIT -1 OFFSET ?2)";
    run(db, sql, params![number, signed(webhooks::ENDED_DELIVERIES)])
}
