//! How much is kept of each device's answers: version 0.1.0 did not count it.

use rusqlite::{Connection, params};

use crate::StoreError;
use crate::seal::{Keys, SealContext};
use crate::sqlite::answers;
use crate::sqlite::query::{all, first};
use crate::sqlite::rows::{self, signed, unsigned};
use modegate_core::command::Part;

/// Counts the answers that are there into the states of their devices.
pub(super) fn count(db: &Connection, keys: &Keys) -> Result<(), StoreError> {
    for number in all(db, "SELECT number FROM device", [], |row| row.get(0))? {
        let device = unsigned(number);
        let sql = "SELECT seq, part FROM command WHERE device = ?1 AND part > 0";
        let parts = all(db, sql, [number], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut bytes = 0;
        for (seq, part) in parts {
            bytes += answer_bytes(db, keys, (device, seq, part))?;
        }
        if bytes > 0
            && let Some(mut state) = answers::state_of(db, device)?
        {
            state.kept_answers.bytes = bytes;
            answers::put_state(db, device, &state)?;
        }
    }
    Ok(())
}

fn answer_bytes(
    db: &Connection,
    keys: &Keys,
    (device, seq, part): (u64, u32, u32),
) -> Result<u64, StoreError> {
    let sql = "SELECT body FROM command WHERE device = ?1 AND seq = ?2 AND part = ?3";
    let row = params![signed(device), seq, part];
    let body = first(db, sql, row, |row| row.get::<_, Vec<u8>>(0))?;
    let read = |body: Vec<u8>| {
        rows::command_part::<Part>(keys, SealContext::Command(device, seq, part), &body)
    };
    Ok(body
        .map(read)
        .transpose()?
        .map_or(0, |part| part.answer_bytes()))
}
