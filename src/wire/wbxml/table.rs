//! The string table: text that a document holds once and refers to by offset.
//!
//! Three bytes of a document can stand for a string of any length, so what is
//! given out is counted: a small document never becomes a large message.

use crate::fault::DecodeError;
use crate::limits;

/// The table, and how much of it was given out.
pub(super) struct Table<'a> {
    text: &'a [u8],
    given: usize,
}

impl<'a> Table<'a> {
    /// A table that nothing was asked of.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Table { text, given: 0 }
    }

    /// The string that begins at an offset; `at` is where the reference stands.
    pub(super) fn string(&mut self, offset: u32, at: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.from(offset, at)?;
        let length = rest.iter().position(|&byte| byte == 0).ok_or_else(|| {
            DecodeError::malformed(at, "a string of the table that does not end in it")
        })?;
        self.given += length + 1;
        if self.given > limits::WBXML_TABLE_TEXT_BYTES {
            return Err(DecodeError::TooLong(
                "text taken from the string table",
                limits::WBXML_TABLE_TEXT_BYTES,
            ));
        }
        Ok(&rest[..length])
    }

    /// A formal public identifier, which some encoders do not end with a NUL
    /// where the table ends with it.
    pub(super) fn identifier(&self, offset: u32, at: usize) -> Result<&'a [u8], DecodeError> {
        let rest = self.from(offset, at)?;
        Ok(rest.split(|&byte| byte == 0).next().unwrap_or(rest))
    }

    fn from(&self, offset: u32, at: usize) -> Result<&'a [u8], DecodeError> {
        usize::try_from(offset)
            .ok()
            .and_then(|offset| self.text.get(offset..))
            .filter(|rest| !rest.is_empty())
            .ok_or_else(|| {
                let length = self.text.len();
                DecodeError::malformed(
                    at,
                    format!("offset {offset} in a string table of {length} bytes"),
                )
            })
    }
}
