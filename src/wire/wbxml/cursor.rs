//! The bytes of a document, taken one after the other, never past their end.

use crate::fault::DecodeError;

/// What is left of the bytes.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at the first byte.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    /// How many bytes have been taken.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// One byte, or none at the end.
    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    /// One byte that must be there; `of` says of what.
    pub(super) fn byte(&mut self, of: &str) -> Result<u8, DecodeError> {
        let at = self.at;
        self.next().ok_or_else(|| ends_inside(at, of))
    }

    /// A number in groups of 7 bits, the highest first, of at most 32 bits
    /// (`mb_u_int32`).
    pub(super) fn number(&mut self, of: &str) -> Result<u32, DecodeError> {
        let begin = self.at;
        let mut number = 0_u32;
        for _ in 0..5 {
            let byte = self.byte(of)?;
            if number >> 25 != 0 {
                break;
            }
            number = number << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError::malformed(
            begin,
            format!("{of}: expected a number of at most 32 bits, found a longer one"),
        ))
    }

    /// So many bytes.
    pub(super) fn take(&mut self, length: u32, of: &str) -> Result<&'a [u8], DecodeError> {
        let left = &self.bytes[self.at..];
        let taken = usize::try_from(length)
            .ok()
            .and_then(|length| left.get(..length))
            .ok_or_else(|| {
                let found = left.len();
                let inside = format!("{of}: expected {length} bytes, found {found}");
                DecodeError::ends(self.at, inside)
            })?;
        self.at += taken.len();
        Ok(taken)
    }

    /// Bytes up to a NUL, which is taken too.
    pub(super) fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let left = &self.bytes[self.at..];
        let length = left
            .iter()
            .position(|&byte| byte == 0)
            .ok_or_else(|| ends_inside(self.at, "a string without its NUL"))?;
        self.at += length + 1;
        Ok(&left[..length])
    }
}

fn ends_inside(at: usize, of: &str) -> DecodeError {
    DecodeError::ends(at, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_at_most_32_bits() {
        let cases: [(&[u8], Option<u32>); 9] = [
            (&[0x00], Some(0)),
            (&[0x7f], Some(0x7f)),
            (&[0xa4, 0x01], Some(0x1201)),
            (&[0x9f, 0x53], Some(0x0fd3)),
            (&[0x80, 0x80, 0x01], Some(1)),
            (&[0x8f, 0xff, 0xff, 0xff, 0x7f], Some(u32::MAX)),
            (&[0x90, 0x80, 0x80, 0x80, 0x00], None),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x01], None),
            (&[0x81], None),
        ];
        for (bytes, expected) in cases {
            let found = Cursor::new(bytes).number("a number").ok();
            assert_eq!(found, expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn nothing_is_taken_past_the_end() {
        let mut cursor = Cursor::new(b"ab\0c");
        assert_eq!(cursor.string().ok(), Some(&b"ab"[..]));
        assert!(cursor.string().is_err());
        assert!(cursor.take(2, "bytes").is_err());
        assert!(cursor.take(u32::MAX, "bytes").is_err());
        assert_eq!(cursor.take(1, "bytes").ok(), Some(&b"c"[..]));
        assert_eq!((cursor.next(), cursor.at()), (None, 4));
    }
}
