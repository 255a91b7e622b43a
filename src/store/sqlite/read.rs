//! Reads, each inside one read transaction.

use rusqlite::{Connection, OptionalExtension, params};

use super::failed;
use super::rows::{self, Chain, Key, signed};
use crate::seal::{Keys, Place};
use crate::{Choose, StoreError};
use modegate_core::command::{CommandBody, Part, StoredCommand};
use modegate_core::event::{Event, StoredEvent};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId, Source};
use modegate_core::session::Snapshot;

pub(super) fn load(
    db: &Connection,
    keys: &Keys,
    source: &Source,
    choose: Choose<'_>,
) -> Result<Option<Snapshot>, StoreError> {
    let Some(row) = rows::device(db, keys, &Key::Source(&source.0))? else {
        return Ok(None);
    };
    let device = row.device;
    let wanted = choose(&device);
    let bodies = bodies(db, keys, device.number, &wanted.bodies)?;
    let reply = if wanted.reply {
        self::reply(db, keys, device.number)?
    } else {
        None
    };
    let inventory = if wanted.inventory {
        super::inventory::of(db, keys, device.number)?
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
    wanted: &[CommandSeq],
) -> Result<Vec<(CommandSeq, CommandBody)>, StoreError> {
    let mut bodies = Vec::with_capacity(wanted.len());
    if wanted.is_empty() {
        return Ok(bodies);
    }
    let sql = "SELECT seq, body FROM command WHERE device = ?1 AND seq BETWEEN ?2 AND ?3 AND part = 0 ORDER BY seq";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let near = |one: &CommandSeq, next: &CommandSeq| {
        (1..=SIDE_BY_SIDE).contains(&next.0.wrapping_sub(one.0))
    };
    for run in wanted.chunk_by(near) {
        let (first, last) = (run[0], run[run.len() - 1]);
        let mut rows = statement
            .query(params![signed(number), first.0, last.0])
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let seq = CommandSeq(row.get(0).map_err(failed)?);
            if run.binary_search(&seq).is_err() {
                continue;
            }
            let bytes = row
                .get_ref(1)
                .and_then(|value| Ok(value.as_blob()?))
                .map_err(failed)?;
            let place = Place::Command(number, seq.0, 0);
            bodies.push((seq, rows::command_part(keys, place, bytes)?));
        }
    }
    Ok(bodies)
}

fn reply(db: &Connection, keys: &Keys, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let sealed: Option<Vec<u8>> = db
        .query_row(
            "SELECT reply FROM device WHERE number = ?1",
            [signed(number)],
            |row| row.get(0),
        )
        .map_err(failed)?;
    let Some(sealed) = sealed else {
        return Ok(None);
    };
    keys.open(Place::Reply(number), &sealed)
        .map(Some)
        .map_err(failed)
}

pub(super) fn commands(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    after: u32,
    limit: usize,
) -> Result<Vec<StoredCommand>, StoreError> {
    let Some(number) = number_of(db, device)? else {
        return Ok(Vec::new());
    };
    let mut statement = db
        .prepare_cached(
            "SELECT seq, part, body FROM command WHERE device = ?1 AND seq > ?2 ORDER BY seq, part",
        )
        .map_err(failed)?;
    let mut found = statement.query(params![number, after]).map_err(failed)?;
    let mut commands: Vec<StoredCommand> = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        let (seq, part): (u32, u32) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        let bytes = row
            .get_ref(2)
            .and_then(|value| Ok(value.as_blob()?))
            .map_err(failed)?;
        let place = Place::Command(rows::unsigned(number), seq, part);
        if part == 0 {
            if commands.len() == limit {
                break;
            }
            let body: CommandBody = rows::command_part(keys, place, bytes)?;
            commands.push(StoredCommand {
                id: CommandId {
                    device,
                    seq: CommandSeq(seq),
                },
                body,
                parts: Vec::new(),
            });
        } else if let Some(command) = commands.last_mut() {
            command
                .parts
                .push(rows::command_part::<Part>(keys, place, bytes)?);
        }
    }
    Ok(commands)
}

pub(super) fn number_of(db: &Connection, device: DeviceId) -> Result<Option<i64>, StoreError> {
    db.prepare_cached("SELECT number FROM device WHERE id = ?1")
        .and_then(|mut sql| {
            sql.query_row([&device.0.as_bytes()[..]], |row| row.get(0))
                .optional()
        })
        .map_err(failed)
}

/// Where the chain of a device ends, whether it is there still or gone.
fn chain_of(db: &Connection, device: DeviceId) -> Result<Option<Chain>, StoreError> {
    let id = &device.0.as_bytes()[..];
    let sql = "SELECT number, next_event, event_head, event_mark FROM device WHERE id = ?1 \
               UNION ALL SELECT number, next_event, event_head, event_mark FROM chain WHERE id = ?1";
    chain(db, sql, id)
}

