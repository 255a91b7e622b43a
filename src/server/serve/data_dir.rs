//! The data directory: made when it is not there, used by one server at a time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::ServeError;
use super::permissions::Writers;
use crate::key_file::{KEY, is_there, key_of, new_key, random, write_secret};
use modegate_core::secret::Secret;
use modegate_store::private_file;
use modegate_store::sqlite::files::DatabaseFiles;

/// A data directory, locked for this process while it lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Opens (or makes) the directory and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, ServeError> {
        let failed = |error: io::Error| ServeError::DataDir(path.to_owned(), error);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        if Writers::of(path) == Some(Writers::Everybody) {
            return Err(ServeError::OpenDirectory(path.to_owned()));
        }
        let lock = private_file::open_lock(&path.join("lock"))
            .map_err(|error| foreign(path, &error).unwrap_or_else(|| failed(error)))?;
        warn_of_owner(path);
        match lock.try_lock() {
            Ok(()) => Ok(DataDir {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(fs::TryLockError::WouldBlock) => Err(ServeError::Locked(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes down where the server listens, for commands on this machine.
    pub(super) fn announce(&self, line: &str) -> Result<(), ServeError> {
        let path = self.file(LISTENING_FILE);
        let written = private_file::write(&path, format!("{line}\n").as_bytes());
        written.map_err(|error| ServeError::File(path, error))
    }

    /// Takes that back: nobody listens any more.
    pub(super) fn retract(&self) {
        // A file that stays is one of a server that was killed, too: the lock counts.
        let _ = fs::remove_file(self.file(LISTENING_FILE));
    }

    /// The main key: 32 bytes from the file `key`, which is made when neither it nor a
    /// database is there: a new key would open nothing of that.
    pub(crate) fn key(&self, database: &Path) -> Result<[u8; 32], ServeError> {
        let path = self.file(KEY_FILE);
        if !is_there(&path) && DatabaseFiles::new(database).exists() {
            return Err(ServeError::MissingKey(path, database.to_owned()));
        }
        let text = self.secret_file(KEY_FILE, new_key)?;
        key_of(text.reveal()).ok_or(ServeError::BadFile(path, KEY))
    }

    /// The admin token, made when it is not there.
    pub(crate) fn admin_token(&self) -> Result<Secret, ServeError> {
        let new = || format!("mdm_{}", HEXLOWER.encode(&random::<32>()));
        let text = self.secret_file(TOKEN_FILE, new)?;
        admin_token_of(&text).ok_or_else(|| ServeError::BadFile(self.file(TOKEN_FILE), TOKEN))
    }

    /// Reads a file that only its owner may read, making it first if need be.
    fn secret_file(&self, name: &str, make: impl FnOnce() -> String) -> Result<Secret, ServeError> {
        let path = self.file(name);
        let read = if is_there(&path) {
            Ok(())
        } else {
            write_secret(&path, &make())
        };
        read.and_then(|()| fs::read_to_string(&path))
            .map(Secret::new)
            .map_err(|error| ServeError::File(path, error))
    }
}

/// The file of the main key in a data directory.
pub(crate) const KEY_FILE: &str = "key";
/// The file of the admin token there.
pub(crate) const TOKEN_FILE: &str = "admin-token";
/// The file with the addresses of a running server there, as `serve` prints them.
pub(crate) const LISTENING_FILE: &str = "listening.json";
/// What the admin token's file contains.
pub(crate) const TOKEN: &str = "a token";

/// The admin token in its file; `None` where it is empty, which would be a token too.
pub(crate) fn admin_token_of(text: &Secret) -> Option<Secret> {
    let token = text.reveal().trim();
    (!token.is_empty()).then(|| Secret::new(token))
}

/// What to say where a directory of somebody else's cannot be used.
pub(super) fn foreign(path: &Path, error: &io::Error) -> Option<ServeError> {
    let (owner, me) = owners(path)?;
    let foreign = error.kind() == io::ErrorKind::PermissionDenied && owner != me;
    foreign.then(|| ServeError::Foreign(path.to_owned(), owner, me))
}

/// Warns of a directory that belongs to somebody else: what is made in it now
/// belongs to this user, and the owner's server may not be able to read it.
fn warn_of_owner(path: &Path) {
    if let Some((owner, me)) = owners(path).filter(|(owner, me)| owner != me) {
        tracing::warn!(
            directory = %path.display(), owner, me,
            "the data directory belongs to another user; run the server as that user"
        );
    }
}

/// The user ids of the directory's owner and of this process.
fn owners(path: &Path) -> Option<(u32, u32)> {
    let owner = fs::metadata(path).ok()?.uid();
    let me = fs::metadata("/proc/self").ok()?.uid();
    Some((owner, me))
}
