//! What is kept beside the entries of the log, as a verifier compares it with them: nothing
//! of it is trusted.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::error::failed;
use super::query::first;
use super::rows::{blob, signed, unsigned};
use super::{audit_keys, entries};
use crate::StoreError;
use modegate_core::audit::verify::{IndexEnd, IndexRow, KeptCheckpoint, RecordedKey, Rest};
use modegate_core::ids::DeviceId;

const ROWS: &str = "SELECT place, device, seq, prev, mark, bytes FROM event WHERE place >= ?1 ORDER BY place LIMIT ?2";

/// The rows from the place on, in order: at most `limit`.
pub(super) fn rows(db: &Connection, place: u64, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
    let mut found = Vec::new();
    visit_rows(db, place, limit as u64, &mut |row, _| found.push(row))?;
    Ok(found)
}

/// Visits the rows from the place on, then the ends of all devices, then the keys.
pub(super) fn visit_rest(
    db: &Connection,
    place: u64,
    visit: &mut dyn FnMut(Rest),
) -> Result<(), StoreError> {
    let limit = i64::MAX as u64;
    visit_rows(db, place, limit, &mut |row, stored| {
        visit(Rest::Entry(row, entries::entry(stored).into_owned()));
    })?;
    let sql = "SELECT id, number, next_event, event_head, event_mark FROM device \
               UNION ALL SELECT id, number, next_event, event_head, event_mark FROM chain";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        visit(Rest::End(end(row)?));
    }
    for key in audit_keys::list(db)? {
        let (vkey, until) = (key.vkey, key.until);
        visit(Rest::Key(RecordedKey { vkey, until }));
    }
    Ok(())
}

fn visit_rows(
    db: &Connection,
    place: u64,
    limit: u64,
    visit: &mut dyn FnMut(IndexRow, &[u8]),
) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(ROWS).map_err(failed)?;
    let range = params![signed(place), signed(limit)];
    let mut found = statement.query(range).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        let stored = blob(row, 5)?;
        visit(index_row(row, stored).map_err(failed)?, stored);
    }
    Ok(())
}

fn index_row(row: &Row<'_>, stored: &[u8]) -> rusqlite::Result<IndexRow> {
    Ok(IndexRow {
        place: unsigned(row.get(0)?),
        device: unsigned(row.get(1)?),
        seq: unsigned(row.get(2)?),
        prev: unsigned(row.get(3)?),
        mark: unsigned(row.get(4)?),
        stub: entries::stub(stored).map(<[u8]>::to_vec),
    })
}

fn end(row: &Row<'_>) -> Result<IndexEnd, StoreError> {
    let id = Uuid::from_slice(blob(row, 0)?).map_err(failed)?;
    let number = |column| row.get(column).map(unsigned).map_err(failed);
    Ok(IndexEnd {
        // That of the events that concern no device.
        device: (!id.is_nil()).then_some(DeviceId(id)),
        number: number(1)?,
        next: number(2)?,
        head: number(3)?,
        mark: number(4)?,
    })
}

/// The newest checkpoint below that size.
pub(super) fn kept_checkpoint(
    db: &Connection,
    below: u64,
) -> Result<Option<KeptCheckpoint>, StoreError> {
    let sql = "SELECT size, root, CAST(note AS BLOB) FROM checkpoint WHERE size < ?1 ORDER BY size DESC LIMIT 1";
    first(db, sql, [signed(below)], |row| {
        Ok(KeptCheckpoint {
            size: unsigned(row.get(0)?),
            root: row.get(1)?,
            note: row.get(2)?,
        })
    })
}
