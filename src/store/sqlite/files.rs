//! The files of one database: which they are, who uses them, and whether they are still
//! the ones that were opened.
//!
//! While a database is open, none of its files is opened here: to close one again would
//! take away the locks that SQLite holds on it in this process.

use std::fs::{self, File, Metadata, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::failed;
use crate::StoreError;
use crate::private_file::{beside, create, directory, open_lock};

/// How many links in a row are followed.
const LINKS: u32 = 16;

/// The files of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFiles {
    /// Where the database itself is: SQLite puts the others beside it, and not beside a link.
    database: PathBuf,
    /// The link by which it was named, if it was.
    link: Option<PathBuf>,
}

/// The lock of a database, given up when it is dropped: a process that was forked off at that
/// moment holds the file open for a little longer, and the lock with it.
#[derive(Debug)]
pub(super) struct DatabaseLock(File);

impl Drop for DatabaseLock {
    fn drop(&mut self) {
        // Closing the file gives it up as well, a little later.
        let _ = self.0.unlock();
    }
}

impl DatabaseFiles {
    /// Of the database at that path, which may be a link and need not be there.
    pub fn new(path: &Path) -> Self {
        DatabaseFiles {
            database: resolved(path, LINKS),
            link: path.is_symlink().then(|| path.to_owned()),
        }
    }

    /// The database itself.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// The write-ahead log: what was committed and is not in the database yet.
    pub fn log(&self) -> PathBuf {
        beside(&self.database, "-wal")
    }

    /// The database, its log and the log's index.
    fn all(&self) -> [PathBuf; 3] {
        [
            self.database.clone(),
            self.log(),
            beside(&self.database, "-shm"),
        ]
    }

    /// Whether there is a database: an empty file is none.
    pub fn exists(&self) -> bool {
        [self.database.clone(), self.log()]
            .iter()
            .any(|path| fs::metadata(path).is_ok_and(|meta| meta.len() > 0))
    }

    /// The file of this database that `path` leads to: by its name, or as a link.
    pub fn led_to_by(&self, path: &Path) -> Option<PathBuf> {
        let found = fs::metadata(path).ok().map(|meta| identity(&meta));
        let place = resolved(path, LINKS);
        self.all().into_iter().find(|file| {
            let own = fs::metadata(file).ok().map(|meta| identity(&meta));
            place == *file || (own.is_some() && own == found)
        })
    }

    /// Keeps other processes from using the database while what this returns is
    /// held. It is a file of its own: `modegate.db-lock`.
    pub(super) fn lock(&self) -> Result<DatabaseLock, StoreError> {
        let path = beside(&self.database, "-lock");
        let unusable = |error| {
            let why = format!("could not lock {}: {error}", path.display());
            StoreError::Unwritable(Arc::from(why))
        };
        let file = open_lock(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(DatabaseLock(file)),
            Err(TryLockError::WouldBlock) => {
                let database = self.database.display().to_string();
                Err(StoreError::InUse(Arc::from(database)))
            }
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Makes an empty database file where there is none, for its owner alone: SQLite gives
    /// the others the same permissions.
    pub(super) fn make(&self) -> Result<(), StoreError> {
        if fs::metadata(&self.database).is_ok_and(|meta| meta.len() > 0) {
            return Ok(());
        }
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|meta| meta.len() > 0) {
            // SQLite would delete it.
            return Err(StoreError::Failed(Arc::from(format!(
                "{} is missing or empty, but {} contains writes of it: put the database back beside its log",
                self.database.display(),
                log.display()
            ))));
        }
        if self.database.exists() {
            return Ok(());
        }
        if let Some(link) = &self.link {
            // The disk may not be mounted.
            return Err(StoreError::Failed(Arc::from(format!(
                "{} is a link to {}, which is not there: put the database there, or remove the link",
                link.display(),
                self.database.display()
            ))));
        }
        create(&self.database).map(drop).map_err(|error| {
            let why = format!("could not create {}: {error}", self.database.display());
            failed(std::io::Error::new(error.kind(), why))
        })
    }
}

/// The files of a database that is open, as they were when it was opened.
#[derive(Debug)]
pub(super) struct OpenFiles {
    files: DatabaseFiles,
    opened: Vec<(PathBuf, Identity)>,
    replaced: AtomicBool,
}

impl OpenFiles {
    /// Call it once SQLite has made all of them.
    pub(super) fn new(files: DatabaseFiles) -> Self {
        let paths = files.all().into_iter();
        let opened = paths.filter_map(|path| {
            let meta = fs::metadata(&path).ok()?;
            Some((path, identity(&meta)))
        });
        OpenFiles {
            opened: opened.collect(),
            files,
            replaced: AtomicBool::new(false),
        }
    }

