//! Seals everything anew when the main key is changed: offline, a few rows at a
//! time, and from any point on again after it was broken off.
//!
//! Each row says by its first byte which key opens it, so a row that was done is
//! passed over. The check of the key is the last to change, and old bytes are
//! swept out of the file before that is called done.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, ToSql, params_from_iter};

use super::backup::Progress;
use super::connection::{KNOWN, check_key, connect, key_check};
use super::error::failed;
use super::{events, rows};
use crate::StoreError;
use crate::seal::{Keys, SealContext};
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;

/// Rows in one transaction.
const ROWS: usize = 256;

/// A column with sealed rows.
struct Sealed {
    table: &'static str,
    column: &'static str,
    /// What a row lies by, in order.
    by: &'static [&'static str],
    place: fn(&[i64]) -> SealContext,
}

/// All of them but the check of the key. A test holds this against the tables.
const SEALED: [Sealed; 11] = [
    Sealed {
        table: "device",
        column: "record",
        by: &["number"],
        place: |row| SealContext::Record(number(row, 0)),
    },
    Sealed {
        table: "device",
        column: "reply",
        by: &["number"],
        place: |row| SealContext::Reply(number(row, 0)),
    },
    Sealed {
        table: "command",
        column: "body",
        by: &["device", "seq", "part"],
        place: |row| SealContext::Command(number(row, 0), small(row, 1), small(row, 2)),
    },
    Sealed {
        table: "inventory",
        column: "sealed",
        by: &["device"],
        place: |row| SealContext::Inventory(number(row, 0)),
    },
    Sealed {
        table: "inventory_change",
        column: "sealed",
        by: &["device", "number"],
        place: |row| SealContext::InventoryChange(number(row, 0), small(row, 1)),
    },
    Sealed {
        table: "once",
        column: "answer",
        by: &["number"],
        place: |row| SealContext::StoredResponse(number(row, 0)),
    },
    Sealed {
        table: "batch",
        column: "sealed",
        by: &["place"],
        place: |row| SealContext::Batch(number(row, 0)),
    },
    Sealed {
        table: "app",
        column: "sealed",
        by: &["number"],
        place: |row| SealContext::App(number(row, 0)),
    },
    Sealed {
        table: "webhook",
        column: "sealed",
        by: &["number"],
        place: |row| SealContext::Webhook(number(row, 0)),
    },
    Sealed {
        table: "push_channel",
        column: "sealed",
        by: &["device"],
        place: |row| SealContext::ChannelUri(number(row, 0)),
    },
    Sealed {
        table: "push_profile",
        column: "sealed",
        by: &["number"],
        place: |row| SealContext::PushProfile(number(row, 0)),
    },
];

fn number(row: &[i64], at: usize) -> u64 {
    rows::unsigned(row.get(at).copied().unwrap_or(0))
}

fn small(row: &[i64], at: usize) -> u32 {
    u32::try_from(number(row, at)).unwrap_or(u32::MAX)
}

impl Sealed {
    /// The next rows behind one.
    fn select(&self) -> String {
        let by = self.by.join(", ");
        let from: Vec<String> = (1..=self.by.len()).map(|at| format!("?{at}")).collect();
        format!(
            "SELECT {by}, {column} FROM {table} WHERE ({by}) > ({}) AND {column} IS NOT NULL ORDER BY {by} LIMIT {ROWS}",
            from.join(", "),
            column = self.column,
            table = self.table,
        )
    }

    fn update(&self) -> String {
        let by = self
            .by
            .iter()
            .zip(2..)
            .map(|(name, at)| format!("{name} = ?{at}"));
        let by = by.collect::<Vec<_>>().join(" AND ");
        format!("UPDATE {} SET {} = ?1 WHERE {by}", self.table, self.column)
    }

    /// How many rows are sealed with another key than that of number ?1.
    fn left(&self) -> String {
        format!(
            "SELECT count(*) FROM {table} WHERE substr({column}, 1, 1) NOT IN (?1, x'00')",
            table = self.table,
            column = self.column,
        )
    }
}

/// One row: what it lies by, and what is sealed.
type Row = (Vec<i64>, Vec<u8>);

/// A change of the key under way.
#[derive(Debug)]
pub struct Reseal {
    db: Connection,
    keys: Keys,
    /// Which of [`SEALED`], and behind which row.
    at: (usize, Vec<i64>),
    progress: Progress,
}

impl Reseal {
    /// Begins, or goes on with, sealing the database with the key that takes
    /// over. Nobody else may have it open.
    pub fn open(path: &Path, keys: Keys) -> Result<Self, StoreError> {
        let db = connect(path)?;
        let keys = check_key(&db, keys)?;
        let mut of = 0;
        for Sealed { table, column, .. } in &SEALED {
            let sql = format!("SELECT count({column}) FROM {table}");
            let count: i64 = db.query_row(&sql, [], |row| row.get(0)).map_err(failed)?;
            of += rows::unsigned(count);
        }
        Ok(Reseal {
            db,
            keys,
            at: (0, Vec::new()),
            progress: Progress { done: 0, of },
        })
    }

    /// Seals some more rows, durably. `None` when all are done.
    pub fn step(&mut self) -> Result<Option<Progress>, StoreError> {
        let (which, after) = &self.at;
        let Some(sealed) = SEALED.get(*which) else {
            return Ok(None);
        };
        let from = if after.is_empty() {
            // Before the first, whatever that is.
            vec![-1; sealed.by.len()]
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
                .query_row(&sealed.left(), [new], |row| row.get::<_, i64>(0));
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
    fn rows(&self, sealed: &Sealed, from: &[i64]) -> Result<(usize, Option<Vec<i64>>), StoreError> {
        let transaction = self.db.unchecked_transaction().map_err(failed)?;
        let found = read_rows(&transaction, sealed, from)?;
        let mut update = transaction
            .prepare_cached(&sealed.update())
            .map_err(failed)?;
        for (by, bytes) in &found {
            if let Some(anew) = self.anew((sealed.place)(by), bytes)? {
                let by = by.iter().map(|number| number as &dyn ToSql);
                let values: Vec<&dyn ToSql> =
                    std::iter::once(&anew as &dyn ToSql).chain(by).collect();
                update.execute(&values[..]).map_err(failed)?;
            }
        }
        drop(update);
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

fn read_rows(db: &Connection, sealed: &Sealed, from: &[i64]) -> Result<Vec<Row>, StoreError> {
    let mut statement = db.prepare_cached(&sealed.select()).map_err(failed)?;
    let found = statement
        .query_map(params_from_iter(from), |row| {
            let by: Result<Vec<i64>, _> = (0..sealed.by.len()).map(|at| row.get(at)).collect();
            Ok((by?, row.get(sealed.by.len())?))
        })
        .map_err(failed)?;
    found.collect::<Result<_, _>>().map_err(failed)
}
