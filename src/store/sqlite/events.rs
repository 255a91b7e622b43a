//! The log: events in order of arrival, those of one device (or of none) chained.

use rusqlite::{Connection, Row, params};

use super::entries;
use super::error::failed;
use super::query::{self, first, run, value};
use super::rows::{self, signed, unsigned};
use crate::StoreError;
use modegate_core::event::{Event, StoredEvent};
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;

/// Where a chain of events stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) number: u64,
    pub(super) next_event: u64,
    pub(super) head: i64,
    pub(super) mark: i64,
}

/// Appends events to a chain, giving each its number. Refuses before its first write.
pub(super) fn append(
    db: &Connection,
    chain: &mut Chain,
    events: &mut [Event],
) -> Result<(), StoreError> {
    let mut insert = db
        .prepare_cached(
            "INSERT INTO event (device, seq, prev, mark, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .map_err(failed)?;
    for (event, seq) in events.iter_mut().zip(chain.next_event..) {
        event.seq = seq;
    }
    for (event, bytes) in events.iter().zip(entries::written(events)?) {
        insert
            .execute(params![
                signed(chain.number),
                signed(event.seq),
                chain.head,
                chain.mark,
                bytes
            ])
            .map_err(failed)?;
        chain.head = db.last_insert_rowid();
        if event.seq % 64 == 0 {
            chain.mark = chain.head;
        }
        chain.next_event += 1;
    }
    Ok(())
}

/// Logs what concerns no device.
pub(super) fn log(db: &Connection, events: &mut [Event]) -> Result<(), StoreError> {
    let mut chain = no_device(db)?;
    append(db, &mut chain, events)?;
    let sql = "UPDATE chain SET next_event = ?1, event_head = ?2, event_mark = ?3 WHERE number = 0";
    run(
        db,
        sql,
        params![signed(chain.next_event), chain.head, chain.mark],
    )
}

/// One event of the log: (its device's chain before it, the event).
fn event_at(db: &Connection, place: i64) -> Result<Option<(i64, i64, StoredEvent)>, StoreError> {
    let sql = "SELECT prev, mark, bytes FROM event WHERE place = ?1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?));
    let Some((prev, mark, bytes)) = first(db, sql, [place], read)? else {
        return Ok(None);
    };
    Ok(Some((prev, mark, stored(unsigned(place), &bytes)?)))
}

fn stored(place: u64, bytes: &[u8]) -> Result<StoredEvent, StoreError> {
    let event = entries::event(bytes)?;
    Ok(StoredEvent { place, event })
}

/// Where the chain of a device ends, whether it is there still or gone.
pub(super) fn chain_of(db: &Connection, device: DeviceId) -> Result<Option<Chain>, StoreError> {
    let sql = "SELECT number, next_event, event_head, event_mark FROM device WHERE id = ?1 \
               UNION ALL SELECT number, next_event, event_head, event_mark FROM chain WHERE id = ?1";
    chain(db, sql, device.0.as_bytes())
}

/// The chain of the events that concern no device.
pub(super) fn no_device(db: &Connection) -> Result<Chain, StoreError> {
    let sql = "SELECT number, next_event, event_head, event_mark FROM chain WHERE id = ?1";
    chain(db, sql, &[0; 16])?.ok_or_else(|| failed("the event log has no first row"))
}

fn chain(db: &Connection, sql: &str, id: &[u8; 16]) -> Result<Option<Chain>, StoreError> {
    first(db, sql, [id], |row| {
        Ok(Chain {
            number: unsigned(row.get(0)?),
            next_event: unsigned(row.get(1)?),
            head: row.get(2)?,
            mark: row.get(3)?,
        })
    })
}

/// Walks the chain backwards from the newest event below `before`; goes by
/// marks while they are still above it.
pub(super) fn before(
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
        let Some((prev, mark, event)) = event_at(db, place)? else {
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

pub(super) fn of_device(
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
        before(db, device, up_to, limit)
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
        match event_at(db, place)? {
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

pub(super) fn all(
    db: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = "SELECT place, bytes FROM event WHERE place > ?1 ORDER BY place LIMIT ?2";
    let range = params![signed(after), signed(limit as u64)];
    let found = query::all(db, sql, range, rows::numbered)?.into_iter();
    found.map(|(place, bytes)| stored(place, &bytes)).collect()
}

pub(super) fn all_before(
    db: &Connection,
    before: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = "SELECT place, bytes FROM event WHERE place < ?1 ORDER BY place DESC LIMIT ?2";
    let range = params![signed(before), signed(limit as u64)];
    let found = query::all(db, sql, range, rows::numbered)?.into_iter();
    found.map(|(place, bytes)| stored(place, &bytes)).collect()
}

/// By halving: some 27 events are read of 100 million.
pub(super) fn last_place_before(db: &Connection, at: Timestamp) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, last_place(db)?);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        // Places may be missing at the beginning, where events were deleted.
        match all(db, middle - 1, 1)?.pop() {
            Some(found) if found.event.at < at => low = found.place,
            _ => high = middle - 1,
        }
    }
    Ok(low)
}

pub(super) fn last_place(db: &Connection) -> Result<u64, StoreError> {
    value(db, "SELECT coalesce(max(place), 0) FROM event", []).map(unsigned)
}
