//! The catalogue.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::events;
use super::rows::{self, signed, unsigned};
use crate::StoreError;
use crate::installs::DecideApp;
use crate::seal::{Keys, Place};
use modegate_core::catalogue::{self, App};
use modegate_core::change::Refusal;
use modegate_core::event::Event;

pub(super) fn one(db: &Connection, keys: &Keys, id: &str) -> Result<Option<App>, StoreError> {
    Ok(row(db, keys, id)?.map(|(_, app)| app))
}

fn row(db: &Connection, keys: &Keys, id: &str) -> Result<Option<(u64, App)>, StoreError> {
    let found: Option<(i64, Vec<u8>)> = db
        .prepare_cached("SELECT number, sealed FROM app WHERE id = ?1")
        .and_then(|mut sql| {
            sql.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(failed)?;
    found
        .map(|(number, sealed)| Ok((unsigned(number), opened(keys, unsigned(number), &sealed)?)))
        .transpose()
}

pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, App)>, StoreError> {
    let sql = "SELECT number, sealed FROM app WHERE number > ?1 ORDER BY number LIMIT ?2";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(params![signed(after), signed(limit as u64)], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .map_err(failed)?;
    found
        .map(|row| {
            let (number, sealed): (i64, _) = row.map_err(failed)?;
            Ok((unsigned(number), opened(keys, unsigned(number), &sealed)?))
        })
        .collect()
}

pub(super) fn put(
    db: &Connection,
    keys: &Keys,
    id: &str,
    decide: DecideApp,
    event: Event,
) -> Result<App, StoreError> {
    let before = row(db, keys, id)?;
    let app = decide(before.as_ref().map(|(_, app)| app)).map_err(StoreError::Refused)?;
    let number = match before {
        Some((number, _)) => number,
        None => next(db)?,
    };
    let sealed = keys
        .seal(Place::App(number), &rows::pack(&app)?)
        .map_err(failed)?;
    db.prepare_cached("INSERT OR REPLACE INTO app VALUES (?1, ?2, ?3)")
        .and_then(|mut sql| sql.execute(params![signed(number), app.id, sealed]))
        .map_err(failed)?;
    events::log(db, &mut [event])?;
    Ok(app)
}

fn next(db: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT count(*), coalesce(max(number), 0) FROM app";
    let (count, last): (i64, i64) = db
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    catalogue::check_room(rows::count(count)).map_err(StoreError::Refused)?;
    Ok(unsigned(last) + 1)
}

pub(super) fn delete(
    db: &Connection,
    keys: &Keys,
    id: &str,
    event: Event,
) -> Result<App, StoreError> {
    let missing = || Refusal::Missing("there is no such app".to_owned());
    let (number, app) = row(db, keys, id)?.ok_or_else(|| StoreError::Refused(missing()))?;
    db.execute("DELETE FROM app WHERE number = ?1", [signed(number)])
        .map_err(failed)?;
    events::log(db, &mut [event])?;
    Ok(app)
}

fn opened(keys: &Keys, number: u64, sealed: &[u8]) -> Result<App, StoreError> {
    rows::unpack(&keys.open(Place::App(number), sealed).map_err(failed)?)
}
