//! The catalogue.

use rusqlite::{Connection, params};

use super::events;
use super::query::run;
use super::rows::{self, signed};
use crate::StoreError;
use crate::installs::DecideApp;
use crate::seal::{Keys, SealContext};
use modegate_core::catalogue::{self, App};
use modegate_core::event::Event;

pub(super) fn one(db: &Connection, keys: &Keys, id: &str) -> Result<Option<App>, StoreError> {
    Ok(row(db, keys, id)?.map(|(_, app)| app))
}

fn row(db: &Connection, keys: &Keys, id: &str) -> Result<Option<(u64, App)>, StoreError> {
    let sql = "SELECT number, sealed FROM app WHERE id = ?1";
    Ok(rows::sealed(db, keys, SealContext::App, sql, [id])?.pop())
}

pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, App)>, StoreError> {
    let sql = "SELECT number, sealed FROM app WHERE number > ?1 ORDER BY number LIMIT ?2";
    let range = params![signed(after), signed(limit as u64)];
    rows::sealed(db, keys, SealContext::App, sql, range)
}

pub(super) fn put(
    db: &Connection,
    keys: &Keys,
    id: &str,
    decide: DecideApp,
    event: Event,
) -> Result<App, StoreError> {
    let before = row(db, keys, id)?;
    let app = decide(before.as_ref().map(|(_, app)| app))?;
    let number = match before {
        Some((number, _)) => number,
        None => next(db)?,
    };
    let sealed = rows::seal(keys, SealContext::App(number), &app)?;
    let sql = "INSERT OR REPLACE INTO app VALUES (?1, ?2, ?3)";
    run(db, sql, params![signed(number), app.id, sealed])?;
    events::log(db, &mut [event])?;
    Ok(app)
}

/// The number that one more app gets.
fn next(db: &Connection) -> Result<u64, StoreError> {
    let (count, last) = rows::count_and_last(db, "app")?;
    catalogue::check_room(count)?;
    Ok(last + 1)
}

pub(super) fn delete(
    db: &Connection,
    keys: &Keys,
    id: &str,
    event: Event,
) -> Result<App, StoreError> {
    let (number, app) = row(db, keys, id)?.ok_or_else(|| StoreError::missing("app"))?;
    run(db, "DELETE FROM app WHERE number = ?1", [signed(number)])?;
    events::log(db, &mut [event])?;
    Ok(app)
}
