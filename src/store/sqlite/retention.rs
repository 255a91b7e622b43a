//! Deletes what is older than an operator wants to keep, a few rows at a time.
//!
//! Events go from the beginning of the log only, up to the first that is young:
//! so whatever an event refers back to is gone with it or still there, and the
//! chain of a device is cut at one place. They go by whole tiles of the Merkle tree that
//! are sealed and exported, so that what is left can be proven. The log's last event always
//! stays: places are never given twice.

use rusqlite::{Connection, params};

use super::error::failed;
use super::query::{run, value};
use super::rows::{self, signed};
use super::{SqliteStore, answers, entries, tree};
use crate::proof::Pruned;
use crate::seal::{Keys, SealContext};
use crate::{PartPlace, Purged, StoreError};
use modegate_core::event::Event;
use modegate_core::inventory::Change;
use modegate_core::retention;
use modegate_core::time::Timestamp;
use modegate_core::tlog::TILE_WIDTH;

impl SqliteStore {
    /// Deletes the first tile of the log where all of it may go.
    pub(super) async fn prune(&self, before: Timestamp) -> Result<Pruned, StoreError> {
        let (pruned, lists) = self.read(|db, _| old_tile(db, before))?;
        if let Pruned::Deleted { minimum, .. } = pruned {
            self.writer
                .submit(move |db| delete_tile(db, minimum, &lists))
                .await?;
        }
        Ok(pruned)
    }

    pub(super) async fn purge_results(
        &self,
        before: Timestamp,
        after: PartPlace,
        most: usize,
    ) -> Result<(Purged, Option<PartPlace>), StoreError> {
        let old = self.read(|db, _| answers::old(db, before, after, most))?;
        if old.is_empty() {
            return Ok((Purged::default(), None));
        }
        let (walked, is_full) = (old.last().copied(), old.len() == most);
        let keys = std::sync::Arc::clone(&self.keys);
        let (count, last) = self
            .writer
            .submit(move |db| answers::delete(db, &keys, &old))
            .await?;
        let next = last.filter(|_| is_full || last != walked);
        let purged = Purged {
            count,
            more: next.is_some(),
        };
        Ok((purged, next))
    }

    pub(super) async fn purge_deliveries(
        &self,
        before: Timestamp,
        most: usize,
    ) -> Result<Purged, StoreError> {
        let deleted = self
            .writer
            .submit(move |db| delete_deliveries(db, before, most))
            .await?;
        Ok(Purged {
            count: deleted as u64,
            more: deleted == most,
        })
    }

    pub(super) async fn purge_inventory_changes(
        &self,
        before: Timestamp,
        after: u64,
        most: usize,
    ) -> Result<(Purged, Option<u64>), StoreError> {
        let (old, next) = self.read(|db, keys| old_changes(db, keys, before, after, most))?;
        let purged = Purged {
            count: old.iter().map(|(_, _, count)| count).sum(),
            more: next.is_some(),
        };
        if !old.is_empty() {
            self.writer
                .submit(move |db| delete_changes(db, &old))
                .await?;
        }
        Ok((purged, next))
    }
}

fn delete_deliveries(db: &Connection, before: Timestamp, most: usize) -> Result<usize, StoreError> {
    let sql = "DELETE FROM delivery WHERE number IN \
               (SELECT number FROM delivery WHERE coalesce(ended, due) < ?1 LIMIT ?2)";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    statement
        .execute(params![before.0, signed(most as u64)])
        .map_err(failed)
}

/// The old changes of the next devices, a beginning of each history: (device, up to which
/// number, how many). And the device to go on behind, unless that was the last.
type OldChanges = (Vec<(i64, i64, u64)>, Option<u64>);

