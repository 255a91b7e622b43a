//! The store on SQLite: write-ahead log, `synchronous=FULL`, one writer with
//! group commit, readers beside it.
//!
//! Reads run where they are called: a warm one takes some ten microseconds,
//! less than handing it to another thread.

mod api;
pub mod backup;
mod batches;
mod catalogue;
mod installs;
mod inventory;
mod once;
mod probe;
mod push;
mod read;
mod registry;
pub mod reseal;
mod retention;
mod rows;
mod tokens;
mod webhooks;
mod write;
mod writer;

use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

pub use writer::Stats;

use super::seal::{Keys, Place};
use super::{StoreError, StoreObserver};
use writer::Writer;

mod embedded {
    refinery::embed_migrations!("sqlite/migrations");
}

/// Connections kept for readers; more are opened when needed and closed after.
const READERS: usize = 8;
/// Page cache of a reader, KiB. It lasts for one transaction while others write.
/// The file is not mapped: SQLite would take the mapping down for every new
/// snapshot, and to fault it in again costs more than to read some ten pages.
const READER_CACHE_KIB: i64 = 512;
/// Page cache of the writer, KiB.
const WRITER_CACHE_KIB: i64 = 4096;

/// The store.
pub struct SqliteStore {
    keys: Arc<Keys>,
    path: std::path::PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
    observer: Arc<dyn StoreObserver>,
}

impl SqliteStore {
    /// Opens the database file, making it when it is not there. The caller
    /// sees to it that nobody else writes to it.
    pub fn open(path: &Path, keys: Keys) -> Result<Self, StoreError> {
        SqliteStore::open_observed(path, keys, Arc::new(()))
    }

    /// The same, reporting its work to `observer`.
    pub fn open_observed(
        path: &Path,
        keys: Keys,
        observer: Arc<dyn StoreObserver>,
    ) -> Result<Self, StoreError> {
        let db = connect(path)?;
        check_format(&db)?;
        let keys = check_key(&db, keys)?;
        let checkpointer = Connection::open(path).map_err(failed)?;
        pragma(&checkpointer, "synchronous", "FULL")?;
        let log = path.with_file_name(format!(
            "{}-wal",
            path.file_name().unwrap_or_default().to_string_lossy()
        ));
        let writer = Writer::start(db, checkpointer, log, Arc::clone(&observer)).map_err(failed)?;
        Ok(SqliteStore {
            keys: Arc::new(keys),
            path: path.to_owned(),
            readers: Mutex::new(Vec::new()),
            writer,
            observer,
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
            None => self.open_reader()?,
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

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        pragma(&db, "cache_size", &format!("-{READER_CACHE_KIB}"))?;
        keep_statements(&db)?;
        Ok(db)
    }
}

/// A connection that writes, with the tables as this version has them.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let mut db = Connection::open(path).map_err(failed)?;
    check_version(&db)?;
    // Small pages: an exchange rewrites its device's own, and little beside it.
    pragma(&db, "page_size", "2048")?;
    pragma(&db, "journal_mode", "WAL")?;
    pragma(&db, "synchronous", "FULL")?;
    pragma(&db, "temp_store", "MEMORY")?;
    pragma(&db, "wal_autocheckpoint", "0")?;
    pragma(&db, "cache_size", &format!("-{WRITER_CACHE_KIB}"))?;
    keep_statements(&db)?;
    embedded::migrations::runner()
        .run(&mut db)
        .map_err(failed)?;
    Ok(db)
}

/// The version of a database's tables; `None` where it is not one of ours.
fn version(db: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    let known: i64 = db.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
    if known == 0 {
        return Ok(None);
    }
    let sql = "SELECT max(version) FROM refinery_schema_history";
    db.query_row(sql, [], |row| row.get(0)).map_err(failed)
}

/// A database that a newer program made is left as it is.
fn check_version(db: &Connection) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    let newest = runner
        .get_migrations()
        .iter()
        .map(|one| i64::from(one.version()));
    let (newest, found) = (newest.max().unwrap_or(0), version(db)?.unwrap_or(0));
    if found <= newest {
        return Ok(());
    }
    Err(StoreError::Failed(Arc::from(format!(
        "the database has tables of version {found}, made by a newer modegate; this one knows versions up to {newest}. \
         Nothing was changed: run the newer program, or restore a backup from before"
    ))))
}

/// Statements are prepared once. A plan that looked at bound values is made anew
/// for others, which a range or a limit would cost each time.
fn keep_statements(db: &Connection) -> Result<(), StoreError> {
    db.set_prepared_statement_cache_capacity(64);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
        .map_err(failed)
}

/// Runs a statement without parameters or rows, prepared once per connection.
fn execute(db: &Connection, sql: &str) -> Result<(), StoreError> {
    db.prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .map_err(failed)
}

fn pragma(db: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    db.query_row(&format!("PRAGMA {name} = {value}"), [], |_| Ok(()))
        .optional()
        .map(drop)
        .map_err(failed)
}

/// What the check of the key seals.
const KNOWN: &[u8] = b"modegate";

/// Rows are packed without names: those of another form would be misread.
fn check_format(db: &Connection) -> Result<(), StoreError> {
    let found: i64 = db
        .query_row("SELECT rows FROM format", [], |row| row.get(0))
        .map_err(failed)?;
    if found == rows::FORMAT {
        return Ok(());
    }
    Err(StoreError::Failed(Arc::from(format!(
        "the database has rows of form {found}, this program writes form {}; nothing was changed: run the program that made it",
        rows::FORMAT
    ))))
}

/// Numbers the keys by the database's check. Another key than the one that it
/// was made with is told at once.
fn check_key(db: &Connection, keys: Keys) -> Result<Keys, StoreError> {
    match key_check(db)? {
        Some(sealed) => keys.numbered(&sealed).map_err(|_| {
            StoreError::Failed(Arc::from(
                "the key is not the one that this database was made with; put the right file back as DIR/key",
            ))
        }),
        None => {
            let sealed = keys.seal(Place::KeyCheck, KNOWN).map_err(failed)?;
            let sql = "INSERT INTO key_check VALUES (?1)";
            db.execute(sql, [&sealed]).map_err(failed)?;
            keys.numbered(&sealed).map_err(failed)
        }
    }
}

fn key_check(db: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    db.query_row("SELECT sealed FROM key_check", [], |row| row.get(0))
        .optional()
        .map_err(failed)
}

/// An error of SQLite's (or around it) as the store's.
fn failed(error: impl Display + 'static) -> StoreError {
    let text: Arc<str> = Arc::from(error.to_string());
    let any: &dyn std::any::Any = &error;
    let code = any
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    match code {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen,
        ) => StoreError::Unwritable(text),
        _ => StoreError::Failed(text),
    }
}
