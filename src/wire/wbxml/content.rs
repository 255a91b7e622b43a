//! The content of one element, gathered: text and OPAQUE bytes in however many
//! pieces, and elements inside it, written out again where they are to be kept.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::events::{Markup, Opaque};
use super::super::xml::{escape_into, is_xml_char};
use crate::fault::DecodeError;

/// An element's tag.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    /// The name, without a prefix.
    pub(super) name: &'a str,
    /// Whether it stands on the code page of Meta Information.
    pub(super) metinf: bool,
    /// Whether it can have content.
    pub(super) content: bool,
}

/// What came so far.
pub(super) struct Content<'a> {
    /// Where it begins.
    at: usize,
    keep: bool,
    opaque: Opaque,
    /// Pieces since the last tag.
    bytes: Cow<'a, [u8]>,
    /// Whether one of them was OPAQUE.
    has_opaque: bool,
    /// Everything up to the last tag, escaped, once there was one.
    marked: Option<String>,
    /// The elements that are open inside.
    open: Vec<Tag<'a>>,
}

impl<'a> Content<'a> {
    /// Nothing yet; it begins at this byte.
    pub(super) fn new(at: usize, markup: Markup, opaque: Opaque) -> Self {
        Content {
            at,
            keep: markup == Markup::Keep,
            opaque,
            bytes: Cow::Borrowed(&[]),
            has_opaque: false,
            marked: None,
            open: Vec::new(),
        }
    }

    /// An element inside begins.
    pub(super) fn open(&mut self, tag: Tag<'a>) -> Result<(), DecodeError> {
        self.open.push(tag);
        if self.keep {
            let out = self.flush()?;
            out.push('<');
            out.push_str(tag.name);
            if tag.metinf {
                out.push_str(" xmlns=\"syncml:metinf\"");
            }
            out.push_str(if tag.content { ">" } else { "/>" });
        }
        Ok(())
    }

    /// An element ends: one inside, or, if there is none, the one whose content
    /// this is; then `false`.
    pub(super) fn close(&mut self) -> Result<bool, DecodeError> {
        let Some(tag) = self.open.pop() else {
            return Ok(false);
        };
        if self.keep && tag.content {
            let out = self.flush()?;
            out.push_str("</");
            out.push_str(tag.name);
            out.push('>');
        }
        Ok(true)
    }

    /// A piece of text, or of OPAQUE bytes.
    pub(super) fn piece(&mut self, piece: Cow<'a, [u8]>, opaque: bool) {
        if !self.keep && !self.open.is_empty() {
            return;
        }
        self.has_opaque |= opaque;
        if self.bytes.is_empty() {
            self.bytes = piece;
        } else {
            self.bytes.to_mut().extend_from_slice(&piece);
        }
    }

    /// The whole.
    pub(super) fn finish(mut self) -> Result<Cow<'a, str>, DecodeError> {
        if self.marked.is_some() {
            self.flush()?;
        }
        match self.marked {
            Some(marked) => Ok(Cow::Owned(marked)),
            None => self.text(),
        }
    }

    fn flush(&mut self) -> Result<&mut String, DecodeError> {
        let text = self.text()?;
        let out = self.marked.get_or_insert_default();
        escape_into(out, &text);
        Ok(out)
    }

    fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let bytes = std::mem::take(&mut self.bytes);
        let opaque = if std::mem::take(&mut self.has_opaque) {
            self.opaque
        } else {
            Opaque::Text
        };
        match opaque {
            Opaque::Text => text_of(bytes).map_err(|_| {
                DecodeError::malformed(
                    self.at,
                    "content that is not UTF-8, or that XML does not allow",
                )
            }),
            Opaque::TextOrBytes => Ok(text_of(bytes).unwrap_or_else(|bytes| base64_of(&bytes))),
            Opaque::Base64OrBytes if is_base64(&bytes) => {
                Ok(text_of(bytes).unwrap_or_else(|bytes| base64_of(&bytes)))
            }
            Opaque::Base64OrBytes | Opaque::Bytes => Ok(base64_of(&bytes)),
        }
    }
}

/// The bytes as text, where they are UTF-8 that XML can carry.
fn text_of(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Cow<'_, [u8]>> {
    if !std::str::from_utf8(&bytes).is_ok_and(is_plain) {
        return Err(bytes);
    }
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| Cow::Borrowed(bytes)),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|error| Cow::Owned(error.into_bytes())),
    }
}

fn is_plain(text: &str) -> bool {
    // A fold without an early end looks at many bytes at once. Above it, U+FFFE
    // and U+FFFF, of lead byte 0xef, are all that XML does not allow.
    let doubt = text
        .bytes()
        .fold(false, |doubt, byte| doubt | (byte < b' ' || byte == 0xef));
    !doubt || text.chars().all(is_xml_char)
}

fn is_base64(bytes: &[u8]) -> bool {
    let packed: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(packed).is_ok()
}

fn base64_of<'a>(bytes: &[u8]) -> Cow<'a, str> {
    Cow::Owned(STANDARD.encode(bytes))
}
