//! Tokens.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::{events, rows};
use crate::StoreError;
use modegate_core::change::Refusal;
use modegate_core::event::Event;
use modegate_core::tokens::{self, Token, TokenId};

pub(super) fn all(db: &Connection) -> Result<Vec<Token>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT body FROM token ORDER BY id")
        .map_err(failed)?;
    let found = statement
        .query_map([], |row| row.get::<_, Vec<u8>>(0))
        .map_err(failed)?;
    found
        .map(|body| rows::unpack(&body.map_err(failed)?))
        .collect()
}

pub(super) fn create(db: &Connection, token: &Token, event: Event) -> Result<(), StoreError> {
    let count: i64 = db
        .query_row("SELECT count(*) FROM token", [], |row| row.get(0))
        .map_err(failed)?;
    let taken: Option<i64> = db
        .query_row(
            "SELECT 1 FROM token WHERE name = ?1",
            [&token.name],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    let may = tokens::check_new(rows::count(count), taken.is_some());
    may.map_err(StoreError::Refused)?;
    let (id, body) = (&token.id.0.as_bytes()[..], rows::pack(token)?);
    db.execute(
        "INSERT INTO token VALUES (?1, ?2, ?3)",
        params![id, token.name, body],
    )
    .map_err(failed)?;
    events::log(db, &mut [event])
}

pub(super) fn revoke(db: &Connection, id: TokenId, event: Event) -> Result<Token, StoreError> {
    let key = &id.0.as_bytes()[..];
    let body: Option<Vec<u8>> = db
        .query_row("SELECT body FROM token WHERE id = ?1", [key], |row| {
            row.get(0)
        })
        .optional()
        .map_err(failed)?;
    let Some(body) = body else {
        let why = "there is no such token".to_owned();
        return Err(StoreError::Refused(Refusal::Missing(why)));
    };
    let token: Token = rows::unpack(&body)?;
    db.execute("DELETE FROM token WHERE id = ?1", [key])
        .map_err(failed)?;
    events::log(db, &mut [tokens::revoked(&token, event)])?;
    Ok(token)
}
