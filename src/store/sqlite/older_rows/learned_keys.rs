//! The key of MDM_Client that a device reported, out of its record: version 0.1.0 put it
//! there, where a certificate from a trusted issuer may have it as its name.

use rusqlite::{Connection, params};

use crate::StoreError;
use crate::seal::Keys;
use crate::sqlite::query::{all, run};
use crate::sqlite::rows::{self, Key, signed, unsigned};

/// Moves the keys that devices reported from their records into their states. The record
/// gets back what it has where nobody says more: the device's name for itself. The log tells
/// which devices reported one; quotes inside its texts are escaped, so no text of a device
/// reads like this.
pub(super) fn move_to_states(db: &Connection, keys: &Keys) -> Result<(), StoreError> {
    let sql = "SELECT DISTINCT device FROM event WHERE instr(bytes, ?1) > 0";
    let learned = br#""type":"device.key_learned""#;
    for number in all(db, sql, [&learned[..]], |row| row.get(0))? {
        let number = unsigned(number);
        let Some(mut device) = rows::device(db, keys, &Key::Number(number))? else {
            continue;
        };
        let of_source = device.record.source.0.clone();
        if device.record.device_client_id == of_source {
            continue;
        }
        let reported = std::mem::replace(&mut device.record.device_client_id, of_source);
        device.state.enrollment.client_id = Some(reported);
        let record = rows::record_bytes(keys, number, &device.record)?;
        let row = params![signed(number), record, rows::pack(&device.state)?];
        run(
            db,
            "UPDATE device SET record = ?2, state = ?3 WHERE number = ?1",
            row,
        )?;
    }
    Ok(())
}
