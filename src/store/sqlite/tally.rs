//! What was counted by the hour: a row for each hour and key.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::error::failed;
use super::query::{all, first, run};
use super::rows::{signed, unsigned};
use crate::tally::TallyStore;
use crate::{Purged, StoreError};
use modegate_core::tally::{Hour, HourlyCount, TallyKey};

#[async_trait]
impl TallyStore for SqliteStore {
    async fn add_to_tally(&self, counts: Vec<HourlyCount>) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        self.writer
            .submit(move |db| counts.iter().try_for_each(|count| add(db, count)))
            .await
    }

    async fn tally(&self, from: Hour, to: Hour) -> Result<Vec<HourlyCount>, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT hour, key, n FROM tally WHERE hour >= ?1 AND hour < ?2 \
                       ORDER BY hour, key";
            let found: Vec<(i64, String, i64)> = all(db, sql, [from.0, to.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            let counts = found.into_iter();
            counts.map(|(hour, key, n)| count(hour, &key, n)).collect()
        })
    }

    async fn purge_tally(&self, before: Hour, most: usize) -> Result<Purged, StoreError> {
        let deleted = self.writer.submit(move |db| delete(db, before, most));
        let deleted = deleted.await?;
        Ok(Purged {
            count: deleted as u64,
            more: deleted == most,
        })
    }
}

fn count(hour: i64, key: &str, n: i64) -> Result<HourlyCount, StoreError> {
    let known = TallyKey::from_name(key);
    let unknown = || failed(format!("an hourly count of an unknown kind: '{key}'"));
    Ok(HourlyCount {
        hour: Hour(hour),
        key: known.ok_or_else(unknown)?,
        n: unsigned(n),
    })
}

fn add(db: &Connection, count: &HourlyCount) -> Result<(), StoreError> {
    let HourlyCount { hour, key, n } = count;
    let name = key.name();
    let sql = "SELECT n FROM tally WHERE hour = ?1 AND key = ?2";
    let before = first(db, sql, params![hour.0, name], |row| row.get(0))?;
    let n = before.map_or(*n, |before| key.merged(unsigned(before), *n));
    let sql = "INSERT OR REPLACE INTO tally (hour, key, n) VALUES (?1, ?2, ?3)";
    run(db, sql, params![hour.0, name, signed(n)])
}

fn delete(db: &Connection, before: Hour, most: usize) -> Result<usize, StoreError> {
    let sql = "DELETE FROM tally WHERE (hour, key) IN \
               (SELECT hour, key FROM tally WHERE hour < ?1 ORDER BY hour, key LIMIT ?2)";
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let which = params![before.0, signed(most as u64)];
    statement.execute(which).map_err(failed)
}
