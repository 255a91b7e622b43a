//! Tokens.

use rusqlite::{Connection, Row, params};

use super::query::{first, run};
use super::{events, rows, web_sessions};
use crate::StoreError;
use modegate_core::event::Event;
use modegate_core::tokens::{self, Token, TokenId};
use modegate_core::web_session::Subject;

pub(super) fn all(db: &Connection) -> Result<Vec<Token>, StoreError> {
    rows::packed(db, "SELECT body FROM token ORDER BY id", [])
}

pub(super) fn create(db: &Connection, token: &Token, event: Event) -> Result<(), StoreError> {
    let read = |row: &Row<'_>| Ok(rows::unsigned(row.get(0)?));
    let count = first(db, "SELECT count(*) FROM token", [], read)?;
    let sql = "SELECT body FROM token WHERE name = ?1";
    let taken: Option<Token> = rows::packed(db, sql, [&token.name])?.pop();
    let taken = taken.map(|token| token.id);
    tokens::check_new(&token.name, count.unwrap_or_default(), taken)?;
    let row = params![token.id.0.as_bytes(), token.name, rows::pack(token)?];
    run(db, "INSERT INTO token VALUES (?1, ?2, ?3)", row)?;
    events::log(db, &mut [event])
}

pub(super) fn revoke(db: &Connection, id: TokenId, event: Event) -> Result<Token, StoreError> {
    let key = [id.0.as_bytes()];
    let sql = "SELECT body FROM token WHERE id = ?1";
    let token = rows::packed(db, sql, key)?.pop();
    let token: Token = token.ok_or_else(|| StoreError::missing("token"))?;
    run(db, "DELETE FROM token WHERE id = ?1", key)?;
    web_sessions::end_of(db, Subject::Token(id), None)?;
    events::log(db, &mut [tokens::revoked(&token, event)])?;
    Ok(token)
}
