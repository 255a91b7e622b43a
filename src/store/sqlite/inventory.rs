//! Inventories and their histories.

use rusqlite::{Connection, params};

use super::query::{self, run};
use super::rows::{self, signed};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::inventory::{Change, Inventory};
use modegate_core::limits;

pub(super) fn of(
    db: &Connection,
    keys: &Keys,
    number: u64,
) -> Result<Option<Inventory>, StoreError> {
    let sql = "SELECT device, sealed FROM inventory WHERE device = ?1";
    let mut found = rows::sealed(db, keys, SealContext::Inventory, sql, [signed(number)])?;
    Ok(found.pop().map(|(_, inventory)| inventory))
}

/// Up to `limit` devices behind that number that have one.
pub(super) fn all(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<(Device, Inventory)>, StoreError> {
    let sql = "SELECT device FROM inventory WHERE device > ?1 ORDER BY device LIMIT ?2";
    let range = params![signed(after), signed(limit as u64)];
    let numbers: Vec<i64> = query::all(db, sql, range, |row| row.get(0))?;
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
    let sql = "SELECT number, sealed FROM inventory_change WHERE device = ?1 AND number < ?2 \
               ORDER BY number DESC LIMIT ?3";
    rows::of_device(db, device, |device| {
        let range = params![signed(device), signed(before), signed(limit as u64)];
        let context = |number| {
            SealContext::InventoryChange(device, u32::try_from(number).unwrap_or(u32::MAX))
        };
        rows::sealed(db, keys, context, sql, range)
    })
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
        let sealed = rows::seal(keys, SealContext::Inventory(number), inventory)?;
        let sql = "INSERT OR REPLACE INTO inventory VALUES (?1, ?2)";
        run(db, sql, params![signed(number), sealed])?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let sql = "SELECT coalesce(max(number), 0) FROM inventory_change WHERE device = ?1";
    let mut next: u32 = query::value(db, sql, [signed(number)])?;
    for change in changes {
        next += 1;
        let sealed = rows::seal(keys, SealContext::InventoryChange(number, next), change)?;
        let sql = "INSERT INTO inventory_change VALUES (?1, ?2, ?3)";
        run(db, sql, params![signed(number), next, sealed])?;
    }
    let oldest = u64::from(next).saturating_sub(limits::INVENTORY_CHANGES);
    let sql = "DELETE FROM inventory_change WHERE device = ?1 AND number <= ?2";
    run(db, sql, params![signed(number), signed(oldest)])
}
