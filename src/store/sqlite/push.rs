//! The outbox, channel URIs and push profiles.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::failed;
use super::rows::{self, signed};
use crate::StoreError;
use crate::push::{DecideProfile, ProfileChange};
use crate::seal::{Keys, Place};
use modegate_core::change::Refusal;
use modegate_core::device::State;
use modegate_core::device::outbox;
use modegate_core::ids::DeviceId;
use modegate_core::push::record::{MOST, PushProfile};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// Puts the device into the outbox, or takes it out.
pub(super) fn put_due(
    db: &Connection,
    number: u64,
    due: Option<Timestamp>,
) -> Result<(), StoreError> {
    let done = match due {
        Some(due) => db
            .prepare_cached("INSERT OR REPLACE INTO outbox VALUES (?1, ?2)")
            .and_then(|mut sql| sql.execute(params![signed(number), due.0])),
        None => db
            .prepare_cached("DELETE FROM outbox WHERE device = ?1")
            .and_then(|mut sql| sql.execute([signed(number)])),
    };
    done.map(drop).map_err(failed)
}

/// Keeps a device's URI in place of any other, or deletes it.
pub(super) fn put_uri(
    db: &Connection,
    keys: &Keys,
    number: u64,
    uri: Option<&Secret>,
) -> Result<(), StoreError> {
    let done = match uri {
        Some(uri) => {
            let place = Place::ChannelUri(number);
            let sealed = keys.seal(place, uri.reveal().as_bytes()).map_err(failed)?;
            db.prepare_cached("INSERT OR REPLACE INTO push_channel VALUES (?1, ?2)")
                .and_then(|mut sql| sql.execute(params![signed(number), sealed]))
        }
        None => db
            .prepare_cached("DELETE FROM push_channel WHERE device = ?1")
            .and_then(|mut sql| sql.execute([signed(number)])),
    };
    done.map(drop).map_err(failed)
}

/// What follows from a change that is no exchange: the outbox, and a URI that
/// is not in use any more.
pub(super) fn follow(
    db: &Connection,
    keys: &Keys,
    number: u64,
    before: &State,
    after: &State,
) -> Result<(), StoreError> {
    let due = outbox::due(after);
    if due != outbox::due(before) {
        put_due(db, number, due)?;
    }
    let uri = |state: &State| state.channel.as_ref().and_then(|channel| channel.uri);
    if uri(before).is_some() && uri(after) != uri(before) {
        put_uri(db, keys, number, None)?;
    }
    Ok(())
}

/// The device is gone.
pub(super) fn forget(db: &Connection, number: u64) -> Result<(), StoreError> {
    put_due(db, number, None)?;
    db.execute(
        "DELETE FROM push_channel WHERE device = ?1",
        [signed(number)],
    )
    .map(drop)
    .map_err(failed)
}

pub(super) fn due(
    db: &Connection,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<(DeviceId, Timestamp)>, StoreError> {
    let sql = "SELECT device.id, outbox.due FROM outbox JOIN device ON device.number = outbox.device \
               WHERE outbox.due <= ?1 ORDER BY outbox.due LIMIT ?2";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(params![until.0, signed(limit as u64)], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
        })
        .map_err(failed)?;
    found
        .map(|row| {
            let (id, due) = row.map_err(failed)?;
            let id = Uuid::from_slice(&id).map_err(failed)?;
            Ok((DeviceId(id), Timestamp(due)))
        })
        .collect()
}

pub(super) fn next_due(db: &Connection, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = db
        .prepare_cached("SELECT min(due) FROM outbox WHERE due > ?1")
        .and_then(|mut sql| sql.query_row([after.0], |row| row.get(0)))
        .map_err(failed)?;
    Ok(due.map(Timestamp))
}

pub(super) fn uri(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
) -> Result<Option<Secret>, StoreError> {
    let sql = "SELECT push_channel.device, push_channel.sealed FROM push_channel \
               JOIN device ON device.number = push_channel.device WHERE device.id = ?1";
    let found: Option<(i64, Vec<u8>)> = db
        .prepare_cached(sql)
        .and_then(|mut sql| {
            sql.query_row([&device.0.as_bytes()[..]], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        })
        .map_err(failed)?;
    let Some((number, sealed)) = found else {
        return Ok(None);
    };
    let place = Place::ChannelUri(rows::unsigned(number));
    let plain = keys.open(place, &sealed).map_err(failed)?;
    String::from_utf8(plain)
        .map(|text| Some(Secret::new(text)))
        .map_err(failed)
}

/// All profiles, the oldest first.
pub(super) fn profiles(db: &Connection, keys: &Keys) -> Result<Vec<PushProfile>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT number, sealed FROM push_profile ORDER BY number")
        .map_err(failed)?;
    let found = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    found
        .map(|row| {
            let (number, sealed): (i64, Vec<u8>) = row.map_err(failed)?;
            opened(keys, rows::unsigned(number), &sealed)
        })
        .collect()
}

fn opened(keys: &Keys, number: u64, sealed: &[u8]) -> Result<PushProfile, StoreError> {
    let place = Place::PushProfile(number);
    rows::unpack(&keys.open(place, sealed).map_err(failed)?)
}

/// Changes a profile as `decide` says; what it is afterwards, or was before it
/// was deleted.
pub(super) fn change(
    db: &Connection,
    keys: &Keys,
    id: Uuid,
    decide: DecideProfile,
) -> Result<PushProfile, StoreError> {
    let all = profiles(db, keys)?;
    let number: Option<i64> = db
        .query_row(
            "SELECT number FROM push_profile WHERE id = ?1",
            [&id.as_bytes()[..]],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    let before = all.iter().find(|profile| profile.id == id);
    let (change, event) = decide(&all, before).map_err(StoreError::Refused)?;
    let after = match (change, number, before) {
        (ProfileChange::Keep(profile), number, _) => {
            if number.is_none() && all.len() >= MOST {
                let why = format!("there are {MOST} push profiles, the most that there may be");
                return Err(StoreError::Refused(Refusal::Conflict(why)));
            }
            keep(db, keys, number, &profile)?;
            *profile
        }
        (ProfileChange::Delete, Some(number), Some(before)) => {
            db.execute("DELETE FROM push_profile WHERE number = ?1", [number])
                .map_err(failed)?;
            before.clone()
        }
        (ProfileChange::Delete, _, _) => {
            let why = "there is no such push profile".to_owned();
            return Err(StoreError::Refused(Refusal::Missing(why)));
        }
    };
    super::write::log(db, &mut [event])?;
    Ok(after)
}

fn keep(
    db: &Connection,
    keys: &Keys,
    number: Option<i64>,
    profile: &PushProfile,
) -> Result<(), StoreError> {
    let number = match number {
        Some(number) => number,
        None => db
            .query_row(
                "SELECT 1 + coalesce(max(number), 0) FROM push_profile",
                [],
                |row| row.get(0),
            )
            .map_err(failed)?,
    };
    let place = Place::PushProfile(rows::unsigned(number));
    let sealed = keys.seal(place, &rows::pack(profile)?).map_err(failed)?;
    db.execute(
        "INSERT OR REPLACE INTO push_profile VALUES (?1, ?2, ?3)",
        params![number, &profile.id.as_bytes()[..], sealed],
    )
    .map(drop)
    .map_err(failed)
}
