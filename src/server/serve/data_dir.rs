//! The data directory: made when it is not there, used by one server at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::ServeError;
use crate::config::hex_key;
use modegate_core::secret::Secret;

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
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
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

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The main key: 32 bytes from the file `key`, which is made when it is not there.
    pub(crate) fn key(&self) -> Result<[u8; 32], ServeError> {
        let path = self.file("key");
        let text = self.secret_file("key", new_key)?;
        key_of(text.reveal()).ok_or(ServeError::BadFile(path, KEY))
    }

    /// The admin token, made when it is not there.
    pub(crate) fn admin_token(&self) -> Result<Secret, ServeError> {
        let text = self.secret_file("admin-token", || {
            format!("mdm_{}", HEXLOWER.encode(&random::<32>()))
        })?;
        Ok(Secret::new(text.reveal().trim()))
    }

    /// Reads a file that only its owner may read, making it first if need be.
    fn secret_file(&self, name: &str, make: impl FnOnce() -> String) -> Result<Secret, ServeError> {
        let path = self.file(name);
        if !path.exists() {
            write_secret(&path, &make()).map_err(|error| ServeError::File(path.clone(), error))?;
        }
        warn_of_readers(&path);
        fs::read_to_string(&path)
            .map(Secret::new)
            .map_err(|error| ServeError::File(path, error))
    }
}

/// What to say where a directory of somebody else's cannot be used.
fn foreign(path: &Path, error: &io::Error) -> Option<ServeError> {
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

/// Warns of a secret that others on this machine can read.
fn warn_of_readers(path: &Path) {
    let open = fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0);
    if open {
        tracing::warn!(file = %path.display(), "other users can read this file, which contains a secret: run chmod 600 on it");
    }
}

/// Writes a file that only its owner may read: whole, or not at all.
pub(crate) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_directory(path)
}

/// Makes durable that the file is in its directory under its name.
pub(crate) fn sync_directory(file: &Path) -> io::Result<()> {
    match file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// What a main key looks like.
pub(super) const KEY: &str = "64 hexadecimal digits";

/// A new main key, as it stands in a file.
pub(super) fn new_key() -> String {
    HEXLOWER.encode(&random::<32>())
}

/// The main key that this text is, without white space around it.
pub(super) fn key_of(text: &str) -> Option<[u8; 32]> {
    hex_key(text.trim())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's generator does not fail once the machine is up.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
    bytes
}
