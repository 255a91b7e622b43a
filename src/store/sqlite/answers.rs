//! What is kept of the answers to commands: the table `answer` holds the parts of
//! histories that have some, with their age and size.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::query::{all, first, run};
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

/// Notes that a part holds answers, if it does.
pub(super) fn note(db: &Connection, number: u64, part: &Part) -> Result<(), StoreError> {
    if part.results.is_empty() {
        return Ok(());
    }
    let row = params![part.at.0, signed(number), part.seq.0, part.part];
    run(db, "INSERT INTO answer VALUES (?1, ?2, ?3, ?4)", row)
}

/// Deletes the oldest answers to final commands of a device, as many bytes as are wanted,
/// if so many are among the next parts; `state` says from where on, and afterwards what is
/// kept. Behind the last part it begins anew: what was open then may be final by now.
pub(super) fn free(
    db: &Connection,
    keys: &Keys,
    (number, state): (u64, &mut DeviceState),
    mut wanted: u64,
) -> Result<(), StoreError> {
    if wanted == 0 {
        return Ok(());
    }
    let sql = "SELECT seq, part FROM command WHERE device = ?1 AND (seq, part) > (?2, ?3) \
               AND part > 0 ORDER BY seq, part LIMIT ?4";
    let (seq, part) = state.kept_answers.freed_to;
    let range = params![signed(number), seq, part, signed(LOOKED_AT)];
    let oldest: Vec<(u32, u32)> = all(db, sql, range, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let is_last = (oldest.len() as u64) < LOOKED_AT;
    for (seq, part) in oldest {
        if wanted == 0 {
            return Ok(());
        }
        let freed = strip(db, keys, (number, seq, part), state)?.unwrap_or(0);
        wanted = wanted.saturating_sub(freed);
        state.kept_answers.free(freed);
        state.kept_answers.freed_to = (seq, part);
    }
    if is_last {
        state.kept_answers.freed_to = (0, 0);
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
    let sql = "SELECT at, device, seq, part FROM answer \
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
    for of_device in places.chunk_by(|one, next| one.device == next.device) {
        let device = of_device[0].device;
        let mut state = state_of(db, device)?.unwrap_or_default();
        let before = state.kept_answers;
        for place in of_device {
            let freed = strip(db, keys, (device, place.seq, place.part), &state)?;
            if let Some(freed) = freed {
                deleted += u64::from(freed > 0);
                state.kept_answers.free(freed);
                let row = params![place.at.0, signed(device), place.seq, place.part];
                let sql = "DELETE FROM answer WHERE (at, device, seq, part) = (?1, ?2, ?3, ?4)";
                run(db, sql, row)?;
            }
            last = Some(*place);
            if begun.elapsed() >= CHUNK {
                break;
            }
        }
        if state.kept_answers != before {
            put_state(db, device, &state)?;
        }
        if begun.elapsed() >= CHUNK {
            break;
        }
    }
    Ok((deleted, last))
}

/// Deletes the answers in one part; how many bytes they were. `None`, and nothing is
/// deleted, where the command is open.
fn strip(
    db: &Connection,
    keys: &Keys,
    (device, seq, part): (u64, u32, u32),
    state: &DeviceState,
) -> Result<Option<u64>, StoreError> {
    if state.open(CommandSeq(seq)).is_some() {
        return Ok(None);
    }
    let at = params![signed(device), seq, part];
    let sql = "SELECT body FROM command WHERE device = ?1 AND seq = ?2 AND part = ?3";
    let Some(body) = first(db, sql, at, |row| row.get::<_, Vec<u8>>(0))? else {
        return Ok(Some(0));
    };
    let context = SealContext::Command(device, seq, part);
    let kept: Part = rows::command_part(keys, context, &body)?;
    let bytes = kept.answer_bytes();
    if bytes > 0 {
        let stripped = rows::part_bytes(keys, device, &strip_results(kept))?;
        let sql = "UPDATE command SET body = ?4 WHERE device = ?1 AND seq = ?2 AND part = ?3";
        run(db, sql, params![signed(device), seq, part, stripped])?;
    }
    Ok(Some(bytes))
}

/// The state of a device.
pub(super) fn state_of(db: &Connection, device: u64) -> Result<Option<DeviceState>, StoreError> {
    let sql = "SELECT state FROM device WHERE number = ?1";
    let bytes = first(db, sql, [signed(device)], |row| row.get::<_, Vec<u8>>(0))?;
    bytes.map(|bytes| rows::unpack(&bytes)).transpose()
}

/// Writes a state that changed outside of an exchange: a running one starts again.
pub(super) fn put_state(
    db: &Connection,
    device: u64,
    state: &DeviceState,
) -> Result<(), StoreError> {
    let sql = "UPDATE device SET revision = revision + 1, state = ?2 WHERE number = ?1";
    run(db, sql, params![signed(device), rows::pack(state)?])
}
