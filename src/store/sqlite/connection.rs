//! Connections to the database file, and what is checked before it is used.

use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::failed;
use super::migrations;
use super::query::{self, value};
use super::rows;
use crate::StoreError;
use crate::seal::{Keys, SealContext};

/// Page cache of a reader, KiB. It lasts for one transaction while others write.
/// The file is not mapped: SQLite would take the mapping down for every new
/// snapshot, and to fault it in again costs more than to read some ten pages.
const READER_CACHE_KIB: i64 = 512;
/// Page cache of the writer, KiB.
const WRITER_CACHE_KIB: i64 = 4096;

/// A connection that reads.
pub(super) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    pragma(&db, "cache_size", &format!("-{READER_CACHE_KIB}"))?;
    keep_statements(&db)?;
    Ok(db)
}

/// A connection to a database that no server uses: SQLite reads no write-ahead log, and makes
/// no files beside it.
pub(super) fn open_unused(path: &Path) -> rusqlite::Result<Connection> {
    let name = path.to_string_lossy();
    let name = name.replace('%', "%25").replace('?', "%3f");
    let uri = format!("file:{}?immutable=1", name.replace('#', "%23"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

/// A connection that writes, with the tables as this version has them.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let mut db = Connection::open(path).map_err(failed)?;
    check_version(&db)?;
    // Small pages: an exchange rewrites its device's own, and little beside it.
    pragma(&db, "page_size", "2048")?;
    pragma(&db, "journal_mode", "WAL")?;
    pragma(&db, "synchronous", "FULL")?;
    pragma(&db, "temp_store", "MEMORY")?;
    secure_delete(&db, SecureDelete::InPages)?;
    pragma(&db, "wal_autocheckpoint", "0")?;
    pragma(&db, "cache_size", &format!("-{WRITER_CACHE_KIB}"))?;
    keep_statements(&db)?;
    let report = migrations::runner()?.run(&mut db).map_err(failed)?;
    for migration in report.applied_migrations() {
        tracing::info!(%migration, "changed the tables of the database");
    }
    Ok(db)
}

/// The version of a database's tables; `None` where it is not one of ours.
pub(super) fn version(db: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'refinery_schema_history'";
    let known: i64 = value(db, sql, [])?;
    if known == 0 {
        return Ok(None);
    }
    let sql = "SELECT max(version) FROM refinery_schema_history";
    value(db, sql, [])
}

/// A database that a newer program made is left as it is.
pub(super) fn check_version(db: &Connection) -> Result<(), StoreError> {
    let (newest, found) = (migrations::NEWEST, version(db)?.unwrap_or(0));
    if found <= newest {
        return Ok(());
    }
    Err(StoreError::Failed(Arc::from(format!(
        "the database has schema version {found}, created by a newer modegate; this version supports up to {newest}. \
         Nothing was changed: run the newer version, or restore an earlier backup"
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
pub(super) fn execute(db: &Connection, sql: &str) -> Result<(), StoreError> {
    query::run(db, sql, [])
}

/// What of a row that is deleted or changed is overwritten.
#[derive(Debug, Clone, Copy)]
pub(super) enum SecureDelete {
    /// What is in pages that are written anyway: no copy stays in their free room.
    InPages,
    /// Pages that it leaves, too.
    Everywhere,
}

pub(super) fn secure_delete(db: &Connection, what: SecureDelete) -> Result<(), StoreError> {
    let what = match what {
        SecureDelete::InPages => "FAST",
        SecureDelete::Everywhere => "ON",
    };
    pragma(db, "secure_delete", what)
}

pub(super) fn pragma(db: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    db.query_row(&format!("PRAGMA {name} = {value}"), [], |_| Ok(()))
        .optional()
        .map(drop)
        .map_err(failed)
}

/// What the check of the key seals.
pub(super) const KNOWN: &[u8] = b"modegate";

/// The form of the database's packed rows, this version's or an older one: those of a newer
/// one would be misread.
pub(super) fn checked_format(db: &Connection) -> Result<i64, StoreError> {
    let found: i64 = value(db, "SELECT rows FROM format", [])?;
    if (1..=rows::FORMAT).contains(&found) {
        return Ok(found);
    }
    Err(StoreError::Failed(Arc::from(format!(
        "the database has rows in format {found}, this program writes format {}; nothing was changed: run the program that created it",
        rows::FORMAT
    ))))
}

/// Numbers the keys by the database's check. Another key than the one that it
/// was made with is told at once.
pub(super) fn check_key(db: &Connection, keys: Keys) -> Result<Keys, StoreError> {
    if let Some(sealed) = key_check(db)? {
        keys.numbered(&sealed).map_err(wrong_key)
    } else {
        let sealed = keys.seal(SealContext::KeyCheck, KNOWN).map_err(failed)?;
        query::run(db, "INSERT INTO key_check VALUES (?1)", [&sealed])?;
        keys.numbered(&sealed).map_err(failed)
    }
}

/// Why keys that do not open the check are refused.
pub(super) fn wrong_key(_: impl std::error::Error) -> StoreError {
    let why = "the key is not the one that this database was created with; restore the right file as DIR/key";
    StoreError::Failed(Arc::from(why))
}

pub(super) fn key_check(db: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    query::first(db, "SELECT sealed FROM key_check", [], |row| row.get(0))
}
