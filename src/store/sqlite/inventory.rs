//! Inventories and their histories.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::rows::{self, signed};
use crate::StoreError;
use crate::seal::{Keys, Place};
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::inventory::{Change, Inventory};
use modegate_core::limits;

pub(super) fn of(
    db: &Connection,
    keys: &Keys,
    number: u64,
) -> Result<Option<Inventory>, StoreError> {
    let sealed: Option<Vec<u8>> = db
        .prepare_cached("SELECT sealed FROM inventory WHERE device = ?1")
        .and_then(|mut sql| sql.query_row([signed(number)], |row| row.get(0)).optional())
        .map_err(failed)?;
    sealed
        .map(|sealed| {
            rows::unpack(
                &keys
                    .open(Place::Inventory(number), &sealed)
                    .map_err(failed)?,
            )
        })
        .transpose()
}

/// Up to `limit` devices behind that number that have one.
pub(super) fn all(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<(Device, Inventory)>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT device FROM inventory WHERE device > ?1 ORDER BY device LIMIT ?2")
        .map_err(failed)?;
    let numbers: Vec<i64> = statement
        .query_map(params![signed(after), signed(limit as u64)], |row| {
            row.get(0)
        })
        .and_then(Iterator::collect)
        .map_err(failed)?;
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers.into_iter().map(rows::unsigned) {
        let device = rows::device(db, keys, &rows::Key::Number(number))?;
        if let (Some(device), Some(inventory)) = (device, of(db, keys, number)?) {
            found.push((device, inventory));
        }
    }
    Ok(found)
}

pub(super) fn changes(
    db: &Connection,
    keys: &Keys,
    device: DeviceId,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Change)>, StoreError> {
    let Some(device) = rows::number_of(db, device)? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT number, sealed FROM inventory_change WHERE device = ?1 AND number < ?2 \
               ORDER BY number DESC LIMIT ?3";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let found = statement
        .query_map(
            params![device, signed(before), signed(limit as u64)],
            |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )
        .map_err(failed)?;
    found
        .map(|row| {
            let (number, sealed) = row.map_err(failed)?;
            let place = Place::InventoryChange(rows::unsigned(device), number);
            let change = rows::unpack(&keys.open(place, &sealed).map_err(failed)?)?;
            Ok((u64::from(number), change))
        })
        .collect()
}

/// Writes the inventory, where there is one to write, and appends its changes;
/// the oldest go beyond the bound.
pub(super) fn write(
    db: &Connection,
    keys: &Keys,
    number: u64,
    inventory: Option<&Inventory>,
    changes: &[Change],
) -> Result<(), StoreError> {
    if let Some(inventory) = inventory {
        let sealed = keys
            .seal(Place::Inventory(number), &rows::pack(inventory)?)
            .map_err(failed)?;
        db.prepare_cached("INSERT OR REPLACE INTO inventory VALUES (?1, ?2)")
            .and_then(|mut sql| sql.execute(params![signed(number), sealed]))
            .map_err(failed)?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let last: Option<u32> = db
        .prepare_cached("SELECT max(number) FROM inventory_change WHERE device = ?1")
        .and_then(|mut sql| sql.query_row([signed(number)], |row| row.get(0)))
        .map_err(failed)?;
    let mut next = last.unwrap_or(0);
    for change in changes {
        next += 1;
        let place = Place::InventoryChange(number, next);
        let sealed = keys.seal(place, &rows::pack(change)?).map_err(failed)?;
        db.prepare_cached("INSERT INTO inventory_change VALUES (?1, ?2, ?3)")
            .and_then(|mut sql| sql.execute(params![signed(number), next, sealed]))
            .map_err(failed)?;
    }
    let oldest = u64::from(next).saturating_sub(limits::INVENTORY_CHANGES);
    db.prepare_cached("DELETE FROM inventory_change WHERE device = ?1 AND number <= ?2")
        .and_then(|mut sql| sql.execute(params![signed(number), signed(oldest)]))
        .map(drop)
        .map_err(failed)
}
