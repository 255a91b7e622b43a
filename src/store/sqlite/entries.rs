//! The column `bytes` of an event: the entry of the Merkle log, or what it is made from.
//!
//! A new event is stored as its entry, `0x10 ‖ salt ‖ json`. A row from before there were
//! salts is the JSON alone, and its entry has a byte in front. A redacted row is its entry,
//! `0xFF ‖ leaf hash`, with the stub behind it that lists show.

use std::borrow::Cow;

use rusqlite::{Connection, params};

use super::error::failed;
use super::rows::{blob, signed, unsigned};
use crate::StoreError;
use modegate_core::event::Event;
use modegate_core::tlog::Hash;
use modegate_core::tlog::entry::{self, EVENT_BYTES, Entry, SALT_BYTES};

/// How a row begins that is from before there were salts: a JSON object.
const PLAIN: u8 = b'{';
/// Few entries are longer.
const USUAL_BYTES: usize = 512;
/// Bytes of the entry of a redacted row.
const REDACTED_BYTES: usize = 1 + Hash::BYTES;

/// New events as they are stored, each behind a salt of its own.
pub(super) fn written(events: &[Event]) -> Result<Vec<Vec<u8>>, StoreError> {
    // One call for all of them: the writer's thread makes it, and everybody waits for that.
    let mut salts = vec![[0; SALT_BYTES]; events.len()];
    aws_lc_rs::rand::fill(salts.as_flattened_mut())
        .map_err(|_| failed("no random numbers for a salt"))?;
    let entry = |(event, salt): (&Event, _)| {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        entry::begin_salted(salt, &mut bytes);
        let begin = bytes.len();
        event.write_to(&mut bytes);
        match bytes.len() - begin {
            json if json > EVENT_BYTES => Err(StoreError::EventTooLarge(json)),
            _ => Ok(bytes),
        }
    };
    events.iter().zip(&salts).map(entry).collect()
}

/// What is stored in place of a redacted event.
pub(super) fn redacted(leaf: &Hash, stub: &Event) -> Vec<u8> {
    [entry::redacted(leaf), stub.to_bytes()].concat()
}

/// The entry that a row stands for.
pub(super) fn entry(stored: &[u8]) -> Cow<'_, [u8]> {
    match Entry::parse(stored.get(..REDACTED_BYTES).unwrap_or(stored)) {
        Ok(Entry::Redacted { .. }) => Cow::Borrowed(&stored[..REDACTED_BYTES]),
        _ if stored.first() == Some(&PLAIN) => Cow::Owned(entry::unsalted(stored)),
        _ => Cow::Borrowed(stored),
    }
}

/// Whether a row was redacted.
pub(super) fn is_redacted(stored: &[u8]) -> bool {
    matches!(Entry::parse(&entry(stored)), Ok(Entry::Redacted { .. }))
}

/// What is shown of a redacted row instead of its event; `None` for any other.
pub(super) fn stub(stored: &[u8]) -> Option<&[u8]> {
    is_redacted(stored).then(|| &stored[REDACTED_BYTES..])
}

/// The event of a row, or the stub of a redacted one.
pub(super) fn event(stored: &[u8]) -> Result<Event, StoreError> {
    Event::from_bytes(text(stored)?).map_err(failed)
}

/// The JSON of the event of a row, or of the stub of a redacted one.
fn text(stored: &[u8]) -> Result<&[u8], StoreError> {
    if stored.first() == Some(&PLAIN) {
        return Ok(stored);
    }
    Ok(
        match Entry::parse(&stored[..REDACTED_BYTES.min(stored.len())]) {
            Ok(Entry::Redacted { .. }) => &stored[REDACTED_BYTES..],
            _ => match Entry::parse(stored).map_err(failed)? {
                Entry::Salted { json, .. } | Entry::Unsalted { json } => json,
                Entry::Redacted { .. } => &[],
            },
        },
    )
}

/// The entries from the place on, in order: at most `limit`, one at the least where there
/// is one, and no more once they have so many `bytes`.
pub(super) fn from_place(
    db: &Connection,
    place: u64,
    limit: usize,
    bytes: u64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    read_from_place(db, place, limit, bytes, |stored| {
        Ok(entry(stored).into_owned())
    })
}

/// The same of the JSON of the events, and of the stubs of redacted ones.
pub(super) fn texts_from_place(
    db: &Connection,
    place: u64,
    limit: usize,
    bytes: u64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    read_from_place(db, place, limit, bytes, |stored| Ok(text(stored)?.to_vec()))
}

fn read_from_place(
    db: &Connection,
    place: u64,
    limit: usize,
    bytes: u64,
    read: fn(&[u8]) -> Result<Vec<u8>, StoreError>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let sql = "SELECT place, bytes FROM event WHERE place >= ?1 ORDER BY place LIMIT ?2";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement
        .query(params![signed(place), signed(limit as u64)])
        .map_err(failed)?;
    let (mut entries, mut total) = (Vec::new(), 0);
    while total < bytes
        && let Some(row) = rows.next().map_err(failed)?
    {
        let (found, expected) = (
            unsigned(row.get(0).map_err(failed)?),
            place + entries.len() as u64,
        );
        if found != expected {
            return Err(failed(format!(
                "the event log is damaged: expected an event at place {expected}, found the next at {found}"
            )));
        }
        let read = read(blob(row, 1)?)?;
        total += read.len() as u64;
        entries.push(read);
    }
    Ok(entries)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use modegate_core::event::EventType;
    use modegate_core::time::Timestamp;

    fn one(event: &Event) -> Result<Vec<u8>, StoreError> {
        written(std::slice::from_ref(event)).map(|mut written| written.remove(0))
    }

    #[test]
    fn every_form_of_a_row_is_an_entry_and_an_event() {
        let event = Event::new(Timestamp(7), "a", None, EventType::ServerStarted);
        let two = written(&[event.clone(), event.clone()]).unwrap();
        assert_ne!(two[0], two[1], "a salt of its own");
        let salted = two[0].clone();
        assert_eq!(&salted[17..], event.to_bytes());
        assert_eq!(
            salted,
            entry::salted(salted[1..17].try_into().unwrap(), &event.to_bytes())
        );
        let leaf = entry::hash_of(&salted).unwrap();
        let plain = event.to_bytes();
        let redacted = redacted(&leaf, &event.stub());
        for (row, leaf, shown) in [
            (&salted, leaf, event.clone()),
            (
                &plain,
                entry::hash_of(&entry::unsalted(&plain)).unwrap(),
                event.clone(),
            ),
            (&redacted, leaf, event.stub()),
        ] {
            assert_eq!(entry::hash_of(&super::entry(row)), Ok(leaf));
            assert_eq!(super::event(row).unwrap(), shown);
            assert_eq!(is_redacted(row), shown.what == EventType::Redacted);
        }
    }

    #[test]
    fn an_event_that_fits_no_entry_is_refused() {
        let mut event = Event::new(Timestamp(7), "a", None, EventType::ServerStarted);
        let rest = event.clone().detail("").to_bytes().len();
        event.detail = Some("x".repeat(EVENT_BYTES - rest));
        assert_eq!(one(&event).unwrap().len(), entry::ENTRY_BYTES);
        event.detail = Some("x".repeat(EVENT_BYTES - rest + 1));
        let refused = one(&event);
        assert!(
            matches!(refused, Err(StoreError::EventTooLarge(bytes)) if bytes == EVENT_BYTES + 1)
        );
    }
}
