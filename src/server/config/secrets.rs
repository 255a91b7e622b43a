//! Secrets that settings name: read when they are needed, never kept in the settings' text.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::settings::{ServerAuth, Settings, hex_key};
use modegate_core::secret::Secret;

/// Largest file with a secret, bytes.
const SECRET_BYTES: u64 = 4 * 1024;

/// A file with a secret that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// It holds something else.
    #[error("the file {0}: expected {1}, found something else")]
    Expected(PathBuf, &'static str),
}

impl Settings {
    /// The main key as 64 hexadecimal digits, from the environment or `key_file`;
    /// `None` where the data folder's own is to be used.
    ///
    /// # Errors
    /// The file is not readable, or holds something else.
    pub fn main_key(&self) -> Result<Option<Secret>, SecretError> {
        let Some(path) = &self.key_file else {
            return Ok(self.key.clone());
        };
        let digits = read(path)?;
        match hex_key(digits.reveal()) {
            Some(_) => Ok(Some(digits)),
            None => Err(SecretError::Expected(path.clone(), "64 hexadecimal digits")),
        }
    }
}

impl ServerAuth {
    /// The password, read anew each time.
    ///
    /// # Errors
    /// The file is not readable, or empty.
    pub fn password(&self) -> Result<Secret, SecretError> {
        let password = read(&self.password_file)?;
        if password.reveal().is_empty() {
            let path = self.password_file.clone();
            return Err(SecretError::Expected(path, "a password"));
        }
        Ok(password)
    }
}

fn read(path: &Path) -> Result<Secret, SecretError> {
    secret_file(path).map_err(|error| SecretError::File(path.to_owned(), error))
}

/// The text of a small file, without white space around it.
pub(super) fn secret_file(path: &Path) -> io::Result<Secret> {
    if fs::metadata(path)?.len() > SECRET_BYTES {
        return Err(io::Error::other(format!("more than {SECRET_BYTES} bytes")));
    }
    Ok(Secret::new(fs::read_to_string(path)?.trim()))
}
