//! Reads, each inside one read transaction.

use rusqlite::{Connection, params};

use super::error::failed;
use super::inventory;
use super::query::value;
use super::rows::{self, Key, signed};
use crate::seal::{Keys, SealContext};
use crate::{Chunk, PlanRead, StoreError};
use modegate_core::command::{CommandBody, Part, StoredCommand};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId, Source};
use modegate_core::session::Snapshot;

pub(super) fn load(
    db: &Connection,
    keys: &Keys,
    source: &Source,
    plan_read: PlanRead<'_>,
) -> Result<Option<Snapshot>, StoreError> {
    let Some(device) = rows::device(db, keys, &Key::Source(&source.0))? else {
        return Ok(None);
    };
    let plan = plan_read(&device);
    let bodies = bodies(db, keys, device.number, &plan.bodies)?;
    let reply = if plan.reply {
        self::reply(db, keys, device.number)?
    } else {
        None
    };
    let inventory = if plan.inventory {
        inventory::of(db, keys, device.number)?
    } else {
        None
    };
    Ok(Some(Snapshot {
        device,
        bodies,
        reply,
        inventory,
    }))
}

/// Commands whose numbers are this close are read in one go: they lie side by side.
const SIDE_BY_SIDE: u32 = 4;

/// The bodies of these commands, in that order.
pub(super) fn bodies(
    db: &Connection,
    keys: &Keys,
    number: u64,
    plan: &[CommandSeq],
) -> Result<Vec<(CommandSeq, CommandBody)>, StoreError> {
    let mut bodies = Vec::with_capacity(plan.len());
    if plan.is_empty() {
        return Ok(bodies);
    }
    let sql = "SELECT seq, body FROM command WHERE device = ?1 AND seq BETWEEN ?2 AND ?3 AND part = 0 ORDER BY seq";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let near = |one: &CommandSeq, next: &CommandSeq| {
        (1..=SIDE_BY_SIDE).contains(&next.0.wrapping_sub(one.0))
    };
    for run in plan.chunk_by(near) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let mut rows = statement
            .query(params![signed(number), first.0, last.0])
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let seq = CommandSeq(row.get(0).map_err(failed)?);
            if run.binary_search(&seq).is_err() {
                continue;
            }
            let bytes = rows::blob(row, 1)?;
            let place = SealContext::Command(number, seq.0, 0);
            bodies.push((seq, rows::command_part(keys, place, bytes)?));
        }
    }
    Ok(bodies)
}

fn reply(db: &Connection, keys: &Keys, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT reply FROM device WHERE number = ?1";
    let sealed: Option<Vec<u8>> = value(db, sql, [signed(number)])?;
    let Some(sealed) = sealed else {
        return Ok(None);
    };
    keys.open(SealContext::Reply(number), &sealed)
        .map(Some)
        .map_err(failed)
}

/// One command with its history.
pub(super) fn command(
    db: &Connection,
    keys: &Keys,
    id: CommandId,
) -> Result<Option<StoredCommand>, StoreError> {
    let only = (1, u64::MAX);
    let found = commands(db, keys, id.device, id.seq.0.saturating_sub(1), only)?;
    Ok(found.items.into_iter().find(|command| command.id == id))
}

pub(super) fn commands(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    after: u32,
    (limit, most): (usize, u64),
) -> Result<Chunk<StoredCommand>, StoreError> {
    let mut read = Chunk {
        items: Vec::new(),
        more: false,
    };
    let Some(number) = rows::number_of(db, device)? else {
        return Ok(read);
    };
    let mut statement = db
        .prepare_cached(
            "SELECT seq, part, body FROM command WHERE device = ?1 AND seq > ?2 ORDER BY seq, part",
        )
        .map_err(failed)?;
    let mut found = statement.query(params![number, after]).map_err(failed)?;
    let mut total = 0;
    while let Some(row) = found.next().map_err(failed)? {
        let (seq, part): (u32, u32) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        let bytes = rows::blob(row, 2)?;
        let place = SealContext::Command(rows::unsigned(number), seq, part);
        if part == 0 {
            if read.items.len() == limit || total >= most {
                read.more = true;
                break;
            }
            let body: CommandBody = rows::command_part(keys, place, bytes)?;
            read.items.push(StoredCommand {
                id: CommandId {
                    device,
                    seq: CommandSeq(seq),
                },
                body,
                parts: Vec::new(),
            });
        } else if let Some(command) = read.items.last_mut() {
            command
                .parts
                .push(rows::command_part::<Part>(keys, place, bytes)?);
        }
        total += bytes.len() as u64;
    }
    Ok(read)
}
