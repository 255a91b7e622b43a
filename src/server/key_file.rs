//! The form of a file with a key: 64 hexadecimal digits, which only its owner may read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::config::hex_key;
use modegate_core::secret::Secret;
use modegate_store::private_file;

/// Why a key's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("could not use the file {0}: {1}")]
    File(PathBuf, io::Error),
    /// It contains something else.
    #[error("the file {0}: expected {KEY}")]
    Bad(PathBuf),
}

/// The key in a file.
pub(crate) fn read_key(path: &Path) -> Result<[u8; 32], KeyFileError> {
    let text = fs::read_to_string(path)
        .map(Secret::new)
        .map_err(|error| KeyFileError::File(path.to_owned(), error))?;
    key_of(text.reveal()).ok_or_else(|| KeyFileError::Bad(path.to_owned()))
}

/// Puts a new key into a file.
pub(crate) fn make_key(path: &Path) -> Result<(), KeyFileError> {
    write_secret(path, &new_key()).map_err(|error| KeyFileError::File(path.to_owned(), error))
}

/// Whether there is a file or a link of that name, wherever that leads.
pub(crate) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Writes a file that only its owner may read: whole, or not at all.
pub(crate) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    private_file::write(path, format!("{text}\n").as_bytes())
}

/// What a key looks like.
pub(crate) const KEY: &str = "64 hexadecimal digits";

/// A new key, as it stands in a file.
pub(crate) fn new_key() -> String {
    HEXLOWER.encode(&random::<32>())
}

/// The key that this text is, without white space around it.
pub(crate) fn key_of(text: &str) -> Option<[u8; 32]> {
    hex_key(text.trim())
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's generator does not fail once the machine is up.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random numbers");
    bytes
}
