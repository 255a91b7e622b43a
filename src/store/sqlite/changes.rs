//! Applies a change of a device, whoever made it: an exchange, a write of the
//! API, a worker. What is written, and what follows from it, stands in the change.

use rusqlite::{Connection, ToSql, params};

use super::error::failed;
use super::events::{self, Chain};
use super::query::{first, run};
use super::rows::{self, Key, signed, unsigned};
use super::{answers, device_index, enrollment_rows, inventory};
use crate::seal::{Keys, SealContext};
use crate::{Decide, StoreError};
use modegate_core::change::{DeviceChange, NewDelivery, Standing};
use modegate_core::command::{CommandBody, Part};
use modegate_core::device::{Device, DeviceRecord, DeviceState};
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
    let mut device = rows::known_device(db, keys, device)?;
    let change = apply(db, keys, decide(&device)?)?;
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
    let current = || {
        let device = rows::device(db, keys, &Key::Number(number))?;
        Ok::<_, StoreError>(device.map(|device| device.state))
    };
    if !change.fit(&standing, current)? {
        return Err(StoreError::Changed);
    }
    events::append(db, &mut chain, &mut change.events)?;
    insert_bodies(db, keys, number, &change.queued)?;
    insert_parts(db, keys, number, &change.parts)?;
    answers::free(db, keys, (number, &mut change.state), change.free_answers)?;
    let changes = &change.inventory_changes;
    inventory::write(db, keys, number, change.inventory.as_ref(), changes)?;
    if let Some(record) = &change.record {
        update_record(db, keys, number, record)?;
    }
    if let Some(ending) = change.ending {
        enrollment_rows::end(db, keys, ending)?;
    }
    if let Some(uri) = &change.channel_uri {
        put_uri(db, keys, number, uri.as_ref())?;
    }
    if let Some(due) = change.wake_due {
        put_due(db, number, due)?;
    }
    insert_deliveries(db, &change.deliveries)?;
    let reopened = change.ends_enrollment && reopen_installs(db, number)?;
    if reopened || change.makes_installs_due(&standing) {
        let sql = "INSERT OR IGNORE INTO install_due VALUES (?1)";
        run(db, sql, [signed(number)])?;
    }
    if change.review_compliance {
        let sql = "INSERT OR IGNORE INTO compliance_due VALUES (?1)";
        run(db, sql, [signed(number)])?;
    }
    let reply = change.reply.as_deref();
    let reply = reply.map(|reply| keys.seal(SealContext::Reply(number), reply));
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
    first(db, sql, [signed(number)], |row| {
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
}

/// Writes the state, and the reply where one is given.
fn update_state(
    db: &Connection,
    state: &DeviceState,
    chain: &Chain,
    reply: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    const STATE: &str = "UPDATE device SET revision = ?2, next_command = ?3, next_event = ?4, event_head = ?5, \
                         event_mark = ?6, state = ?7 WHERE number = ?1";
    const STATE_AND_REPLY: &str = "UPDATE device SET revision = ?2, next_command = ?3, next_event = ?4, event_head = ?5, \
                                   event_mark = ?6, state = ?7, reply = ?8 WHERE number = ?1";
    let (number, bytes) = (signed(chain.number), rows::pack(state)?);
    let (revision, next_event) = (signed(state.revision), signed(chain.next_event));
    let mut row: Vec<&dyn ToSql> = vec![
        &number,
        &revision,
        &state.next_command,
        &next_event,
        &chain.head,
        &chain.mark,
        &bytes,
    ];
    row.extend(reply.iter().map(|reply| reply as &dyn ToSql));
    let sql = if reply.is_some() {
        STATE_AND_REPLY
    } else {
        STATE
    };
    run(db, sql, &row[..])
}

fn update_record(
    db: &Connection,
    keys: &Keys,
    number: u64,
    record: &DeviceRecord,
) -> Result<(), StoreError> {
    if let Some(before) = rows::record(db, keys, number)? {
        device_index::change(db, keys, number, &before, record)?;
        // An enrolled device says its name in its first session.
        if before.source != record.source {
            let sql = "UPDATE device SET source = ?2 WHERE number = ?1";
            run(db, sql, params![signed(number), record.source.0])?;
        }
    }
    let bytes = rows::record_bytes(keys, number, record)?;
    let sql = "UPDATE device SET record = ?2 WHERE number = ?1";
    run(db, sql, params![signed(number), bytes])
}

/// Has what was installed looked at once more, since the device's enrollment ended; whether
/// there is any.
fn reopen_installs(db: &Connection, number: u64) -> Result<bool, StoreError> {
    let sql = "UPDATE install SET open = 1 WHERE device = ?1 AND open = 0";
    run(db, sql, [signed(number)])?;
    Ok(db.changes() > 0)
}

/// Device, number, part, body.
const INSERT_COMMAND: &str = "INSERT INTO command VALUES (?1, ?2, ?3, ?4)";

fn insert_parts(
    db: &Connection,
    keys: &Keys,
    number: u64,
    parts: &[Part],
) -> Result<(), StoreError> {
    for part in parts {
        let bytes = rows::part_bytes(keys, number, part)?;
        let row = params![signed(number), part.seq.0, part.part, bytes];
        run(db, INSERT_COMMAND, row)?;
        answers::note(db, number, part)?;
    }
    Ok(())
}

fn insert_bodies(
    db: &Connection,
    keys: &Keys,
    number: u64,
    bodies: &[(CommandSeq, CommandBody)],
) -> Result<(), StoreError> {
    for (seq, body) in bodies {
        let bytes = rows::body_bytes(keys, number, seq.0, body)?;
        run(db, INSERT_COMMAND, params![signed(number), seq.0, 0, bytes])?;
    }
    Ok(())
}

/// Puts the device into the outbox, or takes it out.
fn put_due(db: &Connection, number: u64, due: Option<Timestamp>) -> Result<(), StoreError> {
    let number = signed(number);
    match due {
        Some(due) => {
            let sql = "INSERT OR REPLACE INTO outbox VALUES (?1, ?2)";
            run(db, sql, params![number, due.0])
        }
        None => run(db, "DELETE FROM outbox WHERE device = ?1", [number]),
    }
}

/// Keeps a device's URI in place of any other, or deletes it.
fn put_uri(
    db: &Connection,
    keys: &Keys,
    number: u64,
    uri: Option<&Secret>,
) -> Result<(), StoreError> {
    let Some(uri) = uri else {
        let sql = "DELETE FROM push_channel WHERE device = ?1";
        return run(db, sql, [signed(number)]);
    };
    let sealed = keys.seal(SealContext::ChannelUri(number), uri.reveal().as_bytes());
    let sealed = sealed.map_err(failed)?;
    let sql = "INSERT OR REPLACE INTO push_channel VALUES (?1, ?2)";
    run(db, sql, params![signed(number), sealed])
}

pub(super) fn insert_deliveries(
    db: &Connection,
    deliveries: &[NewDelivery],
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO delivery (webhook, due, attempts, event, body) VALUES (?1, ?2, 0, ?3, ?4)";
    for one in deliveries {
        let row = params![signed(one.webhook), one.due.0, one.event, one.body];
        run(db, sql, row)?;
    }
    Ok(())
}
