//! The logo of the pages.

use std::path::Path;
use std::{fs, io};

/// Largest logo, bytes.
const BYTES: u64 = 64 * 1024;

/// A picture whose first bytes say that it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Logo {
    /// Reads a PNG or JPEG; an SVG could hold a script, and is none.
    ///
    /// # Errors
    /// What was found instead.
    pub fn read(path: &Path) -> Result<Self, String> {
        let read = || -> io::Result<Vec<u8>> {
            let size = fs::metadata(path)?.len();
            if size > BYTES {
                return Err(io::Error::other(format!("{size} bytes")));
            }
            fs::read(path)
        };
        let bytes = read().map_err(|error| error.to_string())?;
        let content_type = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            _ => return Err("another kind of file".to_owned()),
        };
        Ok(Logo {
            content_type,
            bytes,
        })
    }
}
