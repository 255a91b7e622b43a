//! Applies a change of a device, whoever made it: an exchange, a write of the
//! API, a worker. What is written, and what follows from it, stands in the change.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::events::{self, Chain};
use super::inventory;
use super::rows::{self, Key, signed, unsigned};
use crate::seal::{Keys, Place};
use crate::{Decide, StoreError};
use modegate_core::change::{DeviceChange, NewDelivery, Standing};
use modegate_core::command::{CommandBody, Part};
use modegate_core::device::{Device, DeviceRecord, State};
use modegate_core::ids::{CommandSeq, DeviceId};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// Reads a device, decides and writes. The device afterwards.
pub(super) fn alter(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    decide: Decide,
) -> Result<Device, StoreError> {
    let mut device = rows::device(db, keys, &Key::Id(device))?.ok_or(StoreError::NoDevice)?;
    let change = decide(&device).map_err(StoreError::Refused)?;
    let change = apply(db, keys, change)?;
    device.state = change.state;
    device.record = change.record.unwrap_or(device.record);
    Ok(device)
}

/// Writes a change, with all that it entails; as it was written. Refuses
/// before its first write: [`Writer::submit_checked`](super::writer::Writer::submit_checked).
pub(super) fn apply(
    db: &Connection,
    keys: &Keys,
    mut change: DeviceChange,
) -> Result<DeviceChange, StoreError> {
    let number = change.number;
    // Retired meanwhile, where there is none.
    let (standing, mut chain) = standing(db, number)?.ok_or(StoreError::Changed)?;
    let current = || Ok(rows::device(db, keys, &Key::Number(number))?.map(|device| device.state));
    if !change.fit(&standing, current)? {
        return Err(StoreError::Changed);
    }
    events::append(db, &mut chain, &mut change.events)?;
    insert_bodies(db, keys, number, &change.queued)?;
    insert_parts(db, keys, number, &change.parts)?;
    let changes = &change.inventory_changes;
    inventory::write(db, keys, number, change.inventory.as_ref(), changes)?;
    if let Some(record) = &change.record {
        update_record(db, keys, number, record)?;
    }
    if let Some(uri) = &change.channel_uri {
        put_uri(db, keys, number, uri.as_ref())?;
    }
    if let Some(due) = change.wake_due {
        put_due(db, number, due)?;
    }
    insert_deliveries(db, &change.deliveries)?;
    if change.makes_installs_due(&standing) {
        db.prepare_cached("INSERT OR IGNORE INTO install_due VALUES (?1)")
            .and_then(|mut sql| sql.execute([signed(number)]))
            .map_err(failed)?;
    }
    let reply = change.reply.as_deref();
    let reply = reply.map(|reply| keys.seal(Place::Reply(number), reply));
    update_state(
        db,
        &change.state,
        &chain,
        reply.transpose().map_err(failed)?,
    )?;
    Ok(change)
}

/// How far a device is, and its events; none where it is not there.
fn standing(db: &Connection, number: u64) -> Result<Option<(Standing, Chain)>, StoreError> {
    let sql = "SELECT revision, next_command, next_event, event_head, event_mark, \
               EXISTS (SELECT 1 FROM install INDEXED BY open_installs WHERE device = ?1 AND open = 1) \
               FROM device WHERE number = ?1";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    statement
        .query_row([signed(number)], |row| {
            let chain = Chain {
                number,
                next_event: unsigned(row.get(2)?),
                head: row.get(3)?,
                mark: row.get(4)?,
            };
            let standing = Standing {
                revision: unsigned(row.get(0)?),
                next_command: row.get(1)?,
                next_event: chain.next_event,
                has_open_installs: row.get(5)?,
            };
            Ok((standing, chain))
        })
        .optional()
        .map_err(failed)
}

