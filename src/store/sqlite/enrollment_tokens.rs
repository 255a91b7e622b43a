//! One-time tokens by which devices enroll.

use rusqlite::{Connection, Params, params};

use super::events;
use super::query::run;
use super::rows::{self, signed};
use crate::StoreError;
use crate::enrollment::ChangeToken;
use crate::seal::{Keys, SealContext};
use modegate_core::change::Refusal;
use modegate_core::enrollment::{EnrollmentToken, EnrollmentTokenId, TOKENS, TokenDigest};

/// A token with its number.
type Numbered = (u64, EnrollmentToken);

fn select(
    db: &Connection,
    keys: &Keys,
    behind: &str,
    params: impl Params,
) -> Result<Vec<Numbered>, StoreError> {
    let sql = format!("SELECT number, sealed FROM enrollment_token {behind}");
    rows::sealed(db, keys, SealContext::EnrollmentToken, &sql, params)
}

pub(super) fn create(
    db: &Connection,
    keys: &Keys,
    token: EnrollmentToken,
) -> Result<EnrollmentToken, StoreError> {
    let (mut count, last) = rows::count_and_last(db, "enrollment_token")?;
    if count >= TOKENS {
        let sql = "DELETE FROM enrollment_token WHERE expires <= ?1";
        run(db, sql, [token.made_at.0])?;
        count = rows::count_and_last(db, "enrollment_token")?.0;
    }
    if count >= TOKENS {
        let why = format!(
            "there are {count} enrollment tokens, the most that there may be; wait until some expire"
        );
        return Err(Refusal::Conflict(why).into());
    }
    let number = last + 1;
    let row = params![
        signed(number),
        token.id.0.as_bytes(),
        token.digest.0,
        token.expires_at.0,
        rows::seal(keys, SealContext::EnrollmentToken(number), &token)?
    ];
    run(
        db,
        "INSERT INTO enrollment_token VALUES (?1, ?2, ?3, ?4, ?5)",
        row,
    )?;
    events::log(db, &mut [token.made()])?;
    Ok(token)
}

pub(super) fn by_digest(
    db: &Connection,
    keys: &Keys,
    digest: TokenDigest,
) -> Result<Option<Numbered>, StoreError> {
    let found = select(db, keys, "WHERE digest = ?1", [digest.0])?;
    Ok(found.into_iter().next())
}

pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    before: u64,
    limit: usize,
) -> Result<Vec<Numbered>, StoreError> {
    let range = params![signed(before), signed(limit as u64)];
    let behind = "WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
    select(db, keys, behind, range)
}

fn by_id(db: &Connection, keys: &Keys, id: EnrollmentTokenId) -> Result<Numbered, StoreError> {
    let found = select(db, keys, "WHERE id = ?1", [id.0.as_bytes()])?;
    let found = found.into_iter().next();
    found.ok_or_else(|| StoreError::missing("enrollment token"))
}

pub(super) fn alter(
    db: &Connection,
    keys: &Keys,
    id: EnrollmentTokenId,
    change: ChangeToken,
) -> Result<EnrollmentToken, StoreError> {
    let (token, event) = change(by_id(db, keys, id)?.1)?;
    update(db, keys, &token)?;
    events::log(db, &mut [event])?;
    Ok(token)
}

/// Writes a token that is there.
pub(super) fn update(
    db: &Connection,
    keys: &Keys,
    token: &EnrollmentToken,
) -> Result<(), StoreError> {
    let (number, _) = by_id(db, keys, token.id)?;
    let sealed = rows::seal(keys, SealContext::EnrollmentToken(number), token)?;
    let sql = "UPDATE enrollment_token SET sealed = ?2 WHERE number = ?1";
    run(db, sql, params![signed(number), sealed])
}
