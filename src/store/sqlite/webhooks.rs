//! Webhooks, and the outbox of what they are to be told.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::events;
use super::rows::{self, signed, unsigned};
use crate::StoreError;
use crate::seal::{Keys, Place};
use modegate_core::change::Refusal;
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{self, Delivery, Outcome, Webhook, WebhookId};

pub(super) fn all(db: &Connection, keys: &Keys) -> Result<Vec<Webhook>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT number, sealed FROM webhook ORDER BY number")
        .map_err(failed)?;
    let found = statement
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))
        .map_err(failed)?;
    found
        .map(|row| {
            let (number, sealed): (i64, _) = row.map_err(failed)?;
            opened(keys, unsigned(number), &sealed)
        })
        .collect()
}

fn opened(keys: &Keys, number: u64, sealed: &[u8]) -> Result<Webhook, StoreError> {
    let plain = keys.open(Place::Webhook(number), sealed).map_err(failed)?;
    Ok(Webhook {
        number,
        ..rows::unpack(&plain)?
    })
}

pub(super) fn create(
    db: &Connection,
    keys: &Keys,
    mut webhook: Webhook,
    event: Event,
) -> Result<Webhook, StoreError> {
    let sql = "SELECT count(*), coalesce(max(number), 0) FROM webhook";
    let (count, last): (i64, i64) = db
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    webhooks::check_room(rows::count(count)).map_err(StoreError::Refused)?;
    webhook.number = unsigned(last) + 1;
    let sealed = keys
        .seal(Place::Webhook(webhook.number), &rows::pack(&webhook)?)
        .map_err(failed)?;
    let id = &webhook.id.0.as_bytes()[..];
    db.execute(
        "INSERT INTO webhook VALUES (?1, ?2, ?3)",
        params![signed(webhook.number), id, sealed],
    )
    .map_err(failed)?;
    events::log(db, &mut [event])?;
    Ok(webhook)
}

pub(super) fn delete(
    db: &Connection,
    keys: &Keys,
    id: WebhookId,
    event: Event,
) -> Result<Webhook, StoreError> {
    let key = &id.0.as_bytes()[..];
    let row: Option<(i64, Vec<u8>)> = db
        .query_row(
            "SELECT number, sealed FROM webhook WHERE id = ?1",
            [key],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(failed)?;
    let missing = || Refusal::Missing("there is no such webhook".to_owned());
    let (number, sealed) = row.ok_or_else(|| StoreError::Refused(missing()))?;
    let webhook = opened(keys, unsigned(number), &sealed)?;
    for sql in [
        "DELETE FROM delivery WHERE webhook = ?1",
        "DELETE FROM webhook WHERE number = ?1",
    ] {
        db.execute(sql, [number]).map_err(failed)?;
    }
    events::log(db, &mut [event])?;
    Ok(webhook)
}

pub(super) fn waiting(db: &Connection) -> Result<Vec<(u64, u64)>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT webhook, count(*) FROM delivery GROUP BY webhook")
        .map_err(failed)?;
    let found = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    found
        .map(|row| {
            let (webhook, count): (i64, i64) = row.map_err(failed)?;
            Ok((unsigned(webhook), unsigned(count)))
        })
        .collect()
}

pub(super) fn due(
    db: &Connection,
    webhook: u64,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = "SELECT number, webhook, attempts, event, body FROM delivery \
               WHERE webhook = ?1 AND due <= ?2 ORDER BY due, number LIMIT ?3";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(
            params![signed(webhook), now.0, signed(limit as u64)],
            |row| {
                Ok(Delivery {
                    number: unsigned(row.get(0)?),
                    webhook: unsigned(row.get(1)?),
                    attempts: row.get(2)?,
                    event: row.get(3)?,
                    body: row.get(4)?,
                })
            },
        )
        .map_err(failed)?;
    found.map(|row| row.map_err(failed)).collect()
}

/// By the webhooks, which are few: each is one look into the index.
pub(super) fn next(db: &Connection) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    let sql = "SELECT number, (SELECT min(due) FROM delivery WHERE webhook = webhook.number) AS first \
               FROM webhook WHERE first IS NOT NULL";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    found
        .map(|row| {
            let (webhook, due): (i64, i64) = row.map_err(failed)?;
            Ok((unsigned(webhook), Timestamp(due)))
        })
        .collect()
}

pub(super) fn settle(db: &Connection, outcomes: &[Outcome]) -> Result<(), StoreError> {
    for outcome in outcomes {
        let number = signed(outcome.number);
        match outcome.again {
            None => db
                .prepare_cached("DELETE FROM delivery WHERE number = ?1")
                .and_then(|mut sql| sql.execute([number])),
            Some(at) => db
                .prepare_cached(
                    "UPDATE delivery SET due = ?2, attempts = attempts + ?3 WHERE number = ?1",
                )
                .and_then(|mut sql| sql.execute(params![number, at.0, i64::from(outcome.tried)])),
        }
        .map_err(failed)?;
    }
    Ok(())
}
