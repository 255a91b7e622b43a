//! Inventories and their histories.

use rusqlite::{Connection, params};

use super::query::{self, run};
use super::rows::{self, signed};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::inventory::{Change, Inventory, InventoryUpdate};
use modegate_core::limits;

/// The number of the part that holds a whole inventory: one that was last written before
/// there were parts.
const WHOLE: u32 = 0;

pub(super) fn of(
    db: &Connection,
    keys: &Keys,
    number: u64,
) -> Result<Option<Inventory>, StoreError> {
    let sql = "SELECT part, sealed FROM inventory WHERE device = ?1 ORDER BY part";
    let context = |part| SealContext::Inventory(number, u32::try_from(part).unwrap_or(u32::MAX));
    let parts = rows::sealed(db, keys, context, sql, [signed(number)])?;
    let parts = parts.into_iter().map(|(_, part): (u64, Inventory)| part);
    Ok(parts.reduce(|mut whole, part| {
        whole.merge(part);
        whole
    }))
}

/// Up to `limit` devices behind that number that have one.
pub(super) fn all(
    db: &Connection,
    keys: &Keys,
    after: u64,
    limit: usize,
) -> Result<Vec<(Device, Inventory)>, StoreError> {
    let sql = "SELECT DISTINCT device FROM inventory WHERE device > ?1 ORDER BY device LIMIT ?2";
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

/// Writes what is new of the inventory and appends its changes; the oldest go beyond the bound.
pub(super) fn write(
    db: &Connection,
    keys: &Keys,
    number: u64,
    update: Option<&InventoryUpdate>,
    changes: &[Change],
) -> Result<(), StoreError> {
    if let Some(update) = update {
        write_parts(db, keys, number, update)?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let sql = "SELECT coalesce(max(number), 0) FROM inventory_change WHERE device = ?1";
    let before: u32 = query::value(db, sql, [signed(number)])?;
    let most = usize::try_from(limits::INVENTORY_CHANGES).unwrap_or(usize::MAX);
    let skipped = changes.len().saturating_sub(most);
    let mut next = before.saturating_add(u32::try_from(skipped).unwrap_or(u32::MAX));
    for change in &changes[skipped..] {
        next += 1;
        let sealed = rows::seal(keys, SealContext::InventoryChange(number, next), change)?;
        let sql = "INSERT INTO inventory_change VALUES (?1, ?2, ?3)";
        run(db, sql, params![signed(number), next, sealed])?;
    }
    let oldest = u64::from(next).saturating_sub(limits::INVENTORY_CHANGES);
    let sql = "DELETE FROM inventory_change WHERE device = ?1 AND number <= ?2";
    run(db, sql, params![signed(number), signed(oldest)])
}

fn write_parts(
    db: &Connection,
    keys: &Keys,
    number: u64,
    update: &InventoryUpdate,
) -> Result<(), StoreError> {
    let device = signed(number);
    let sql = "SELECT EXISTS (SELECT 1 FROM inventory WHERE device = ?1 AND part = ?2)";
    let parts = if query::value(db, sql, params![device, WHOLE])? {
        update.inventory.all_parts()
    } else {
        update.parts()
    };
    let delete = "DELETE FROM inventory WHERE device = ?1 AND part = ?2";
    run(db, delete, params![device, WHOLE])?;
    for (part, values) in parts {
        if values == Inventory::default() {
            run(db, delete, params![device, part])?;
            continue;
        }
        let sealed = rows::seal(keys, SealContext::Inventory(number, part), &values)?;
        let sql = "INSERT OR REPLACE INTO inventory VALUES (?1, ?2, ?3)";
        run(db, sql, params![device, part, sealed])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::sqlite::connection::connect;
    use modegate_core::ids::CommandSeq;
    use modegate_core::inventory::{Address, Reading, Taken};
    use modegate_core::time::Timestamp;

    fn take(inventory: &mut Inventory, property: &str, data: &str) -> BTreeSet<u32> {
        let mut taken = Taken::default();
        let address = Address {
            class: "Win32_BIOS".into(),
            instance: "Win32_BIOS.Name=\"x\"".into(),
            property: property.into(),
        };
        let reading = Reading {
            address: &address,
            status: 200,
            format: Some("chr"),
            data: Some(data),
            command: CommandSeq(1),
            whole: true,
        };
        inventory.take(&reading, Timestamp(1), &mut taken);
        taken.touched
    }

    #[test]
    fn an_inventory_of_before_there_were_parts_is_taken_apart_when_it_changes() {
        let own = tempfile::tempdir().unwrap();
        let db = connect(&own.path().join("db")).unwrap();
        let keys = Keys::from_bytes(&[7; 32]).unwrap();
        let mut inventory = Inventory::default();
        for n in 0..100 {
            take(&mut inventory, &format!("P{n}"), "before");
        }
        let sealed = rows::seal(&keys, SealContext::Inventory(5, WHOLE), &inventory).unwrap();
        let sql = "INSERT INTO inventory VALUES (5, 0, ?1)";
        run(&db, sql, [sealed]).unwrap();
        assert_eq!(of(&db, &keys, 5).unwrap().as_ref(), Some(&inventory));
        let parts = || -> Vec<u32> {
            query::all(&db, "SELECT part FROM inventory", [], |row| row.get(0)).unwrap()
        };
        for value in ["one", "another"] {
            let touched = take(&mut inventory, "P7", value);
            assert_eq!(touched.len(), 1);
            let update = InventoryUpdate {
                inventory: inventory.clone(),
                touched,
            };
            write(&db, &keys, 5, Some(&update), &[]).unwrap();
            assert_eq!(of(&db, &keys, 5).unwrap().as_ref(), Some(&inventory));
            assert!(
                parts().len() > 30 && !parts().contains(&WHOLE),
                "{:?}",
                parts()
            );
        }
        // A part of which nothing is left is no row.
        let empty = InventoryUpdate {
            inventory: Inventory::default(),
            touched: parts().into_iter().collect(),
        };
        write(&db, &keys, 5, Some(&empty), &[]).unwrap();
        assert_eq!(of(&db, &keys, 5).unwrap(), None);
    }
}
