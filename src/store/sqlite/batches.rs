//! Batches and what they queued.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::query::{all, run, value};
use super::rows::{self, Key, signed, unsigned};
use super::{changes, events};
use crate::seal::{Keys, SealContext};
use crate::{MakeCommand, StoreError};
use modegate_core::batch::{self, Batch, BatchId, Found, Selection};
use modegate_core::event::Event;
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::time::Timestamp;

pub(super) fn create(
    db: &Connection,
    keys: &Keys,
    batch: &Batch,
    event: Event,
) -> Result<(), StoreError> {
    let place: i64 = value(db, "SELECT 1 + coalesce(max(place), 0) FROM batch", [])?;
    let sealed = rows::seal(keys, SealContext::Batch(unsigned(place)), batch)?;
    let row = params![place, batch.id.0.as_bytes(), batch.state.is_open(), sealed];
    run(db, "INSERT INTO batch VALUES (?1, ?2, ?3, ?4)", row)?;
    events::log(db, &mut [event])
}

pub(super) fn one(db: &Connection, keys: &Keys, id: BatchId) -> Result<Option<Batch>, StoreError> {
    Ok(row(db, keys, id)?.map(|(_, batch)| batch))
}

/// Up to `limit` batches before that place, the newest first.
pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Batch)>, StoreError> {
    let sql = "SELECT place, sealed FROM batch WHERE place < ?1 ORDER BY place DESC LIMIT ?2";
    let range = params![signed(before), signed(limit as u64)];
    rows::sealed(db, keys, SealContext::Batch, sql, range)
}

/// The batches that have work left, the oldest first.
pub(super) fn open(db: &Connection) -> Result<Vec<BatchId>, StoreError> {
    let sql = "SELECT id FROM batch WHERE is_open = 1 ORDER BY place";
    all(db, sql, [], |row| {
        Ok(BatchId(Uuid::from_bytes(row.get(0)?)))
    })
}

/// What a batch queued, up to `limit` behind that item.
pub(super) fn items(
    db: &Connection,
    keys: &Keys,
    id: BatchId,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, CommandId)>, StoreError> {
    match row(db, keys, id)? {
        Some((place, _)) => items_of(db, place, after, limit),
        None => Ok(Vec::new()),
    }
}

/// Stops a batch.
pub(super) fn stop(
    db: &Connection,
    keys: &Keys,
    id: BatchId,
    take_back: bool,
    event: Event,
) -> Result<Batch, StoreError> {
    let missing = || StoreError::missing("batch");
    let (place, mut batch) = row(db, keys, id)?.ok_or_else(missing)?;
    batch.stop(take_back, event.at)?;
    events::log(db, &mut [event])?;
    update(db, keys, place, &batch)?;
    Ok(batch)
}

/// Does the next task of a batch: its devices and its own progress in one transaction.
pub(super) fn advance(
    db: &Connection,
    keys: &Keys,
    id: BatchId,
    now: Timestamp,
    make: MakeCommand,
) -> Result<Option<Batch>, StoreError> {
    let Some((place, batch)) = row(db, keys, id)? else {
        return Ok(None);
    };
    let Some(selection) = batch.selection() else {
        return Ok(Some(batch));
    };
    let found = found(db, keys, place, selection)?;
    let mut step = batch::advance(batch, found, &make, now);
    for change in step.changes {
        changes::apply(db, keys, change)?;
    }
    insert_items(db, place, &step.items)?;
    if !step.events.is_empty() {
        events::log(db, &mut step.events)?;
    }
    update(db, keys, place, &step.batch)?;
    Ok(Some(step.batch))
}

/// What a task of the batch looks at.
fn found(
    db: &Connection,
    keys: &Keys,
    place: u64,
    selection: Selection,
) -> Result<Found, StoreError> {
    let device = |id: DeviceId| rows::device(db, keys, &Key::Id(id));
    match selection {
        Selection::Named(ids) => {
            let there = ids.into_iter().filter_map(|id| device(id).transpose());
            Ok(Found::Devices(there.collect::<Result<_, _>>()?))
        }
        Selection::Devices { after, limit } => {
            Ok(Found::Devices(rows::devices(db, keys, after, limit)?))
        }
        Selection::Items { after, limit } => {
            let items = items_of(db, place, after, limit)?.into_iter();
            let items = items.map(|(item, id)| Ok((item, id, device(id.device)?)));
            Ok(Found::Items(items.collect::<Result<_, StoreError>>()?))
        }
    }
}

fn insert_items(db: &Connection, place: u64, items: &[(u64, CommandId)]) -> Result<(), StoreError> {
    let sql = "INSERT INTO batch_item VALUES (?1, ?2, ?3, ?4)";
    for (item, CommandId { device, seq }) in items {
        let row = params![signed(place), signed(*item), device.0.as_bytes(), seq.0];
        run(db, sql, row)?;
    }
    Ok(())
}

fn items_of(
    db: &Connection,
    place: u64,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, CommandId)>, StoreError> {
    let sql = "SELECT item, device, seq FROM batch_item WHERE batch = ?1 AND item > ?2 ORDER BY item LIMIT ?3";
    let range = params![signed(place), signed(after), signed(limit as u64)];
    all(db, sql, range, |row| {
        let device = DeviceId(Uuid::from_bytes(row.get(1)?));
        let seq = CommandSeq(row.get(2)?);
        Ok((unsigned(row.get(0)?), CommandId { device, seq }))
    })
}

/// A batch and the place that it is stored at.
fn row(db: &Connection, keys: &Keys, id: BatchId) -> Result<Option<(u64, Batch)>, StoreError> {
    let sql = "SELECT place, sealed FROM batch WHERE id = ?1";
    Ok(rows::sealed(db, keys, SealContext::Batch, sql, [id.0.as_bytes()])?.pop())
}

fn update(db: &Connection, keys: &Keys, place: u64, batch: &Batch) -> Result<(), StoreError> {
    let sealed = rows::seal(keys, SealContext::Batch(place), batch)?;
    let sql = "UPDATE batch SET is_open = ?2, sealed = ?3 WHERE place = ?1";
    run(
        db,
        sql,
        params![signed(place), batch.state.is_open(), sealed],
    )
}