    /// The database itself.
    pub(super) fn database(&self) -> &Path {
        &self.files.database
    }

    /// The write-ahead log.
    pub(super) fn log(&self) -> PathBuf {
        self.files.log()
    }

    /// Whether each file is still the one that was opened. Once one is not, what is
    /// written would be lost with it, until the database is opened again.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let is_other = |(path, opened): &&(PathBuf, Identity)| match fs::metadata(path) {
            Ok(meta) => identity(&meta) != *opened,
            // Whether it is there cannot be told: SQLite reports what it cannot use.
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        let other = self.opened.iter().find(is_other);
        if let Some((path, _)) = other
            && !self.replaced.swap(true, Ordering::Relaxed)
        {
            tracing::error!(
                file = %path.display(),
                "a file of the database was moved, deleted or replaced while the server runs: nothing more is written"
            );
        }
        if self.replaced.load(Ordering::Relaxed) {
            let database = self.files.database.display().to_string();
            return Err(StoreError::Replaced(Arc::from(database)));
        }
        Ok(())
    }
}

/// What a file is, wherever it lies: its device and its number there.
type Identity = (u64, u64);

fn identity(meta: &Metadata) -> Identity {
    (meta.dev(), meta.ino())
}

/// Where the path leads, also where there is nothing yet.
fn resolved(path: &Path, links: u32) -> PathBuf {
    if let Ok(place) = fs::canonicalize(path) {
        return place;
    }
    let parent = directory(path);
    if let (Ok(target), 1..) = (fs::read_link(path), links) {
        return resolved(&parent.join(target), links - 1);
    }
    let place = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
    place.join(path.file_name().unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_known_by_every_name_and_link() {
        let dir = tempfile::tempdir().unwrap();
        let name = |name: &str| dir.path().join(name);
        fs::create_dir(name("sub")).unwrap();
        fs::write(name("m.db"), "x").unwrap();
        fs::hard_link(name("m.db"), name("hard")).unwrap();
        symlink("m.db", name("soft")).unwrap();
        symlink(name("soft"), name("soft of soft")).unwrap();
        symlink("m.db-wal", name("of nothing yet")).unwrap();
        let files = DatabaseFiles::new(&name("soft"));
        for (path, led_to) in [
            ("m.db", Some("m.db")),
            ("sub/../m.db", Some("m.db")),
            ("hard", Some("m.db")),
            ("soft of soft", Some("m.db")),
            ("m.db-wal", Some("m.db-wal")),
            ("sub/../m.db-shm", Some("m.db-shm")),
            ("of nothing yet", Some("m.db-wal")),
            ("m.db-other", None),
            ("sub/m.db", None),
            ("nowhere/m.db", None),
        ] {
            let expected = led_to.map(|file| fs::canonicalize(dir.path()).unwrap().join(file));
            assert_eq!(files.led_to_by(&name(path)), expected, "{path}");
        }
        symlink("circle", name("circle")).unwrap();
        assert_eq!(files.led_to_by(&name("circle")), None);
    }
}
