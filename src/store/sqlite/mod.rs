//! The store on SQLite: write-ahead log, `synchronous=FULL`, one writer with
//! group commit, readers beside it.
//!
//! Reads run where they are called: a warm one takes some ten microseconds,
//! less than handing it to another thread.

mod alerts;
mod answers;
mod api;
mod audit_keys;
pub mod backup;
mod batches;
mod catalogue;
mod census;
mod changes;
mod checkpoints;
mod columns;
mod compliance;
mod connection;
mod device_index;
mod enrollment_authorities;
mod enrollment_rows;
mod enrollment_store;
mod enrollment_tokens;
mod enrollments;
mod entries;
mod error;
mod events;
pub mod files;
mod find;
mod idempotency;
mod index;
pub mod inspect;
mod installs;
mod inventory;
pub mod log_reader;
mod migrations;
mod older_rows;
mod policy_sets;
mod portal_links;
mod probe;
mod proof;
mod push;
mod query;
mod read;
mod redaction;
mod registry;
pub mod reseal;
mod retention;
mod rows;
mod siem;
mod store;
mod tally;
mod tokens;
mod tree;
mod web;
mod web_sessions;
mod webhooks;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

pub use writer::Stats;

use crate::fleet::UserIndex;
use crate::seal::Keys;
use crate::{StoreError, StoreObserver};
use connection::{check_key, checked_format, connect, execute, pragma};
use error::failed;
use files::{DatabaseFiles, OpenFiles};
use writer::Writer;

/// Connections kept for readers; more are opened when needed and closed after.
const READERS: usize = 8;

/// The store.
pub struct SqliteStore {
    keys: Arc<Keys>,
    files: Arc<OpenFiles>,
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
    observer: Arc<dyn StoreObserver>,
    /// Given up last, when nobody writes any more.
    lock: Mutex<Option<files::DatabaseLock>>,
}

impl SqliteStore {
    /// Opens the database file, making it when it is not there. It stays locked for
    /// other processes that would write to it.
    pub fn open(path: &Path, keys: Keys) -> Result<Self, StoreError> {
        SqliteStore::open_observed(path, keys, None, Arc::new(()))
    }

    /// The same, keeping users' names so, where not as before, and reporting its work to
    /// `observer`.
    pub fn open_observed(
        path: &Path,
        keys: Keys,
        users: Option<UserIndex>,
        observer: Arc<dyn StoreObserver>,
    ) -> Result<Self, StoreError> {
        let files = DatabaseFiles::new(path);
        let lock = files.lock()?;
        files.make()?;
        let db = connect(files.database())?;
        checked_format(&db)?;
        let keys = check_key(&db, keys)?;
        older_rows::bring_up(&db, &keys)?;
        device_index::fill(&db, &keys, users)?;
        let checkpointer = Connection::open(files.database()).map_err(failed)?;
        pragma(&checkpointer, "synchronous", "FULL")?;
        let files = Arc::new(OpenFiles::new(files));
        let writing = (db, checkpointer, Arc::clone(&files));
        let writer = Writer::start(writing, Arc::clone(&observer)).map_err(failed)?;
        Ok(SqliteStore {
            keys: Arc::new(keys),
            files,
            readers: Mutex::new(Vec::new()),
            writer,
            observer,
            lock: Mutex::new(Some(lock)),
        })
    }

    /// What the writer has done so far.
    pub fn stats(&self) -> &Stats {
        &self.writer.stats
    }

    /// Lets SQLite refuse all writes from the next one on, or no more: what a disk
    /// looks like that became read-only. For tests; no real one can be had there.
    #[doc(hidden)]
    pub fn pretend_read_only(&self, refuse: bool) {
        let order = std::sync::atomic::Ordering::Relaxed;
        self.writer.read_only.store(refuse, order);
    }

    /// The nonce of a SyncML challenge to a device, for a count of its authentications.
    pub fn nonces(&self) -> Box<dyn Fn(u64, u64) -> [u8; 16] + Send + Sync> {
        let keys = Arc::clone(&self.keys);
        Box::new(move |device, count| keys.nonce(device, count))
    }

    /// The keys of this store.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys)
    }

    /// Runs `read` on a reader's connection, in one read transaction.
    fn read<T>(
        &self,
        read: impl FnOnce(&Connection, &Keys) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let db = match kept {
            Some(db) => db,
            None => {
                // Another file would be read than is written.
                self.files.check()?;
                connection::read_only(self.files.database())?
            }
        };
        execute(&db, "BEGIN")?;
        // Should it panic, the connection goes, and its transaction with it.
        let result = read(&db, &self.keys);
        execute(&db, "COMMIT")?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(db);
        }
        result
    }
}
