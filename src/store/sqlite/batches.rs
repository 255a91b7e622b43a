//! Batches and what they queued.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::rows::{self, Key, signed, unsigned};
use super::{failed, write};
use crate::seal::{Keys, Place};
use crate::{MakeCommand, StoreError};
use modegate_core::batch::{Batch, BatchId, BatchState, PIECE, To};
use modegate_core::change::Refusal;
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::session::queue;
use modegate_core::time::Timestamp;

/// A batch and the place that it is kept at.
struct Row {
    place: u64,
    batch: Batch,
}

pub(super) fn create(
    db: &Connection,
    keys: &Keys,
    batch: &Batch,
    event: Event,
) -> Result<(), StoreError> {
    let place: i64 = db
        .query_row("SELECT 1 + coalesce(max(place), 0) FROM batch", [], |row| {
            row.get(0)
        })
        .map_err(failed)?;
    let sealed = sealed(keys, unsigned(place), batch)?;
    db.execute(
        "INSERT INTO batch VALUES (?1, ?2, 1, ?3)",
        params![place, &batch.id.0.as_bytes()[..], sealed],
    )
    .map_err(failed)?;
    write::log(db, &mut [event])
}

pub(super) fn one(db: &Connection, keys: &Keys, id: BatchId) -> Result<Option<Batch>, StoreError> {
    Ok(row(db, keys, id)?.map(|row| row.batch))
}

/// Up to `limit` batches before that place, the newest first.
pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Batch)>, StoreError> {
    let sql = "SELECT place, sealed FROM batch WHERE place < ?1 ORDER BY place DESC LIMIT ?2";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(params![signed(before), signed(limit as u64)], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .map_err(failed)?;
    found
        .map(|row| {
            let (place, sealed): (i64, _) = row.map_err(failed)?;
            Ok((unsigned(place), opened(keys, unsigned(place), &sealed)?))
        })
        .collect()
}

/// The batches that have work left, the oldest first.
pub(super) fn open(db: &Connection) -> Result<Vec<BatchId>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT id FROM batch WHERE is_open = 1 ORDER BY place")
        .map_err(failed)?;
    let found = statement
        .query_map([], |row| row.get::<_, Vec<u8>>(0))
        .map_err(failed)?;
    found
        .map(|id| {
            Ok(BatchId(
                Uuid::from_slice(&id.map_err(failed)?).map_err(failed)?,
            ))
        })
        .collect()
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
        Some(row) => items_of(db, row.place, after, limit),
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
    let missing = || StoreError::Refused(Refusal::Missing("there is no such batch".to_owned()));
    let mut row = row(db, keys, id)?.ok_or_else(missing)?;
    if row.batch.state != BatchState::Running {
        let why = format!(
            "the batch is {}; only one that is running can be stopped",
            row.batch.state.name()
        );
        return Err(StoreError::Refused(Refusal::Conflict(why)));
    }
    row.batch.stop(take_back, event.at);
    write::log(db, &mut [event])?;
    keep(db, keys, &row)?;
    Ok(row.batch)
}

/// Does the next piece of a batch's work: its devices and its own progress in
/// one transaction.
pub(super) fn advance(
    db: &Connection,
    keys: &Keys,
    id: BatchId,
    now: Timestamp,
    make: MakeCommand,
) -> Result<Option<Batch>, StoreError> {
    let Some(mut row) = row(db, keys, id)? else {
        return Ok(None);
    };
    match row.batch.state {
        BatchState::Running => queue_piece(db, keys, &mut row, now, &make)?,
        BatchState::Cancelling => cancel_piece(db, keys, &mut row, now)?,
        BatchState::Finished | BatchState::Stopped => return Ok(Some(row.batch)),
    }
    if !row.batch.state.is_open() {
        let detail = format!(
            "batch {id}: {} queued, {} refused, {} taken back",
            row.batch.queued, row.batch.refused, row.batch.cancelled
        );
        let event = Event::new(now, row.batch.actor.clone(), None, EventType::BatchEnded);
        write::log(db, &mut [event.detail(detail)])?;
    }
    keep(db, keys, &row)?;
    Ok(Some(row.batch))
}

fn queue_piece(
    db: &Connection,
    keys: &Keys,
    row: &mut Row,
    now: Timestamp,
    make: &MakeCommand,
) -> Result<(), StoreError> {
    let (devices, cursor, is_last) = turn(db, keys, &mut row.batch)?;
    for device in &devices {
        if !row.batch.wants(&device.record) {
            continue;
        }
        let given = std::cell::Cell::new(None);
        let body = make(device);
        let queued = match body {
            Ok(body) => queue::queue(device, body).map(|(change, seq)| {
                given.set(Some(seq));
                change
            }),
            Err(refusal) => Err(refusal),
        };
        match (queued, given.get()) {
            (Ok(change), Some(seq)) => {
                write::alter(db, keys, device.id, Box::new(move |_| Ok(change)))?;
                row.batch.queued += 1;
                db.prepare_cached("INSERT INTO batch_item VALUES (?1, ?2, ?3, ?4)")
                    .and_then(|mut sql| {
                        let id = &device.id.0.as_bytes()[..];
                        sql.execute(params![
                            signed(row.place),
                            signed(row.batch.queued),
                            id,
                            seq.0
                        ])
                    })
                    .map_err(failed)?;
            }
            (Err(refusal), _) => row.batch.refuse(device.id, refusal.words()),
            (Ok(_), None) => {}
        }
    }
    row.batch.advance(cursor, is_last, now);
    Ok(())
}

