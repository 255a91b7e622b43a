//! Looks at the store from outside the exchanges: whether it works, and how
//! long the queues are.

use rusqlite::{Connection, params};

use super::error::failed;
use super::read;
use super::rows::{self, signed};
use crate::StoreError;
use crate::seal::Keys;
use modegate_core::command::{CommandBody, CommandState, QueueSample};
use modegate_core::device::DeviceState;
use modegate_core::ids::CommandSeq;
use modegate_core::time::Timestamp;

/// Writes the first page as it is. SQLite leaves a row alone that an update does
/// not change, but logs this page all the same: the disk has to take it.
pub(super) fn write(db: &Connection) -> Result<(), StoreError> {
    db.pragma_update(None, "user_version", 0).map_err(failed)
}

/// What waits on up to `limit` devices behind `after`.
pub(super) fn queues(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<QueueSample, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT number, state FROM device WHERE number > ?1 ORDER BY number LIMIT ?2",
        )
        .map_err(failed)?;
    let mut found = statement
        .query(params![signed(after), signed(limit as u64)])
        .map_err(failed)?;
    let (mut sample, mut seen) = (QueueSample::default(), 0);
    while let Some(row) = found.next().map_err(failed)? {
        let number = rows::unsigned(row.get(0).map_err(failed)?);
        let state: DeviceState = rows::unpack(rows::blob(row, 1)?)?;
        (seen, sample.next) = (seen + 1, Some(number));
        for command in &state.open {
            sample.commands[command.state as usize] += 1;
        }
        // In the order they were queued: the first that waits is the oldest.
        let mut waiting = state.open.iter();
        if let Some(first) = waiting.find(|command| command.state == CommandState::Queued) {
            let queued_at = queued_at(db, keys, number, first.seq)?;
            sample.oldest = [sample.oldest, queued_at].into_iter().flatten().min();
        }
    }
    if seen < limit {
        sample.next = None;
    }
    Ok(sample)
}

fn queued_at(
    db: &Connection,
    keys: &Keys,
    number: u64,
    seq: CommandSeq,
) -> Result<Option<Timestamp>, StoreError> {
    let found = read::bodies(db, keys, number, &[seq])?;
    let body: Option<CommandBody> = found.into_iter().next().map(|(_, body)| body);
    Ok(body.map(|body| body.queued_at))
}