fn old_changes(
    db: &Connection,
    keys: &Keys,
    before: Timestamp,
    after: u64,
    most: usize,
) -> Result<OldChanges, StoreError> {
    let (mut device, mut opened, mut old) = (signed(after), 0, Vec::new());
    while opened < most {
        let sql = "SELECT coalesce(min(device), 0) FROM inventory_change WHERE device > ?1";
        device = value(db, sql, [device])?;
        if device == 0 {
            return Ok((old, None));
        }
        let sql = "SELECT number, sealed FROM inventory_change WHERE device = ?1 ORDER BY number";
        let mut statement = db.prepare_cached(sql).map_err(failed)?;
        let mut found = statement.query([device]).map_err(failed)?;
        let (mut last, mut count) = (0, 0);
        while let Some(row) = found.next().map_err(failed)? {
            let number: u32 = row.get(0).map_err(failed)?;
            let context = SealContext::InventoryChange(rows::unsigned(device), number);
            let change: Change = rows::open(keys, context, rows::blob(row, 1)?)?;
            opened += 1;
            if !retention::is_old_change(&change, before) {
                break;
            }
            (last, count) = (i64::from(number), count + 1);
        }
        if count > 0 {
            old.push((device, last, count));
        }
    }
    Ok((old, Some(rows::unsigned(device))))
}

fn delete_changes(db: &Connection, old: &[(i64, i64, u64)]) -> Result<(), StoreError> {
    for &(device, last, _) in old {
        let sql = "DELETE FROM inventory_change WHERE device = ?1 AND number <= ?2";
        run(db, sql, [device, last])?;
    }
    Ok(())
}

/// Whether the first tile of the log may go, and the events in it that list what was
/// withheld, with their devices' numbers.
fn old_tile(db: &Connection, before: Timestamp) -> Result<(Pruned, Vec<(i64, Event)>), StoreError> {
    let tree = tree::one(db)?;
    let minimum = tree.minimum + TILE_WIDTH;
    let places = [tree.base + tree.minimum, tree.base + minimum].map(signed);
    let sql = "SELECT device, bytes FROM event WHERE place >= ?1 AND place < ?2 ORDER BY place";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query(places).map_err(failed)?;
    let (mut lists, mut count) = (Vec::new(), 0);
    while let Some(row) = found.next().map_err(failed)? {
        let event = entries::event(rows::blob(row, 1)?)?;
        if !retention::is_outdated(&event, before) {
            return Ok((Pruned::NothingOld, Vec::new()));
        }
        if retention::lists_withheld(&event) {
            lists.push((row.get(0).map_err(failed)?, event));
        }
        count += 1;
    }
    // The last event stays.
    if tree.entries <= minimum {
        return Ok((Pruned::NothingOld, Vec::new()));
    }
    if tree.size().min(tree.exported) < minimum {
        return Ok((Pruned::Kept, Vec::new()));
    }
    Ok((Pruned::Deleted { minimum, count }, lists))
}

/// Deletes what lies before `minimum`, which moves first: the log refuses to lose others.
fn delete_tile(db: &Connection, minimum: u64, lists: &[(i64, Event)]) -> Result<(), StoreError> {
    let tree = tree::one(db)?;
    if tree.minimum + TILE_WIDTH != minimum {
        return Err(StoreError::Changed);
    }
    tree::move_minimum(db, minimum)?;
    for (device, event) in lists {
        forget_list(db, *device, event)?;
    }
    let sql = "DELETE FROM event WHERE place < ?1";
    run(db, sql, [signed(tree.base + minimum)])
}

/// Lets a device forget that this event of it lists what is withheld: the next exchange
/// lists anew what would refer to it. Like any change of its state it starts a running
/// exchange again.
pub(super) fn forget_list(db: &Connection, device: i64, event: &Event) -> Result<(), StoreError> {
    if !retention::lists_withheld(event) {
        return Ok(());
    }
    let Some(mut state) = answers::state_of(db, rows::unsigned(device))? else {
        return Ok(());
    };
    if !state.forget_list(event.seq) {
        return Ok(());
    }
    answers::put_state(db, rows::unsigned(device), &state)
}
