//! What is kept of the answers to commands: the table `answer` holds the parts of
//! histories that have some, with their age and size.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::query::{all, first, run, value};
use super::rows::{self, signed, unsigned};
use crate::seal::{Keys, SealContext};
use crate::{PartPlace, StoreError};
use modegate_core::command::Part;
use modegate_core::device::DeviceState;
use modegate_core::ids::CommandSeq;
use modegate_core::retention::strip_results;
use modegate_core::time::Timestamp;

/// How long the writer is kept at a time by retention: exchanges wait behind it.
const CHUNK: Duration = Duration::from_millis(5);
/// Parts that one exchange looks at to make room for its own answers.
const LOOKED_AT: u64 = 512;

/// Bytes that are kept of a device's answers.
pub(super) fn kept(db: &Connection, number: u64) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(sum(bytes), 0) FROM answer WHERE device = ?1";
    Ok(unsigned(value(db, sql, [signed(number)])?))
}

/// Notes that a part that was stored as so many bytes holds answers.
pub(super) fn note(
    db: &Connection,
    number: u64,
    part: &Part,
    bytes: usize,
) -> Result<(), StoreError> {
    if part.results.is_empty() {
        return Ok(());
    }
    let row = params![
        signed(number),
        part.seq.0,
        part.part,
        part.at.0,
        signed(bytes as u64)
    ];
    run(db, "INSERT INTO answer VALUES (?1, ?2, ?3, ?4, ?5)", row)
}

/// Deletes the oldest answers to final commands of a device, as many bytes as are wanted,
/// if so many are among the first parts.
pub(super) fn free(
    db: &Connection,
    keys: &Keys,
    (number, state): (u64, &DeviceState),
    mut wanted: u64,
) -> Result<(), StoreError> {
    if wanted == 0 {
        return Ok(());
    }
    let sql = "SELECT seq, part, bytes FROM answer WHERE device = ?1 ORDER BY seq, part LIMIT ?2";
    let range = params![signed(number), signed(LOOKED_AT)];
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let oldest: Vec<(u32, u32, i64)> = all(db, sql, range, read)?;
    for (seq, part, bytes) in oldest {
        let place = PartPlace {
            at: Timestamp::default(),
            device: number,
            seq,
            part,
        };
        if wanted == 0 {
            break;
        }
        if strip(db, keys, place, state)?.is_some() {
            wanted = wanted.saturating_sub(unsigned(bytes));
        }
    }
    Ok(())
}

/// Where parts lie that came before `before`, at most so many behind `after`, the oldest
/// first.
pub(super) fn old(
    db: &Connection,
    before: Timestamp,
    after: PartPlace,
    most: usize,
) -> Result<Vec<PartPlace>, StoreError> {
    let sql = "SELECT at, device, seq, part FROM answer INDEXED BY answer_at \
               WHERE (at, device, seq, part) > (?1, ?2, ?3, ?4) AND at < ?5 \
               ORDER BY at, device, seq, part LIMIT ?6";
    let range = params![
        after.at.0,
        signed(after.device),
        after.seq,
        after.part,
        before.0,
        signed(most as u64)
    ];
    all(db, sql, range, |row| {
        Ok(PartPlace {
            at: Timestamp(row.get(0)?),
            device: unsigned(row.get(1)?),
            seq: row.get(2)?,
            part: row.get(3)?,
        })
    })
}

/// Deletes the answers in these parts, as far as their commands are final, until the time
/// is up. How many had some, and the last that was looked at.
pub(super) fn delete(
    db: &Connection,
    keys: &Keys,
    places: &[PartPlace],
) -> Result<(u64, Option<PartPlace>), StoreError> {
    let (begun, mut deleted, mut last) = (Instant::now(), 0, None);
    let mut state: Option<(u64, DeviceState)> = None;
    for &place in places {
        if state
            .as_ref()
            .is_none_or(|(device, _)| *device != place.device)
        {
            let found = state_of(db, place.device)?.unwrap_or_default();
            state = Some((place.device, found));
        }
        if let Some((_, state)) = &state {
            deleted += u64::from(strip(db, keys, place, state)? == Some(true));
        }
        last = Some(place);
        if begun.elapsed() >= CHUNK {
            break;
        }
    }
    Ok((deleted, last))
}

/// Deletes the answers in one part; whether there were any. `None`, and nothing is
/// deleted, where the command is open.
fn strip(
    db: &Connection,
    keys: &Keys,
    place: PartPlace,
    state: &DeviceState,
) -> Result<Option<bool>, StoreError> {
    if state.open(CommandSeq(place.seq)).is_some() {
        return Ok(None);
    }
    let at = params![signed(place.device), place.seq, place.part];
    let sql = "SELECT body FROM command WHERE device = ?1 AND seq = ?2 AND part = ?3";
    let body = first(db, sql, at, |row| row.get::<_, Vec<u8>>(0))?;
    let mut had_some = false;
    if let Some(body) = body {
        let context = SealContext::Command(place.device, place.seq, place.part);
        let part: Part = rows::command_part(keys, context, &body)?;
        had_some = !part.results.is_empty();
        if had_some {
            let bytes = rows::part_bytes(keys, place.device, &strip_results(part))?;
            let sql = "UPDATE command SET body = ?4 WHERE device = ?1 AND seq = ?2 AND part = ?3";
            let row = params![signed(place.device), place.seq, place.part, bytes];
            run(db, sql, row)?;
        }
    }
    let sql = "DELETE FROM answer WHERE device = ?1 AND seq = ?2 AND part = ?3";
    run(db, sql, at)?;
    Ok(Some(had_some))
}

/// The state of a device.
pub(super) fn state_of(db: &Connection, device: u64) -> Result<Option<DeviceState>, StoreError> {
    let sql = "SELECT state FROM device WHERE number = ?1";
    let bytes = first(db, sql, [signed(device)], |row| row.get::<_, Vec<u8>>(0))?;
    bytes.map(|bytes| rows::unpack(&bytes)).transpose()
}
