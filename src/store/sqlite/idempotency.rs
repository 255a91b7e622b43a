//! Answers to writes that their callers named, kept for a day.

use rusqlite::{Connection, Row, params};

use super::failed;
use super::query::{first, run};
use super::rows::signed;
use crate::api::{IdempotencyKey, RESPONSE_KEPT_MS, StoredResponse};
use crate::error::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::time::Timestamp;

/// Expired answers deleted with each new one: more than one, so that they run out.
const PURGED_PER_WRITE: u64 = 8;

pub(super) fn stored_response(
    db: &Connection,
    keys: &Keys,
    key: &IdempotencyKey,
) -> Result<Option<StoredResponse>, StoreError> {
    let (number, name) = (number(key), key.id());
    let sql = "SELECT digest, answer FROM once WHERE number = ?1 AND name = ?2 AND at > ?3";
    let values = params![signed(number), &name[..], oldest(key.at)];
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?));
    let Some((digest, sealed)) = first(db, sql, values, read)? else {
        return Ok(None);
    };
    let answer = keys.open(SealContext::StoredResponse(number), &sealed);
    let answer = answer.map_err(failed)?;
    Ok(Some(StoredResponse { digest, answer }))
}

/// Keeps an answer, in the transaction of what it answers.
pub(super) fn keep(
    db: &Connection,
    keys: &Keys,
    key: &IdempotencyKey,
    answer: &[u8],
) -> Result<(), StoreError> {
    let (number, name) = (number(key), key.id());
    let sealed = keys
        .seal(SealContext::StoredResponse(number), answer)
        .map_err(failed)?;
    let sql = "DELETE FROM once WHERE number IN (SELECT number FROM once WHERE at <= ?1 ORDER BY at LIMIT ?2)";
    run(db, sql, params![oldest(key.at), signed(PURGED_PER_WRITE)])?;
    // An expired answer under the same name may not have been deleted yet.
    let (at, digest) = (key.at.0, &key.digest[..]);
    let row = params![signed(number), &name[..], at, digest, sealed];
    run(
        db,
        "INSERT OR REPLACE INTO once VALUES (?1, ?2, ?3, ?4, ?5)",
        row,
    )
}

/// What its row lies by: enough of the name's digest to tell names apart.
fn number(key: &IdempotencyKey) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&key.id()[..8]);
    u64::from_be_bytes(first) >> 1
}

fn oldest(now: Timestamp) -> i64 {
    now.plus_ms(-RESPONSE_KEPT_MS).0
}
