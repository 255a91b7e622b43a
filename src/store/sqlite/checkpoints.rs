//! The signed checkpoints that are kept: the newest, the last of each hour and of each
//! epoch, and those that others may have.

use rusqlite::{Connection, Row, params};

use super::query::{all, first, run};
use super::rows::{signed, unsigned};
use crate::StoreError;
use crate::proof::{Seal, StoredCheckpoint};
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Hash, Note, NoteSignature};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Why a checkpoint is kept when it is no more the newest.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeepReason {
    /// Others may have it.
    Left,
    /// It is the last of its epoch.
    Epoch,
}

/// Puts the newest in; the one before it stays if it is the last of its hour.
pub(super) fn put(db: &Connection, seal: &Seal) -> Result<(), StoreError> {
    let sql = "DELETE FROM checkpoint WHERE kept IS NULL AND at / ?1 = ?2 / ?1";
    run(db, sql, [HOUR_MS, seal.at.0])?;
    let sql = "UPDATE checkpoint SET kept = 'hour' WHERE kept IS NULL";
    run(db, sql, [])?;
    let sql = "INSERT INTO checkpoint (size, root, note, at) VALUES (?1, ?2, ?3, ?4)";
    let root = seal.frontier.root().0;
    let row = params![signed(seal.frontier.size()), root, seal.note, seal.at.0];
    run(db, sql, row)
}

/// Keeps one for good. Whether it is there.
pub(super) fn keep(db: &Connection, size: u64, why: KeepReason) -> Result<bool, StoreError> {
    let why = match why {
        KeepReason::Left => "left",
        KeepReason::Epoch => "epoch",
    };
    let sql = "UPDATE checkpoint SET kept = ?2 WHERE size = ?1";
    run(db, sql, params![signed(size), why])?;
    Ok(of(db, size)?.is_some())
}

/// Puts a cosignature to one that is kept.
pub(super) fn cosign(
    db: &Connection,
    size: u64,
    cosignature: NoteSignature,
) -> Result<Option<String>, StoreError> {
    let Some(kept) = of(db, size)? else {
        return Ok(None);
    };
    let failed = |why: String| StoreError::Failed(format!("checkpoint {size}: {why}").into());
    let mut note = Note::parse(kept.note.as_bytes()).map_err(|fault| failed(fault.to_string()))?;
    note.add(cosignature);
    let text = note.to_string();
    Note::parse(text.as_bytes()).map_err(|fault| failed(fault.to_string()))?;
    let sql = "UPDATE checkpoint SET note = ?2 WHERE size = ?1";
    run(db, sql, params![signed(size), text])?;
    Ok(Some(text))
}

pub(super) fn newest(db: &Connection) -> Result<Option<StoredCheckpoint>, StoreError> {
    Ok(before(db, u64::MAX, 1)?.pop())
}

pub(super) fn of(db: &Connection, size: u64) -> Result<Option<StoredCheckpoint>, StoreError> {
    let sql = "SELECT size, root, note, at FROM checkpoint WHERE size = ?1";
    first(db, sql, [signed(size)], checkpoint)
}

/// The smallest that covers that entry.
pub(super) fn over(db: &Connection, entry: u64) -> Result<Option<StoredCheckpoint>, StoreError> {
    let sql = "SELECT size, root, note, at FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT 1";
    first(db, sql, [signed(entry)], checkpoint)
}

pub(super) fn before(
    db: &Connection,
    size: u64,
    limit: usize,
) -> Result<Vec<StoredCheckpoint>, StoreError> {
    let sql =
        "SELECT size, root, note, at FROM checkpoint WHERE size < ?1 ORDER BY size DESC LIMIT ?2";
    let range = params![signed(size), signed(limit as u64)];
    all(db, sql, range, checkpoint)
}

fn checkpoint(row: &Row<'_>) -> rusqlite::Result<StoredCheckpoint> {
    Ok(StoredCheckpoint {
        size: unsigned(row.get(0)?),
        root: Hash(row.get(1)?),
        note: row.get(2)?,
        at: Timestamp(row.get(3)?),
    })
}