/// The chain of the events that concern no device.
pub(super) fn no_device(db: &Connection) -> Result<Chain, StoreError> {
    let sql = "SELECT number, next_event, event_head, event_mark FROM chain WHERE id = ?1";
    chain(db, sql, &[0; 16])?.ok_or_else(|| failed("the log has no beginning"))
}

fn chain(db: &Connection, sql: &str, id: &[u8]) -> Result<Option<Chain>, StoreError> {
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    statement
        .query_row([id], |row| {
            Ok(Chain {
                number: rows::unsigned(row.get(0)?),
                next_event: rows::unsigned(row.get(1)?),
                head: row.get(2)?,
                mark: row.get(3)?,
            })
        })
        .optional()
        .map_err(failed)
}

/// Walks the chain backwards from the newest event below `before`; goes by
/// marks while they are still above it.
pub(super) fn events_before(
    db: &Connection,
    device: DeviceId,
    before: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let Some(chain) = chain_of(db, device)? else {
        return Ok(Vec::new());
    };
    let (mut place, mut found) = (chain.head, Vec::new());
    let mut seq = chain.next_event.saturating_sub(1);
    while place != 0 && found.len() < limit {
        let Some((prev, mark, event)) = rows::event_at(db, place)? else {
            break;
        };
        if event.event.seq < before {
            found.push(event);
            place = prev;
            seq = seq.saturating_sub(1);
            continue;
        }
        // The mark behind this event is the last multiple of 64 below it.
        let marked = seq.saturating_sub(1) / 64 * 64;
        let by_mark = mark != 0 && marked >= before;
        place = if by_mark { mark } else { prev };
        seq = if by_mark {
            marked
        } else {
            seq.saturating_sub(1)
        };
    }
    Ok(found)
}

pub(super) fn events(
    db: &Connection,
    device: DeviceId,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let Some(chain) = chain_of(db, device)? else {
        return Ok(Vec::new());
    };
    let window = |after: u64| {
        let up_to = after.saturating_add(limit as u64).saturating_add(1);
        events_before(db, device, up_to, limit)
    };
    let mut found = window(after)?;
    let behind = chain.next_event.saturating_sub(1).saturating_sub(after);
    let has = found
        .iter()
        .filter(|stored| stored.event.seq > after)
        .count() as u64;
    if has < behind.min(limit as u64) {
        // The beginning of the chain was deleted (retention): it begins later.
        let first = first_event(db, &chain)?.unwrap_or(chain.next_event);
        found = window(after.max(first.saturating_sub(1)))?;
    }
    found.retain(|stored| stored.event.seq > after);
    found.reverse();
    Ok(found)
}

/// The number of the oldest event of a chain that is still there: by marks as
/// long as they are, then one by one.
fn first_event(db: &Connection, chain: &Chain) -> Result<Option<u64>, StoreError> {
    let (mut first, mut at, mut by_marks) = (None, (chain.head, 0), true);
    loop {
        let place = if by_marks && at.1 != 0 { at.1 } else { at.0 };
        match rows::event_at(db, place)? {
            Some((prev, mark, stored)) => {
                first = Some(stored.event.seq);
                at = (prev, mark);
            }
            // The mark is gone: what is between is to be walked.
            None if by_marks && at.1 != 0 => by_marks = false,
            None => return Ok(first),
        }
    }
}

pub(super) fn all_events(
    db: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT place, bytes FROM event WHERE place > ?1 ORDER BY place LIMIT ?2")
        .map_err(failed)?;
    let found = statement
        .query_map(params![signed(after), signed(limit as u64)], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .map_err(failed)?;
    found
        .map(|row| {
            let (place, bytes): (i64, _) = row.map_err(failed)?;
            Ok(StoredEvent {
                place: rows::unsigned(place),
                event: Event::from_bytes(&bytes).map_err(failed)?,
            })
        })
        .collect()
}

pub(super) fn last_place(db: &Connection) -> Result<u64, StoreError> {
    db.prepare_cached("SELECT coalesce(max(place), 0) FROM event")
        .and_then(|mut sql| sql.query_row([], |row| row.get(0)))
        .map(rows::unsigned)
        .map_err(failed)
}

pub(super) fn policy_set(
    db: &Connection,
    digest: &str,
) -> Result<Option<Vec<(String, String)>>, StoreError> {
    let files: Option<Vec<u8>> = db
        .query_row(
            "SELECT files FROM policy_set WHERE digest = ?1",
            [digest],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    files.map(|files| rows::unpack(&files)).transpose()
}
