//! What other systems were sent of the log.

use async_trait::async_trait;
use rusqlite::params;

use super::query::{first, run};
use super::rows::{signed, unsigned};
use super::{SqliteStore, checkpoints, entries, tree};
use crate::StoreError;
use crate::proof::StoredCheckpoint;
use crate::siem::SiemStore;

#[async_trait]
impl SiemStore for SqliteStore {
    async fn siem_cursor(&self, sink: &str) -> Result<u64, StoreError> {
        self.read(|db, _| {
            let sql = "SELECT next FROM siem_cursor WHERE sink = ?1";
            let next = first(db, sql, [sink], |row| row.get(0))?;
            Ok(next.map_or(0, unsigned))
        })
    }

    async fn move_siem_cursor(&self, sink: &str, next: u64) -> Result<(), StoreError> {
        let sink = sink.to_owned();
        let sql = "INSERT OR REPLACE INTO siem_cursor (sink, next) VALUES (?1, ?2)";
        self.writer
            .submit(move |db| run(db, sql, params![sink, signed(next)]))
            .await
    }

    async fn event_texts(
        &self,
        from: u64,
        limit: usize,
        bytes: u64,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|db, _| match tree::place_of(db, from)? {
            Some(place) => entries::texts_from_place(db, place, limit, bytes),
            None => Ok(Vec::new()),
        })
    }

    async fn checkpoint_over(&self, entry: u64) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read(|db, _| checkpoints::over(db, entry))
    }
}