/// The devices whose turn it is, how far that goes, and whether it is the last.
fn turn(
    db: &Connection,
    keys: &Keys,
    batch: &mut Batch,
) -> Result<(Vec<Device>, u64, bool), StoreError> {
    if let To::Devices(ids) = &batch.to {
        let begins = usize::try_from(batch.cursor).unwrap_or(usize::MAX);
        let named: Vec<DeviceId> = ids.iter().skip(begins).take(PIECE).copied().collect();
        let (ends, is_last) = (begins + named.len(), begins + named.len() >= ids.len());
        let mut devices = Vec::with_capacity(named.len());
        for id in named {
            match rows::device(db, keys, &Key::Id(id))? {
                Some(row) if batch.wants(&row.device.record) => devices.push(row.device),
                _ => batch.refuse(id, "there is no such device".to_owned()),
            }
        }
        return Ok((devices, ends as u64, is_last));
    }
    let devices = rows::devices(db, keys, batch.cursor, PIECE)?;
    let cursor = devices.last().map_or(batch.cursor, |device| device.number);
    let is_last = devices.len() < PIECE;
    Ok((devices, cursor, is_last))
}

fn cancel_piece(
    db: &Connection,
    keys: &Keys,
    row: &mut Row,
    now: Timestamp,
) -> Result<(), StoreError> {
    let items = items_of(db, row.place, row.batch.cursor, PIECE)?;
    let cursor = items.last().map_or(row.batch.cursor, |(item, _)| *item);
    let is_last = items.len() < PIECE;
    for (_, id) in items {
        let actor = row.batch.actor.clone();
        let decide = move |device: &Device| {
            let waits = device.state.open(id.seq).is_some_and(|open| {
                queue::state_at(&device.state, open, now)
                    == modegate_core::command::CommandState::Queued
            });
            if !waits {
                return Err(Refusal::Conflict("it does not wait".to_owned()));
            }
            queue::cancel(device, id.seq, &actor, now)
        };
        match write::alter(db, keys, id.device, Box::new(decide)) {
            Ok(_) => row.batch.cancelled += 1,
            // Gone out, done or retired meanwhile: it stays as it is.
            Err(StoreError::Refused(_) | StoreError::NoDevice) => {}
            Err(error) => return Err(error),
        }
    }
    row.batch.advance(cursor, is_last, now);
    Ok(())
}

fn items_of(
    db: &Connection,
    place: u64,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, CommandId)>, StoreError> {
    let sql = "SELECT item, device, seq FROM batch_item WHERE batch = ?1 AND item > ?2 ORDER BY item LIMIT ?3";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(
            params![signed(place), signed(after), signed(limit as u64)],
            |row| {
                Ok((
                    row.get(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, u32>(2)?,
                ))
            },
        )
        .map_err(failed)?;
    found
        .map(|row| {
            let (item, device, seq): (i64, _, _) = row.map_err(failed)?;
            let device = DeviceId(Uuid::from_slice(&device).map_err(failed)?);
            let seq = CommandSeq(seq);
            Ok((unsigned(item), CommandId { device, seq }))
        })
        .collect()
}

fn row(db: &Connection, keys: &Keys, id: BatchId) -> Result<Option<Row>, StoreError> {
    let found: Option<(i64, Vec<u8>)> = db
        .prepare_cached("SELECT place, sealed FROM batch WHERE id = ?1")
        .and_then(|mut sql| {
            sql.query_row([&id.0.as_bytes()[..]], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(failed)?;
    found
        .map(|(place, sealed)| {
            let place = unsigned(place);
            let batch = opened(keys, place, &sealed)?;
            Ok(Row { place, batch })
        })
        .transpose()
}

fn keep(db: &Connection, keys: &Keys, row: &Row) -> Result<(), StoreError> {
    let sealed = sealed(keys, row.place, &row.batch)?;
    db.prepare_cached("UPDATE batch SET is_open = ?2, sealed = ?3 WHERE place = ?1")
        .and_then(|mut sql| {
            sql.execute(params![
                signed(row.place),
                row.batch.state.is_open(),
                sealed
            ])
        })
        .map(drop)
        .map_err(failed)
}

fn sealed(keys: &Keys, place: u64, batch: &Batch) -> Result<Vec<u8>, StoreError> {
    keys.seal(Place::Batch(place), &rows::pack(batch)?)
        .map_err(failed)
}

fn opened(keys: &Keys, place: u64, sealed: &[u8]) -> Result<Batch, StoreError> {
    rows::unpack(&keys.open(Place::Batch(place), sealed).map_err(failed)?)
}
