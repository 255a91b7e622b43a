//! A reader of DER without recursion and without copies. It knows tags and lengths only:
//! what a name or an extension contains is not looked at, since Windows writes strings and
//! extensions there that DER forbids.

/// Universal tags, and context-specific ones.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// `[0]` of a primitive type.
    pub(crate) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
    /// `[0]` of a constructed type.
    pub(crate) const CONTEXT_0: u8 = 0xa0;
    /// `[1]` of a constructed type.
    pub(crate) const CONTEXT_1: u8 = 0xa1;
    /// `[3]` of a constructed type.
    pub(crate) const CONTEXT_3: u8 = 0xa3;
}

/// The bytes are not DER of the expected structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected another structure of DER")]
pub struct DerError;

/// One value: its tag, its content, and both with the length between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// Reads what is inside.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader(self.content)
    }

    /// The bytes of a bit string of whole bytes.
    pub(crate) fn bits(&self) -> Result<&'a [u8], DerError> {
        match self.content {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(DerError),
        }
    }

    /// The magnitude of a positive number in its shortest form.
    pub(crate) fn magnitude(&self) -> Result<&'a [u8], DerError> {
        match self.content {
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Ok(rest),
            all @ [0x01..=0x7f, ..] => Ok(all),
            _ => Err(DerError),
        }
    }
}

/// Reads values one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads the only value in `bytes`, which has this tag.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Result<Value<'a>, DerError> {
        let mut reader = Reader(bytes);
        let value = reader.expect(tag)?;
        reader.end()?;
        Ok(value)
    }

    /// The next value; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Value<'a>>, DerError> {
        let all = self.0;
        let Some((&tag, rest)) = all.split_first() else {
            return Ok(None);
        };
        // Tags of more than one byte occur in nothing that is read here.
        if tag & 0x1f == 0x1f {
            return Err(DerError);
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(DerError)?;
        self.0 = rest;
        let whole = &all[..all.len() - rest.len()];
        Ok(Some(Value {
            tag,
            content,
            whole,
        }))
    }

    /// The next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Value<'a>, DerError> {
        let value = self.next()?;
        value.filter(|value| value.tag == tag).ok_or(DerError)
    }

    /// The next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, DerError> {
        if self.0.first() == Some(&tag) {
            self.next()
        } else {
            Ok(None)
        }
    }

    /// Nothing is left.
    pub(crate) fn end(&self) -> Result<(), DerError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DerError)
        }
    }
}

/// A definite length in its shortest form, and what follows.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), DerError> {
    match bytes {
        [short @ ..=0x7f, rest @ ..] => Ok((usize::from(*short), rest)),
        [0x81, one @ 0x80..=0xff, rest @ ..] => Ok((usize::from(*one), rest)),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            Ok((usize::from(u16::from_be_bytes([*high, *low])), rest))
        }
        _ => Err(DerError),
    }
}
