//! Seals everything anew when the main key is changed: offline, a few rows at a
//! time, and from any point on again after it was broken off.
//!
//! Each row says by its first byte which key opens it, so a row that was done is
//! passed over. The check of the key is the last to change, and old bytes are
//! swept out of the file before that is called done.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::backup::Progress;
use super::columns::{Column, ROWS, SEALED, Sealed};
use super::connection::{KNOWN, check_key, connect, key_check};
use super::error::failed;
use super::files::DatabaseFiles;
use super::{device_index, events, rows};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;

/// A change of the key under way.
#[derive(Debug)]
pub struct Reseal {
    db: Connection,
    keys: Keys,
    /// Which of [`SEALED`], and behind which row.
    at: (usize, Vec<Value>),
    progress: Progress,
    _lock: super::files::DatabaseLock,
}

impl Reseal {
    /// Begins, or goes on with, sealing the database with the key that takes
    /// over. It is locked: nobody else may have it open.
    pub fn open(path: &Path, keys: Keys) -> Result<Self, StoreError> {
        let files = DatabaseFiles::new(path);
        let lock = files.lock()?;
        files.make()?;
        let db = connect(files.database())?;
        let keys = check_key(&db, keys)?;
        let mut of = 0;
        for sealed in &SEALED {
            of += sealed.column.count(&db)?;
        }
        Ok(Reseal {
            db,
            keys,
            at: (0, Vec::new()),
            progress: Progress { done: 0, of },
            _lock: lock,
        })
    }

    /// Seals some more rows, durably. `None` when all are done.
    pub fn step(&mut self) -> Result<Option<Progress>, StoreError> {
        let (which, after) = &self.at;
        let Some(sealed) = SEALED.get(*which) else {
            return Ok(None);
        };
        let from = if after.is_empty() {
            sealed.column.start()
        } else {
            after.clone()
        };
        let (walked, last) = self.rows(sealed, &from)?;
        self.progress.done += walked as u64;
        self.at = match last {
            Some(last) if walked == ROWS => (*which, last),
            _ => (which + 1, Vec::new()),
        };
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
        // Users are found by a tag of the old key, which ends with it.
        device_index::refill(&transaction)?;
        let event = Event::new(now, "operator", None, EventType::KeyRotated).detail(format!(
            "{} rows are sealed with the new key",
            self.progress.of
        ));
        events::log(&transaction, &mut [event])?;
        transaction.commit().map_err(failed)
    }

    /// Looks once more before the old key is given up for good.
    fn nothing_is_left(&self) -> Result<(), StoreError> {
        let mut left = 0;
        for sealed in &SEALED {
            let new = vec![self.keys.number()];
            let count = self
                .db
                .query_row(&left_sql(&sealed.column), [new], |row| row.get::<_, i64>(0));
            left += count.map_err(failed)?;
        }
        if left == 0 {
            return Ok(());
        }
        let why =
            format!("{left} rows are sealed with the old key still; the change has not ended");
        Err(StoreError::Failed(Arc::from(why)))
    }

    /// Seals the rows behind `from` anew; how many they are, and the last one.
    fn rows(
        &self,
        sealed: &Sealed,
        from: &[Value],
    ) -> Result<(usize, Option<Vec<Value>>), StoreError> {
        let transaction = self.db.unchecked_transaction().map_err(failed)?;
        let found = sealed.column.behind(&transaction, from)?;
        for (by, bytes) in &found {
            if let Some(anew) = self.anew((sealed.place)(by), bytes)? {
                sealed.column.update(&transaction, by, &anew)?;
            }
        }
        transaction.commit().map_err(failed)?;
        let walked = found.len();
        Ok((walked, found.into_iter().next_back().map(|(by, _)| by)))
    }

    /// The same sealed with the new key; `None` where it is already, or is not sealed at all.
    fn anew(&self, place: SealContext, sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if [Some(&self.keys.number()), Some(&rows::CLEAR)].contains(&sealed.first()) {
            return Ok(None);
        }
        let plain = self.keys.open(place, sealed).map_err(failed)?;
        self.keys.seal(place, &plain).map(Some).map_err(failed)
    }
}

/// Counts the rows that are sealed with another key than that of number ?1.
fn left_sql(column: &Column) -> String {
    format!(
        "SELECT count(*) FROM {table} WHERE substr({name}, 1, 1) NOT IN (?1, x'00')",
        table = column.table,
        name = column.name,
    )
}
