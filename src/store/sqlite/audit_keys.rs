//! The verifier keys of the log and its epochs: who signs from when until when.

use rusqlite::{Connection, params};

use super::checkpoints::{self, KeepReason};
use super::query::{all, run};
use super::rows::signed;
use super::{events, tree};
use crate::StoreError;
use crate::proof::{AuditKey, NewEpoch};
use modegate_core::event::Event;
use modegate_core::time::Timestamp;

pub(super) fn list(db: &Connection) -> Result<Vec<AuditKey>, StoreError> {
    let sql = "SELECT vkey, since, until FROM audit_key ORDER BY since, vkey";
    all(db, sql, [], |row| {
        Ok(AuditKey {
            vkey: row.get(0)?,
            since: Timestamp(row.get(1)?),
            until: row.get::<_, Option<i64>>(2)?.map(Timestamp),
        })
    })
}

/// Begins an epoch, or the log itself. The last checkpoint of the epoch before stays.
pub(super) fn begin_epoch(db: &Connection, mut new: NewEpoch) -> Result<(), StoreError> {
    let tree = tree::one(db)?;
    if tree.epoch != new.from {
        return Err(StoreError::Changed);
    }
    if new.epoch != new.from {
        checkpoints::keep(db, tree.size(), KeepReason::Epoch)?;
        run(db, "UPDATE tree SET began = size", [])?;
    }
    let sql = "UPDATE tree SET epoch = ?1, origin = coalesce(origin, ?2)";
    run(db, sql, params![signed(new.epoch), new.origin])?;
    if let Some(end) = new.others_end {
        let sql = "UPDATE audit_key SET until = ?1 WHERE until IS NULL OR until > ?1";
        run(db, sql, [end.0])?;
    }
    for key in &new.keys {
        put(db, key)?;
    }
    if !new.events.is_empty() {
        events::log(db, &mut new.events)?;
    }
    Ok(())
}

/// Lets another key sign, and the others until `both_until`.
pub(super) fn change(
    db: &Connection,
    new: &AuditKey,
    both_until: Timestamp,
    event: Event,
) -> Result<(), StoreError> {
    let sql = "UPDATE audit_key SET until = ?1 WHERE until IS NULL";
    run(db, sql, [both_until.0])?;
    put(db, new)?;
    events::log(db, &mut [event])
}

fn put(db: &Connection, key: &AuditKey) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO audit_key (vkey, since, until) VALUES (?1, ?2, ?3)";
    let until = key.until.map(|until| until.0);
    run(db, sql, params![key.vkey, key.since.0, until])
}
