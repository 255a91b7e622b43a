//! What is due in the outbox, channel URIs and push profiles.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::error::failed;
use super::events;
use super::query::{all, first, run};
use super::rows::{self, signed};
use crate::StoreError;
use crate::push::DecideProfile;
use crate::seal::{Keys, SealContext};
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
    all(db, sql, params![until.0, signed(limit as u64)], |row| {
        let id = Uuid::from_bytes(row.get(0)?);
        Ok((DeviceId(id), Timestamp(row.get(1)?)))
    })
}

pub(super) fn uri(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
) -> Result<Option<Secret>, StoreError> {
    let sql = "SELECT push_channel.device, push_channel.sealed FROM push_channel \
               JOIN device ON device.number = push_channel.device WHERE device.id = ?1";
    let found = first(db, sql, [device.0.as_bytes()], rows::numbered)?;
    let Some((number, sealed)) = found else {
        return Ok(None);
    };
    let plain = keys.open(SealContext::ChannelUri(number), &sealed);
    let plain = plain.map_err(failed)?;
    String::from_utf8(plain)
        .map(|text| Some(Secret::new(text)))
        .map_err(failed)
}

/// All profiles, the oldest first.
pub(super) fn profiles(db: &Connection, keys: &Keys) -> Result<Vec<PushProfile>, StoreError> {
    let sql = "SELECT number, sealed FROM push_profile ORDER BY number";
    let found = rows::sealed(db, keys, SealContext::PushProfile, sql, [])?;
    Ok(found.into_iter().map(|(_, profile)| profile).collect())
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
    let sql = "SELECT number FROM push_profile WHERE id = ?1";
    let number: Option<i64> = first(db, sql, [id.as_bytes()], |row| row.get(0))?;
    let before = all.iter().find(|profile| profile.id == id);
    let (change, event) = decide(&all, before)?;
    let after = change.check(before, all.len())?.clone();
    match change {
        ProfileChange::Keep(_) => keep(db, keys, number, &after)?,
        ProfileChange::Delete => {
            run(db, "DELETE FROM push_profile WHERE number = ?1", [number])?;
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
        Some(number) => rows::unsigned(number),
        None => rows::count_and_last(db, "push_profile")?.1 + 1,
    };
    let sealed = rows::seal(keys, SealContext::PushProfile(number), profile)?;
    let sql = "INSERT OR REPLACE INTO push_profile VALUES (?1, ?2, ?3)";
    run(
        db,
        sql,
        params![signed(number), profile.id.as_bytes(), sealed],
    )
}