/// Writes the state, and the reply where one is given.
fn update_state(
    db: &Connection,
    state: &State,
    chain: &Chain,
    reply: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    const STATE: &str = "UPDATE device SET revision = ?2, next_command = ?3, next_event = ?4, event_head = ?5, \
                         event_mark = ?6, state = ?7 WHERE number = ?1";
    const STATE_AND_REPLY: &str = "UPDATE device SET revision = ?2, next_command = ?3, next_event = ?4, event_head = ?5, \
                                   event_mark = ?6, state = ?7, reply = ?8 WHERE number = ?1";
    let bytes = rows::pack(state)?;
    let number = signed(chain.number);
    let (revision, next_event) = (signed(state.revision), signed(chain.next_event));
    let done = match reply {
        Some(reply) => db.prepare_cached(STATE_AND_REPLY).and_then(|mut sql| {
            sql.execute(params![
                number,
                revision,
                state.next_command,
                next_event,
                chain.head,
                chain.mark,
                bytes,
                reply
            ])
        }),
        None => db.prepare_cached(STATE).and_then(|mut sql| {
            sql.execute(params![
                number,
                revision,
                state.next_command,
                next_event,
                chain.head,
                chain.mark,
                bytes
            ])
        }),
    };
    done.map(drop).map_err(failed)
}

fn update_record(
    db: &Connection,
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<(), StoreError> {
    let bytes = rows::record_bytes(keys, number, record)?;
    db.prepare_cached("UPDATE device SET record = ?2 WHERE number = ?1")
        .and_then(|mut sql| sql.execute(params![signed(number), bytes]))
        .map(drop)
        .map_err(failed)
}

fn insert_parts(
    db: &Connection,
    keys: &Keys,
    number: u64,
    parts: &[Part],
) -> Result<(), StoreError> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(INSERT_COMMAND).map_err(failed)?;
    for part in parts {
        let bytes = rows::part_bytes(keys, number, part)?;
        insert
            .execute(params![signed(number), part.seq.0, part.part, bytes])
            .map_err(failed)?;
    }
    Ok(())
}

fn insert_bodies(
    db: &Connection,
    keys: &Keys,
    number: u64,
    bodies: &[(CommandSeq, CommandBody)],
) -> Result<(), StoreError> {
    if bodies.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(INSERT_COMMAND).map_err(failed)?;
    for (seq, body) in bodies {
        let bytes = rows::body_bytes(keys, number, seq.0, body)?;
        insert
            .execute(params![signed(number), seq.0, 0, bytes])
            .map_err(failed)?;
    }
    Ok(())
}

/// Device, number, part, body.
const INSERT_COMMAND: &str = "INSERT INTO command VALUES (?1, ?2, ?3, ?4)";

/// Puts the device into the outbox, or takes it out.
fn put_due(db: &Connection, number: u64, due: Option<Timestamp>) -> Result<(), StoreError> {
    let done = match due {
        Some(due) => db
            .prepare_cached("INSERT OR REPLACE INTO outbox VALUES (?1, ?2)")
            .and_then(|mut sql| sql.execute(params![signed(number), due.0])),
        None => db
            .prepare_cached("DELETE FROM outbox WHERE device = ?1")
            .and_then(|mut sql| sql.execute([signed(number)])),
    };
    done.map(drop).map_err(failed)
}

/// Keeps a device's URI in place of any other, or deletes it.
fn put_uri(
    db: &Connection,
    keys: &Keys,
    number: u64,
    uri: Option<&Secret>,
) -> Result<(), StoreError> {
    let done = match uri {
        Some(uri) => {
            let place = Place::ChannelUri(number);
            let sealed = keys.seal(place, uri.reveal().as_bytes()).map_err(failed)?;
            db.prepare_cached("INSERT OR REPLACE INTO push_channel VALUES (?1, ?2)")
                .and_then(|mut sql| sql.execute(params![signed(number), sealed]))
        }
        None => db
            .prepare_cached("DELETE FROM push_channel WHERE device = ?1")
            .and_then(|mut sql| sql.execute([signed(number)])),
    };
    done.map(drop).map_err(failed)
}

fn insert_deliveries(db: &Connection, deliveries: &[NewDelivery]) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO delivery (webhook, due, attempts, event, body) VALUES (?1, ?2, 0, ?3, ?4)";
    for delivery in deliveries {
        let NewDelivery {
            webhook,
            due,
            event,
            body,
        } = delivery;
        db.prepare_cached(sql)
            .and_then(|mut sql| sql.execute(params![signed(*webhook), due.0, event, body]))
            .map_err(failed)?;
    }
    Ok(())
}
