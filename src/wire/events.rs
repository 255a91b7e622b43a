//! What stands between bytes and the message model: a document as elements and
//! text, whichever way it is written. [`super::decode`] reads a [`Source`] and
//! [`super::encode`] writes a [`Sink`], so that XML and WBXML mean the same.

use std::borrow::Cow;

use super::fault::DecodeError;
use super::message::Amended;
use super::tags::{MetInf, SyncMl};

/// What a source came upon.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An element begins; its local name.
    Open(&'a str),
    /// The element that is open ends.
    Close,
    /// The document is over.
    End,
}

/// What to do with elements inside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    /// Leave it out.
    Skip,
    /// Give the content with its markup.
    Keep,
}

/// What bytes without a declared meaning (WBXML's OPAQUE) become in an element
/// whose content the model holds as text. XML has only text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opaque {
    /// Text; what is none is replaced.
    Text,
    /// Text where it is text that XML can carry, else base64 of the bytes.
    TextOrBytes,
    /// Base64 text where it is that already, else base64 of the bytes.
    Base64OrBytes,
    /// Base64 of the bytes.
    Bytes,
}

/// A document that is being read. Every [`Token::Open`] is met by one
/// [`Token::Close`]; depth, names, counts and text are bounded.
pub(super) trait Source<'a> {
    /// The next element's begin or end; text between elements is passed over.
    fn next(&mut self) -> Result<Token<'a>, DecodeError>;

    /// The content of the element just opened, up to and with its end, in one
    /// piece however many it came in.
    fn content(&mut self, markup: Markup, opaque: Opaque) -> Result<Cow<'a, str>, DecodeError>;

    /// Passes over the element just opened.
    fn skip(&mut self) -> Result<(), DecodeError>;

    /// What was wrong with the values given out so far.
    fn amended(&self) -> Amended;

    /// How far the source has been read, in bytes.
    fn at(&self) -> usize;

    /// The value of an attribute, by its local name, of the element just opened, as it
    /// stands. SyncML has none in WBXML.
    fn attribute(&self, _local_name: &str) -> Option<String> {
        None
    }
}

/// A document that is being written.
pub(super) trait Sink {
    /// What comes before everything, and the root element's begin.
    fn root(&mut self);

    /// An element with elements inside begins.
    fn open(&mut self, tag: SyncMl);

    /// It ends; also the root.
    fn close(&mut self, tag: SyncMl);

    /// An element that is there or not.
    fn empty(&mut self, tag: SyncMl);

    /// An element with text. What XML does not allow in text is left out.
    fn text(&mut self, tag: SyncMl, text: &str);

    /// An element with a decimal number.
    fn number(&mut self, tag: SyncMl, number: u32);

    /// A child of `Meta`, with text as [`Sink::text`] takes it.
    fn metinf(&mut self, tag: MetInf, text: &str);
}
