//! What is due in the outbox, channel URIs and push profiles.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::error::failed;
use super::events;
use super::rows::{self, signed};
use crate::StoreError;
use crate::push::DecideProfile;
use crate::seal::{Keys, Place};
use modegate_core::ids::DeviceId;
use modegate_core::push::record::{ProfileChange, PushProfile};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

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
    let after = change.check(before, all.len());
    let after = after.map_err(StoreError::Refused)?.clone();
    match change {
        ProfileChange::Keep(_) => keep(db, keys, number, &after)?,
        ProfileChange::Delete => {
            db.execute("DELETE FROM push_profile WHERE number = ?1", [number])
                .map_err(failed)?;
        }
    }
    events::log(db, &mut [event])?;
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
