//! A copy of the database while it is served, and putting one back.
//!
//! The copy is one read transaction long: it holds what was acknowledged when
//! it began, and nothing in halves. What is sealed stays sealed: without the
//! key the copy is of no use.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::connection::{check_version, key_check, pragma, version};
use super::error::failed;
use super::files::DatabaseFiles;
use super::{audit_keys, events, migrations, tree};
use crate::StoreError;
use crate::private_file::{beside, create_anew, sync_directory};
use crate::proof::{NewEpoch, Tree};
use crate::seal::Keys;
use modegate_core::event::{Event, EventType};
use modegate_core::log_record::{EpochRecord, LogRecord, TreeHead};
use modegate_core::time::Timestamp;

/// Pages copied between two reports: some milliseconds.
const PAGES: i32 = 2048;
/// How a database begins (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The byte of the header that is 2 where there is a write-ahead log, else 1.
const LOG_MODE: usize = 18;
/// So many bytes of the header are looked at.
const HEADER_BYTES: usize = 20;

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
    /// It would be copied over itself.
    #[error("{0} is {1} of the database itself: name another file")]
    Itself(PathBuf, PathBuf),
    /// What is to be replaced may be in use, or is something else.
    #[error("{0} is not a backup, and --force replaces nothing else: name another file")]
    NotABackup(PathBuf),
    /// What is to be put back is not whole.
    #[error(
        "{0} is not whole without {1}: it is a copy of a database in use. Make a backup of it \
         (modegate backup FILE --database sqlite:{0}) and restore that"
    )]
    NotWhole(PathBuf, PathBuf),
    /// A file cannot be read or written.
    #[error("could not access {0}: {1}")]
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
    let files = DatabaseFiles::new(from);
    let unfinished = beside(to, ".unfinished");
    for path in [to, &unfinished] {
        is_apart(&files, path)?;
    }
    may_replace(to, force)?;
    fs::metadata(from).map_err(at(from))?;
    create_anew(&unfinished).map_err(at(&unfinished))?;
    let made =
        copy(files.database(), &unfinished, progress).and_then(|()| put(&unfinished, to, force));
    if made.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    made
}

/// A file of the database itself is no place for a copy of it, nor where one comes from.
fn is_apart(files: &DatabaseFiles, path: &Path) -> Result<(), BackupError> {
    let own = files.led_to_by(path);
    own.map_or(Ok(()), |own| Err(BackupError::Itself(path.to_owned(), own)))
}

/// Whether `to` may be replaced: by force, a backup alone. A database that is or was
/// served has a write-ahead log, which its header says; a backup has none.
fn may_replace(to: &Path, force: bool) -> Result<(), BackupError> {
    if fs::symlink_metadata(to).is_err() {
        return Ok(());
    }
    if !force {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut header = [0; HEADER_BYTES];
    let read = File::open(to).and_then(|mut file| file.read_exact(&mut header));
    let is_backup = read.is_ok() && header.starts_with(MAGIC) && header[LOG_MODE] == 1;
    let not_one = || BackupError::NotABackup(to.to_owned());
    is_backup.then_some(()).ok_or_else(not_one)
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

/// Makes the file durable and gives it its name. Returns its bytes.
fn put(unfinished: &Path, to: &Path, force: bool) -> Result<u64, BackupError> {
    let file = File::open(unfinished).map_err(at(unfinished))?;
    file.sync_all().map_err(at(unfinished))?;
    let bytes = file.metadata().map_err(at(unfinished))?.len();
    may_replace(to, force)?;
    take_place(unfinished, to)?;
    Ok(bytes)
}

/// Checks the backup `file`, puts it in the place of `database` and keeps that under
/// the name that this returns. The database is locked meanwhile.
pub fn restore(
    file: &Path,
    database: &Path,
    keys: Keys,
    force: bool,
    now: Timestamp,
) -> Result<PathBuf, BackupError> {
    let files = DatabaseFiles::new(database);
    let _lock = files.lock()?;
    let database = files.database();
    let kept = beside(database, ".before-restore");
    let unfinished = beside(database, ".unfinished");
    is_apart(&files, file)?;
    if is_same_file(file, &unfinished) {
        return Err(BackupError::Itself(file.to_owned(), unfinished));
    }
    let log = DatabaseFiles::new(file).log();
    if fs::metadata(&log).is_ok_and(|meta| meta.len() > 0) {
        return Err(BackupError::NotWhole(file.to_owned(), log));
    }
    if kept.exists() && !is_same_file(&kept, database) && !force {
        return Err(BackupError::Exists(kept));
    }
    let mut copy = create_anew(&unfinished).map_err(at(&unfinished))?;
    let prepared = File::open(file)
        .and_then(|mut file| io::copy(&mut file, &mut copy))
        .map_err(at(file))
        .and_then(|_| prepare(&unfinished, file, keys, tree_of(database), now));
    if let Err(error) = prepared {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    keep(database, &kept)?;
    copy.sync_all().map_err(at(&unfinished))?;
    take_place(&unfinished, database)?;
    Ok(kept)
}

/// Checks the copy that is to be put in place, and writes down in it that it was.
fn prepare(
    copy: &Path,
    file: &Path,
    keys: Keys,
    replaced: Option<Tree>,
    now: Timestamp,
) -> Result<(), BackupError> {
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
    // The log of a database from before has no tree until then.
    migrations::runner()?.run(&mut db).map_err(failed)?;
    let transaction = db.transaction().map_err(failed)?;
    record(&transaction, file, replaced, now)?;
    transaction.commit().map_err(failed)?;
    pragma(&db, "journal_mode", "DELETE")?;
    db.close().map_err(|(_, error)| failed(error))?;
    Ok(())
}

/// Puts on record that the database was restored. Its log goes on under another origin:
/// what was signed after the backup was made is not to be signed once more with other
/// entries.
fn record(
    db: &Connection,
    file: &Path,
    replaced: Option<Tree>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tree = tree::one(db)?;
    let detail = format!(
        "put back from the backup {}: what was recorded after it was made is not here",
        file.file_name().unwrap_or_default().to_string_lossy()
    );
    let event = Event::new(now, "operator", None, EventType::DatabaseRestored).detail(detail);
    let Some(name) = tree.origin.clone() else {
        return events::log(db, &mut [event]);
    };
    let replaced = replaced.filter(|replaced| replaced.origin == tree.origin);
    let newest = replaced.as_ref().map_or(0, |replaced| replaced.epoch);
    let epoch = tree.epoch.max(newest) + 1;
    let head = |tree: &Tree| TreeHead::new(tree.size(), &tree.frontier.root());
    let record = EpochRecord {
        old_origin: format!("{name}/{}", tree.epoch),
        origin: format!("{name}/{epoch}"),
        kept: head(&tree),
        known: replaced.as_ref().map(head),
        lost: replaced.map(|replaced| replaced.entries.saturating_sub(tree.entries)),
    };
    let new = NewEpoch {
        from: tree.epoch,
        epoch,
        origin: name,
        others_end: None,
        keys: Vec::new(),
        events: vec![event.log(LogRecord::Epoch(record))],
    };
    audit_keys::begin_epoch(db, new)
}

/// The tree of the database that a backup replaces, where it can be read.
fn tree_of(database: &Path) -> Option<Tree> {
    let db = database
        .exists()
        .then(|| Connection::open(database).ok())??;
    tree::one(&db).ok()
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

/// Gives the finished file its name, durably.
fn take_place(unfinished: &Path, name: &Path) -> Result<(), BackupError> {
    fs::rename(unfinished, name)
        .and_then(|()| sync_directory(name))
        .map_err(at(name))
}
