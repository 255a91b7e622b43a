//! Deletes what is older than an operator wants to keep, a few rows at a time.
//!
//! Events go from the beginning of the log only, up to the first that is young:
//! so whatever an event refers back to is gone with it or still there, and the
//! chain of a device is cut at one place. The log's last event always stays: places are
//! never given twice.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::error::failed;
use super::query::{run, value};
use super::rows::{self, signed};
use super::{SqliteStore, answers};
use crate::seal::{Keys, SealContext};
use crate::{PartPlace, Purged, StoreError};
use modegate_core::event::Event;
use modegate_core::inventory::Change;
use modegate_core::retention;
use modegate_core::time::Timestamp;

/// How long the writer is kept at a time: exchanges wait behind it.
const CHUNK: Duration = Duration::from_millis(5);
/// Rows deleted between two looks at the clock.
const ROWS: usize = 32;

/// What may be deleted of the log: a piece from its beginning.
struct Old {
    /// In order.
    places: Vec<i64>,
    /// Events that list what was withheld: (place, device, number).
    lists: Vec<(i64, i64, u64)>,
    /// Whether there may be more behind it.
    more: bool,
}

impl SqliteStore {
    pub(super) async fn purge_events(
        &self,
        before: Timestamp,
        most: usize,
    ) -> Result<Purged, StoreError> {
        let old = self.read(|db, _| old_events(db, before, most))?;
        if old.places.is_empty() {
            return Ok(Purged::default());
        }
        let (all, more) = (old.places.len(), old.more);
        let (deleted, through) = self
            .writer
            .submit(move |db| delete_events(db, &old))
            .await?;
        Ok(Purged {
            count: deleted as u64,
            through,
            more: more || deleted < all,
        })
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
            through: 0,
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
            through: 0,
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
            through: 0,
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

fn old_events(db: &Connection, before: Timestamp, most: usize) -> Result<Old, StoreError> {
    let last: i64 = value(db, "SELECT coalesce(max(place), 0) FROM event", [])?;
    let sql = "SELECT place, device, bytes FROM event ORDER BY place LIMIT ?1";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query([signed(most as u64)]).map_err(failed)?;
    let mut old = Old {
        places: Vec::new(),
        lists: Vec::new(),
        more: true,
    };
    while let Some(row) = found.next().map_err(failed)? {
        let place: i64 = row.get(0).map_err(failed)?;
        let bytes = rows::blob(row, 2)?;
        let event = Event::from_bytes(bytes).map_err(failed)?;
        if !retention::is_outdated(&event, before) || place == last {
            old.more = false;
            break;
        }
        if retention::lists_withheld(&event) {
            old.lists
                .push((place, row.get(1).map_err(failed)?, event.seq));
        }
        old.places.push(place);
    }
    Ok(old)
}

/// Deletes from the front until the time is up. Answers how many, and the last.
fn delete_events(db: &Connection, old: &Old) -> Result<(usize, u64), StoreError> {
    let begun = Instant::now();
    let (mut deleted, mut through) = (0, 0);
    for places in old.places.chunks(ROWS) {
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else {
            break;
        };
        // The next exchange lists anew what would refer to an event that is gone.
        for &(_, device, seq) in old.lists.iter().filter(|list| places.contains(&list.0)) {
            forget_list(db, device, seq)?;
        }
        let sql = "DELETE FROM event WHERE place BETWEEN ?1 AND ?2";
        run(db, sql, [first, last])?;
        (deleted, through) = (deleted + places.len(), rows::unsigned(last));
        if begun.elapsed() >= CHUNK {
            break;
        }
    }
    Ok((deleted, through))
}

/// Lets a device forget that its event `seq` lists what is withheld. Like any
/// change of its state it starts a running exchange again.
fn forget_list(db: &Connection, device: i64, seq: u64) -> Result<(), StoreError> {
    let Some(mut state) = answers::state_of(db, rows::unsigned(device))? else {
        return Ok(());
    };
    if !state.forget_list(seq) {
        return Ok(());
    }
    answers::put_state(db, rows::unsigned(device), &state)
}
