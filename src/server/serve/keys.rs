//! Where the main key comes from, and how it is changed.
//!
//! While a key is changed there are two: the one in force and, beside it, the
//! one that takes over (`key.next`). A server that finds both opens with both.

use std::fs;
use std::path::{Path, PathBuf};

use super::ServeError;
use super::data_dir::{DataDir, KEY_FILE};
use crate::config::{NEXT_KEY_VARIABLE, Settings};
use crate::key_file::{key_of, make_key, read_key};
use modegate_core::secret::Secret;
use modegate_store::private_file::{beside, sync_directory};
use modegate_store::seal::Keys;

/// Where the main key comes from.
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// The file `key` of the data directory, made when it is not there.
    #[default]
    DataDir,
    /// This file, which must be there.
    File(PathBuf),
    /// 64 hexadecimal digits from the environment.
    Environment {
        /// The key in force.
        key: Secret,
        /// The key that takes over, while it is changed.
        next: Option<Secret>,
    },
}

impl KeySource {
    /// What the settings say: the key itself, a file, or neither: then the data
    /// directory's own.
    pub fn from_settings(settings: &Settings) -> Self {
        match (&settings.key_file, &settings.key) {
            (Some(path), _) => KeySource::File(path.clone()),
            (None, Some(key)) => KeySource::from_environment(key.clone()),
            (None, None) => KeySource::DataDir,
        }
    }

    /// This key, with the one that takes over if the environment holds it.
    pub fn from_environment(key: Secret) -> Self {
        let next = std::env::var(NEXT_KEY_VARIABLE).ok();
        KeySource::Environment {
            key,
            next: next.filter(|text| !text.is_empty()).map(Secret::new),
        }
    }

    /// The keys, for a server: the directory's own key is made when neither it nor the
    /// database is there.
    pub(super) fn open(&self, dir: &DataDir, database: &Path) -> Result<Keys, ServeError> {
        if matches!(self, KeySource::DataDir) {
            dir.key(database)?;
        }
        self.existing(dir.path())
    }

    /// The keys, which must be there.
    pub(crate) fn existing(&self, data: &Path) -> Result<Keys, ServeError> {
        let (key, next) = match self {
            KeySource::Environment { key, next } => {
                let read = |digits: &Secret| key_of(digits.reveal()).ok_or(ServeError::Key);
                (read(key)?, next.as_ref().map(read).transpose()?)
            }
            KeySource::DataDir | KeySource::File(_) => {
                let path = self.file(data);
                let next = next_of(&path);
                let next = next.exists().then(|| read_key(&next)).transpose()?;
                (read_key(&path)?, next)
            }
        };
        let keys = match next {
            Some(next) => Keys::with_next(&key, &next),
            None => Keys::from_bytes(&key),
        };
        keys.map_err(|_| ServeError::Key)
    }

    /// Where it comes from, in words, and its file, where it has one.
    pub(super) fn described(&self, data: &Path) -> (&'static str, Option<PathBuf>) {
        match self {
            KeySource::DataDir => ("the data directory", Some(self.file(data))),
            KeySource::File(_) => ("key_file", Some(self.file(data))),
            KeySource::Environment { .. } => ("the environment", None),
        }
    }

    /// Whether a change of the key was begun and has not ended.
    pub(crate) fn is_changing(&self, data: &Path) -> bool {
        match self {
            KeySource::DataDir | KeySource::File(_) => next_of(&self.file(data)).exists(),
            KeySource::Environment { next, .. } => next.is_some(),
        }
    }

    /// The keys for a change: the key that takes over is made, durably, when it
    /// is not there.
    pub(crate) fn changing(&self, data: &Path) -> Result<Keys, ServeError> {
        match self {
            KeySource::Environment { next: None, .. } => return Err(ServeError::NextKey),
            KeySource::Environment { .. } => {}
            KeySource::DataDir | KeySource::File(_) => {
                let path = self.file(data);
                // An unreadable key is reported before another one is created.
                read_key(&path)?;
                let next = next_of(&path);
                if !next.exists() {
                    make_key(&next)?;
                }
            }
        }
        self.existing(data)
    }

    /// Ends a rotation: the new key is the only one. Returns its file.
    pub(crate) fn changed(&self, data: &Path) -> Result<Option<PathBuf>, ServeError> {
        if matches!(self, KeySource::Environment { .. }) {
            return Ok(None);
        }
        let path = self.file(data);
        fs::rename(next_of(&path), &path)
            .and_then(|()| sync_directory(&path))
            .map_err(|error| ServeError::File(path.clone(), error))?;
        Ok(Some(path))
    }

    /// The key's file: the file itself, where a link was named. Another key takes its
    /// place there, and not the link's.
    fn file(&self, data: &Path) -> PathBuf {
        let path = match self {
            KeySource::File(path) => path.clone(),
            _ => data.join(KEY_FILE),
        };
        fs::canonicalize(&path).unwrap_or(path)
    }
}

/// Where the key lies that takes over from the one of this file.
fn next_of(path: &Path) -> PathBuf {
    beside(path, ".next")
}
