//! Devices come and go.

use rusqlite::{Connection, params};

use super::compliance;
use super::device_index;
use super::enrollment_rows;
use super::events::{self, Chain};
use super::query::{run, value};
use super::rows::{self, Key, signed};
use crate::StoreError;
use crate::seal::Keys;
use modegate_core::device::{Device, DeviceRecord, DeviceState};
use modegate_core::event::Event;
use modegate_core::ids::DeviceId;

pub(super) fn register(
    db: &Connection,
    keys: &Keys,
    id: DeviceId,
    record: &DeviceRecord,
    event: Event,
) -> Result<(), StoreError> {
    if let Some(taken) = rows::device(db, keys, &Key::Source(&record.source.0))? {
        return Err(StoreError::SourceTaken(taken.id));
    }
    // Numbers are never used twice: the chain of a device that is gone goes on to carry its own.
    let sql = "SELECT 1 + max(coalesce((SELECT max(number) FROM device), 0), coalesce((SELECT max(number) FROM chain), 0))";
    let number: i64 = value(db, sql, [])?;
    let state = DeviceState::registered();
    let mut chain = Chain {
        number: rows::unsigned(number),
        next_event: 1,
        head: 0,
        mark: 0,
    };
    events::append(db, &mut chain, &mut [event])?;
    let sealed = rows::record_bytes(keys, chain.number, record)?;
    let row = params![
        number,
        id.0.as_bytes(),
        record.source.0,
        sealed,
        signed(state.revision),
        state.next_command,
        signed(chain.next_event),
        chain.head,
        chain.mark,
        rows::pack(&state)?
    ];
    let sql = "INSERT INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL)";
    run(db, sql, row)?;
    device_index::put(db, keys, chain.number, record)?;
    compliance::make_due(db, chain.number)
}

/// The tables with rows of a device, which are deleted with it.
const OF_A_DEVICE: [&str; 11] = [
    "command",
    "outbox",
    "push_channel",
    "inventory",
    "inventory_change",
    "install",
    "install_due",
    "asked_install",
    "compliance",
    "compliance_due",
    "portal_link",
];

/// The indexes, whose rows lie by what a device is found by, and are deleted one by one.
#[cfg(test)]
const INDEXES: [&str; 2] = ["name_index", "term_index"];

/// Deleted with the rows of other tables that hang on them.
#[cfg(test)]
const WITH_OTHERS: [&str; 1] = ["enrollment"];

pub(super) fn retire(
    db: &Connection,
    keys: &Keys,
    device: &Device,
    event: Event,
) -> Result<(), StoreError> {
    let (record, device) = (&device.record, device.id);
    let mut chain = events::chain_of(db, device)?.ok_or(StoreError::NoDevice)?;
    events::append(db, &mut chain, &mut [event])?;
    let number = signed(chain.number);
    let row = params![
        device.0.as_bytes(),
        number,
        signed(chain.next_event),
        chain.head,
        chain.mark
    ];
    run(db, "INSERT INTO chain VALUES (?1, ?2, ?3, ?4, ?5)", row)?;
    compliance::retire(db, number)?;
    enrollment_rows::retire(db, number)?;
    device_index::remove_all(db, keys, chain.number, record)?;
    for table in OF_A_DEVICE {
        run(
            db,
            &format!("DELETE FROM {table} WHERE device = ?1"),
            [number],
        )?;
    }
    run(db, "DELETE FROM device WHERE number = ?1", [number])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sqlite::connection::connect;

    /// The log outlives a device, and so does what a batch did. What points at its answers
    /// lies by age, and goes by age.
    const STAYS: [&str; 3] = ["event", "batch_item", "answer"];

    #[test]
    fn no_row_of_a_device_outlives_it_but_the_log() {
        let own = tempfile::tempdir().unwrap();
        let db = connect(&own.path().join("db")).unwrap();
        let sql = "SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND c.name = 'device' ORDER BY t.name";
        let mut statement = db.prepare(sql).unwrap();
        let tables = statement.query_map([], |row| row.get::<_, String>(0));
        let tables: Vec<String> = tables.unwrap().map(Result::unwrap).collect();
        let mut known = [&OF_A_DEVICE[..], &INDEXES, &WITH_OTHERS, &STAYS].concat();
        known.sort_unstable();
        assert_eq!(tables, known);
    }
}
