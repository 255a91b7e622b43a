//! Seals everything anew when the main key is changed: offline, a few rows at a
//! time, and from any point on again after it was broken off.
//!
//! Each row says by its first byte which key opens it, so a row that was done is
//! passed over. The check of the key is the last to change, and old bytes are
//! swept out of the file before that is called done.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::backup::Progress;
use super::{KNOWN, check_key, connect, failed, key_check, read, rows};
use crate::clock::Timestamp;
use crate::event::{Event, EventType};
use crate::store::StoreError;
use crate::store::seal::{Keys, Place};

/// Rows in one transaction.
const ROWS: usize = 256;

/// Number, record, reply.
type DeviceRow = (i64, Vec<u8>, Option<Vec<u8>>);
/// Device, number, part, body.
type CommandRow = (i64, u32, u32, Vec<u8>);

/// Where the walk over everything sealed stands.
#[derive(Debug, Clone, Copy)]
enum At {
    Devices(i64),
    Commands(i64, i64, i64),
    End,
}

/// A change of the key under way.
#[derive(Debug)]
pub struct Reseal {
    db: Connection,
    keys: Keys,
    at: At,
    progress: Progress,
}

impl Reseal {
    /// Begins, or goes on with, sealing the database with the key that takes
    /// over. Nobody else may have it open.
    pub fn open(path: &Path, keys: Keys) -> Result<Self, StoreError> {
        let db = connect(path)?;
        let keys = check_key(&db, keys)?;
        let sql = "SELECT (SELECT count(*) FROM device) + (SELECT count(*) FROM command)";
        let of: i64 = db.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        Ok(Reseal {
            db,
            keys,
            at: At::Devices(0),
            progress: Progress {
                done: 0,
                of: rows::unsigned(of),
            },
        })
    }

    /// Seals some more rows, durably. `None` when all are done.
    pub fn step(&mut self) -> Result<Option<Progress>, StoreError> {
        let (walked, next) = match self.at {
            At::Devices(after) => self.devices(after)?,
            At::Commands(device, seq, part) => self.commands((device, seq, part))?,
            At::End => return Ok(None),
        };
        self.progress.done += walked;
        self.at = next;
        Ok(Some(self.progress))
    }

    /// Ends the change, once [`Reseal::step`] has nothing more to do: from here
    /// on the old key opens nothing of this database, its free pages included.
    pub fn finish(self, now: Timestamp) -> Result<(), StoreError> {
        let check = key_check(&self.db)?.unwrap_or_default();
        if !self.keys.is_taken_over(&check) {
            self.nothing_is_left()?;
            self.take_over(now)?;
        }
        // Pages that were given up still hold what the old key sealed, and so does the log.
        for sql in [
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "VACUUM",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        ] {
            self.db.execute_batch(sql).map_err(failed)?;
        }
        self.db.close().map_err(|(_, error)| failed(error))
    }

    fn take_over(&self, now: Timestamp) -> Result<(), StoreError> {
        let transaction = self.db.unchecked_transaction().map_err(failed)?;
        let sealed = self.keys.seal_take_over(KNOWN).map_err(failed)?;
        transaction
            .execute("UPDATE key_check SET sealed = ?1", [sealed])
            .map_err(failed)?;
        let event = Event::new(now, "operator", None, EventType::KeyRotated).detail(format!(
            "{} rows are sealed with the new key",
            self.progress.of
        ));
        rows::log(
            &transaction,
            &mut read::no_device(&transaction)?,
            &mut [event],
        )?;
        transaction.commit().map_err(failed)
    }

    /// Looks once more before the old key is given up for good.
    fn nothing_is_left(&self) -> Result<(), StoreError> {
        let sql = "SELECT (SELECT count(*) FROM device WHERE substr(record, 1, 1) <> ?1 OR substr(reply, 1, 1) <> ?1) \
                   + (SELECT count(*) FROM command WHERE substr(body, 1, 1) NOT IN (x'00', ?1))";
        let new = vec![self.keys.number()];
        let left: i64 = self
            .db
            .query_row(sql, [new], |row| row.get(0))
            .map_err(failed)?;
        if left == 0 {
            return Ok(());
        }
        let why =
            format!("{left} rows are sealed with the old key still; the change has not ended");
        Err(StoreError::Failed(Arc::from(why)))
    }

    fn devices(&self, after: i64) -> Result<(u64, At), StoreError> {
        let transaction = self.db.unchecked_transaction().map_err(failed)?;
        let sql =
            "SELECT number, record, reply FROM device WHERE number > ?1 ORDER BY number LIMIT ?2";
        let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
        let found: Result<Vec<DeviceRow>, _> = statement
            .query_map(params![after, ROWS as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .map_err(failed)?
            .collect();
        let found = found.map_err(failed)?;
        for (number, record, reply) in &found {
            let device = rows::unsigned(*number);
            let record = self.anew(Place::Record(device), record)?;
            let reply = reply
                .as_deref()
                .map(|reply| self.anew(Place::Reply(device), reply));
            let reply = reply.transpose()?.flatten();
            if record.is_some() || reply.is_some() {
                let sql = "UPDATE device SET record = coalesce(?2, record), reply = coalesce(?3, reply) WHERE number = ?1";
                transaction
                    .prepare_cached(sql)
                    .and_then(|mut sql| sql.execute(params![number, record, reply]))
                    .map_err(failed)?;
            }
        }
        drop(statement);
        transaction.commit().map_err(failed)?;
        let next = match found.last() {
            Some((number, ..)) if found.len() == ROWS => At::Devices(*number),
            _ => At::Commands(0, 0, 0),
        };
        Ok((found.len() as u64, next))
    }

    fn commands(&self, after: (i64, i64, i64)) -> Result<(u64, At), StoreError> {
        let transaction = self.db.unchecked_transaction().map_err(failed)?;
        let sql = "SELECT device, seq, part, body FROM command WHERE (device, seq, part) > (?1, ?2, ?3) \
                   ORDER BY device, seq, part LIMIT ?4";
        let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
        let found: Result<Vec<CommandRow>, _> = statement
            .query_map(params![after.0, after.1, after.2, ROWS as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .map_err(failed)?
            .collect();
        let found = found.map_err(failed)?;
        for (device, seq, part, body) in &found {
            let place = Place::Command(rows::unsigned(*device), *seq, *part);
            if body.first() == Some(&rows::CLEAR) {
                continue;
            }
            if let Some(body) = self.anew(place, body)? {
                let sql =
                    "UPDATE command SET body = ?4 WHERE device = ?1 AND seq = ?2 AND part = ?3";
                transaction
                    .prepare_cached(sql)
                    .and_then(|mut sql| sql.execute(params![device, seq, part, body]))
                    .map_err(failed)?;
            }
        }
        drop(statement);
        transaction.commit().map_err(failed)?;
        let next = match found.last() {
            Some((device, seq, part, _)) if found.len() == ROWS => {
                At::Commands(*device, i64::from(*seq), i64::from(*part))
            }
            _ => At::End,
        };
        Ok((found.len() as u64, next))
    }

    /// The same sealed with the new key; `None` where it is already.
    fn anew(&self, place: Place, sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if sealed.first() == Some(&self.keys.number()) {
            return Ok(None);
        }
        let plain = self.keys.open(place, sealed).map_err(failed)?;
        self.keys.seal(place, &plain).map(Some).map_err(failed)
    }
}
