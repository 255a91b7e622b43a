//! Deletes what is older than an operator wants to keep, a few rows at a time.
//!
//! Events go from the beginning of the log only, up to the first that is young:
//! so whatever an event refers back to is gone with it or still there, and the
//! chain of a device is cut at one place. The log's last event always stays: places are
//! never given twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::SqliteStore;
use super::error::failed;
use super::query::{self, run, value};
use super::rows::{self, signed};
use crate::seal::{Keys, SealContext};
use crate::{PartPlace, Purged, StoreError};
use modegate_core::command::Part;
use modegate_core::device::DeviceState;
use modegate_core::event::Event;
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
        let (old, walked) = self.read(|db, keys| old_results(db, keys, before, after, most))?;
        let nothing = Purged {
            more: walked.is_some(),
            ..Purged::default()
        };
        if old.is_empty() {
            return Ok((nothing, walked));
        }
        let all = old.len();
        let (done, last) = self
            .writer
            .submit(move |db| replace_parts(db, &old))
            .await?;
        let next = if done < all { last } else { walked };
        let purged = Purged {
            count: done as u64,
            through: 0,
            more: next.is_some(),
        };
        Ok((purged, next))
    }
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
    let Some(mut state) = state_of(db, device)? else {
        return Ok(());
    };
    if !state.forget_list(seq) {
        return Ok(());
    }
    let sql = "UPDATE device SET revision = revision + 1, state = ?2 WHERE number = ?1";
    run(db, sql, params![device, rows::pack(&state)?])
}

fn state_of(db: &Connection, device: i64) -> Result<Option<DeviceState>, StoreError> {
    let sql = "SELECT state FROM device WHERE number = ?1";
    let bytes = query::first(db, sql, [device], |row| row.get::<_, Vec<u8>>(0))?;
    bytes.map(|bytes| rows::unpack(&bytes)).transpose()
}

/// A part of a command's history without its results, as it is to be stored.
type Stripped = (PartPlace, Vec<u8>);

/// The parts with old results of final commands among the next `most`, and how
/// far was walked (`None`: to the end).
fn old_results(
    db: &Connection,
    keys: &Keys,
    before: Timestamp,
    after: PartPlace,
    most: usize,
) -> Result<(Vec<Stripped>, Option<PartPlace>), StoreError> {
    let sql = "SELECT device, seq, part, body FROM command WHERE (device, seq, part) > (?1, ?2, ?3) \
               ORDER BY device, seq, part LIMIT ?4";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let from = params![
        signed(after.device),
        after.seq,
        after.part,
        signed(most as u64)
    ];
    let mut found = statement.query(from).map_err(failed)?;
    let mut states: HashMap<u64, DeviceState> = HashMap::new();
    let (mut old, mut walked, mut last) = (Vec::new(), 0, None);
    while let Some(row) = found.next().map_err(failed)? {
        let at = PartPlace {
            device: rows::unsigned(row.get(0).map_err(failed)?),
            seq: row.get(1).map_err(failed)?,
            part: row.get(2).map_err(failed)?,
        };
        (walked, last) = (walked + 1, Some(at));
        if at.part == 0 {
            continue;
        }
        let bytes = rows::blob(row, 3)?;
        let place = SealContext::Command(at.device, at.seq, at.part);
        let part: Part = rows::command_part(keys, place, bytes)?;
        if !retention::has_old_results(&part, before) {
            continue;
        }
        let state = match states.entry(at.device) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(state_of(db, signed(at.device))?.unwrap_or_default()),
        };
        if let Some(part) = retention::strip_results(part, state) {
            old.push((at, rows::part_bytes(keys, at.device, &part)?));
        }
    }
    Ok((old, last.filter(|_| walked == most)))
}

/// Puts parts in the place of what they were, until the time is up. A final
/// command's history does not change any more, so nobody else writes there.
fn replace_parts(
    db: &Connection,
    parts: &[Stripped],
) -> Result<(usize, Option<PartPlace>), StoreError> {
    let (begun, mut done, mut last) = (Instant::now(), 0, None);
    for (at, bytes) in parts {
        let sql = "UPDATE command SET body = ?4 WHERE device = ?1 AND seq = ?2 AND part = ?3";
        run(db, sql, params![signed(at.device), at.seq, at.part, bytes])?;
        (done, last) = (done + 1, Some(*at));
        if begun.elapsed() >= CHUNK {
            break;
        }
    }
    Ok((done, last))
}
