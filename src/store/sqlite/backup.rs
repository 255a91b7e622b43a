//! A copy of the database while it is served, and putting one back.
//!
//! The copy is one read transaction long: it holds what was acknowledged when
//! it began, and nothing in halves. What is sealed stays sealed: without the
//! key the copy is of no use.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::connection::{check_version, key_check, pragma, version};
use super::error::failed;
use super::events;
use crate::StoreError;
use crate::seal::Keys;
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;

/// Pages copied between two reports: some milliseconds.
const PAGES: i32 = 2048;

/// How far a long piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much.
    pub of: u64,
}

/// Why a copy was not made or not put back; nothing is left half done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something already where it was to be put.
    #[error("{0} exists: name another file, or pass --force to replace it")]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// Not a database of this program's.
    #[error("{0} is not a modegate database")]
    NotOurs(PathBuf),
    /// The database is damaged.
    #[error("{0} is damaged: {1}")]
    Damaged(PathBuf, String),
    /// The key does not belong to the database.
    #[error("the key does not decrypt {0}: use the key that was current when the backup was made")]
    Key(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::File(path.clone(), error)
}

/// Copies the database `from` into the file `to`, while it is served or not.
/// The file is 0600, and there whole or not at all. Answers its bytes.
pub fn backup(
    from: &Path,
    to: &Path,
    force: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, BackupError> {
    if to.exists() && !force {
        return Err(BackupError::Exists(to.to_owned()));
    }
    fs::metadata(from).map_err(at(from))?;
    let unfinished = beside(to, ".unfinished");
    make_private(&unfinished)?;
    let made = copy(from, &unfinished, progress).and_then(|()| put(&unfinished, to, force));
    if made.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    made
}

fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags).map_err(failed)?;
    // One read transaction around all steps: else each would start again
    // whenever an exchange is committed between two.
    let snapshot = source.unchecked_transaction().map_err(failed)?;
    if version(&snapshot)?.is_none() {
        return Err(BackupError::NotOurs(from.to_owned()));
    }
    let mut copy = Connection::open(to).map_err(failed)?;
    // Made durable as a whole at the end.
    pragma(&copy, "synchronous", "OFF")?;
    pragma(&copy, "journal_mode", "OFF")?;
    let steps = Backup::new(&snapshot, &mut copy).map_err(failed)?;
    loop {
        let step = steps.step(PAGES).map_err(failed)?;
        let counted = steps.progress();
        let of = u64::try_from(counted.pagecount).unwrap_or(0);
        let left = u64::try_from(counted.remaining).unwrap_or(0);
        progress(Progress {
            done: of.saturating_sub(left),
            of,
        });
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Somebody else has the new file open: it is theirs to finish.
            _ => std::thread::sleep(std::time::Duration::from_millis(50)),
        }
    }
    drop(steps);
    // One file, with no log beside it.
    pragma(&copy, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| failed(error))?;
    Ok(())
}

/// Makes the file durable and gives it its name.
fn put(unfinished: &Path, to: &Path, force: bool) -> Result<u64, BackupError> {
    let file = File::open(unfinished).map_err(at(unfinished))?;
    file.sync_all().map_err(at(unfinished))?;
    let bytes = file.metadata().map_err(at(unfinished))?.len();
    if to.exists() && !force {
        return Err(BackupError::Exists(to.to_owned()));
    }
    fs::rename(unfinished, to).map_err(at(to))?;
    sync_folder(to)?;
    Ok(bytes)
}

/// Checks the backup `file`, puts it in the place of `database` and keeps that as
/// `.before-restore`. The caller has seen to it that nobody serves the database.
pub fn restore(
    file: &Path,
    database: &Path,
    keys: Keys,
    force: bool,
    now: Timestamp,
) -> Result<(), BackupError> {
    let kept = beside(database, ".before-restore");
    if kept.exists() && !is_same_file(&kept, database) && !force {
        return Err(BackupError::Exists(kept));
    }
    let unfinished = beside(database, ".unfinished");
    make_private(&unfinished)?;
    let prepared = fs::copy(file, &unfinished)
        .map_err(at(file))
        .and_then(|_| prepare(&unfinished, file, keys, now));
    if let Err(error) = prepared {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    keep(database, &kept)?;
    put(&unfinished, database, true).map(drop)
}

/// Checks the copy that is to be put in place, and writes down in it that it was.
fn prepare(copy: &Path, file: &Path, keys: Keys, now: Timestamp) -> Result<(), BackupError> {
    let damaged = |why: String| BackupError::Damaged(file.to_owned(), why);
    let mut db = Connection::open(copy).map_err(failed)?;
    // Anything that is no database fails here.
    let found = version(&db).map_err(|error| damaged(error.to_string()))?;
    if found.is_none() {
        return Err(BackupError::NotOurs(file.to_owned()));
    }
    check_version(&db)?;
    let verdict: String = db
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| damaged(error.to_string()))?;
    if verdict != "ok" {
        return Err(damaged(verdict));
    }
    let check = key_check(&db)?.ok_or_else(|| BackupError::NotOurs(file.to_owned()))?;
    keys.numbered(&check)
        .map_err(|_| BackupError::Key(file.to_owned()))?;
    let transaction = db.transaction().map_err(failed)?;
    let event = Event::new(now, "operator", None, EventType::DatabaseRestored)
        .detail("put back from a backup: what was recorded after it was made is not here");
    events::log(&transaction, &mut [event])?;
    transaction.commit().map_err(failed)?;
    pragma(&db, "journal_mode", "DELETE")?;
    db.close().map_err(|(_, error)| failed(error))?;
    Ok(())
}

/// Keeps the database under another name too. Its log is copied back into it
/// first: a log that stays would be taken for the new database's.
fn keep(database: &Path, kept: &Path) -> Result<(), BackupError> {
    if !database.exists() {
        return Ok(());
    }
    let copied_back = Connection::open(database).is_ok_and(|db| {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        db.query_row(sql, [], |row| row.get::<_, i64>(0)) == Ok(0)
    });
    if !copied_back {
        // Damaged, which may be why it is restored: what there is is kept as it is.
        tracing::warn!("could not open the old database; its write-ahead log is kept beside it");
    }
    for suffix in ["-wal", "-shm"] {
        let log = beside(database, suffix);
        if log.exists() {
            fs::rename(&log, beside(kept, suffix)).map_err(at(&log))?;
        }
    }
    if kept.exists() {
        fs::remove_file(kept).map_err(at(kept))?;
    }
    // A second name: at no time is there no database.
    fs::hard_link(database, kept).map_err(at(kept))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes an empty file that only its owner may read.
fn make_private(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(path)(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true).mode(0o600);
    options.open(path).map(drop).map_err(at(path))
}

fn sync_folder(file: &Path) -> Result<(), BackupError> {
    let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(at(folder))
}
