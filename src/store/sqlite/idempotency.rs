//! Answers to writes that their callers named, kept for a day.

use rusqlite::{Connection, OptionalExtension, params};

use super::failed;
use super::rows::signed;
use crate::api;
use crate::api::{IdempotencyKey, ONCE_KEPT_MS, StoredResponse};
use crate::error::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::time::Timestamp;

/// Old answers removed with each new one: more than one, so that they run out.
const SWEPT: u64 = 8;

pub(super) fn stored_response(
    db: &Connection,
    keys: &Keys,
    once: &IdempotencyKey,
) -> Result<Option<api::StoredResponse>, StoreError> {
    let (number, name) = (number(once), once.id());
    let row: Option<(Vec<u8>, Vec<u8>)> = db
        .prepare_cached(
            "SELECT digest, answer FROM once WHERE number = ?1 AND name = ?2 AND at > ?3",
        )
        .and_then(|mut sql| {
            sql.query_row(params![signed(number), &name[..], oldest(once.at)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        })
        .map_err(failed)?;
    row.map(|(digest, sealed)| {
        Ok(StoredResponse {
            digest: digest
                .try_into()
                .map_err(|_| failed("a digest of 32 bytes"))?,
            answer: keys
                .open(SealContext::StoredResponse(number), &sealed)
                .map_err(failed)?,
        })
    })
    .transpose()
}

/// Keeps an answer, in the transaction of what it answers.
pub(super) fn keep(
    db: &Connection,
    keys: &Keys,
    once: &IdempotencyKey,
    answer: &[u8],
) -> Result<(), StoreError> {
    let (number, name) = (number(once), once.id());
    let sealed = keys
        .seal(SealContext::StoredResponse(number), answer)
        .map_err(failed)?;
    db.prepare_cached(
        "DELETE FROM once WHERE number IN (SELECT number FROM once WHERE at <= ?1 ORDER BY at LIMIT ?2)",
    )
    .and_then(|mut sql| sql.execute(params![oldest(once.at), signed(SWEPT)]))
    .map_err(failed)?;
    // What is kept too long under the same name may not have been swept yet.
    db.prepare_cached("INSERT OR REPLACE INTO once VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut sql| {
            sql.execute(params![
                signed(number),
                &name[..],
                once.at.0,
                &once.digest[..],
                sealed
            ])
        })
        .map(drop)
        .map_err(failed)
}

/// What its row lies by: enough of the name's digest to tell names apart.
fn number(once: &IdempotencyKey) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&once.id()[..8]);
    u64::from_be_bytes(first) >> 1
}

fn oldest(now: Timestamp) -> i64 {
    now.plus_ms(-ONCE_KEPT_MS).0
}
