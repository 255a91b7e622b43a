//! SyncML 1.2 in WBXML (WAP-192 Binary XML; the code pages are in
//! `tags`): the same elements and text as in XML, a byte for each name.
//!
//! Read: versions 1.1 to 1.3, SyncML named by number or by its formal identifier
//! in the string table, text inline, from the table, as character entities or as
//! OPAQUE bytes, elements by token or by LITERAL name. Refused: attributes,
//! extensions and processing instructions, of which SyncML has none. The bounds
//! are those of XML (`crate::limits`).
//!
//! Written: version 1.3, SyncML by number, UTF-8, inline strings and no table:
//! the least that a reader can know.
//!
//! OPAQUE bytes become text by where they stand:
//!
//! | element | bytes |
//! |---|---|
//! | `NextNonce` | the raw nonce: base64 of it |
//! | `Data` of a credential, `Data` of an Item with Format `b64` | base64 already, or else base64 of them (libwbxml hands base64 over unchanged) |
//! | `Data` of an Item with Format `chr`, `xml`, `int`, `bool`, `float`, `date`, `time` | text |
//! | other `Data` of an Item | text where it is UTF-8 that XML can carry, or else base64 |
//! | everything else | text |
//!
//! What is no text where text must be is replaced with U+FFFD, as in XML.

mod content;
mod cursor;
mod header;
mod reader;
mod table;
mod writer;

use super::decode::{self, Extent};
use super::encode;
use super::fault::DecodeError;
use super::message::{Element, Header, Message, Unreadable};

/// The public identifier of SyncML 1.2 (OMNA's WBXML public document identifiers).
const SYNCML_1_2: u32 = 0x1201;
/// SyncML 1.1, whose elements are the same as far as DM uses them; read as 1.2,
/// as in XML.
const SYNCML_1_1: u32 = 0x0fd3;
/// The IANA number of UTF-8.
const UTF_8: u32 = 106;

/// Global tokens: the same on every code page.
mod token {
    /// The next byte is the code page of tags from here on.
    pub(super) const SWITCH_PAGE: u8 = 0x00;
    /// The end of an element.
    pub(super) const END: u8 = 0x01;
    /// A character by its number.
    pub(super) const ENTITY: u8 = 0x02;
    /// A string, up to a NUL.
    pub(super) const STR_I: u8 = 0x03;
    /// An element whose name stands in the string table.
    pub(super) const LITERAL: u8 = 0x04;
    /// A processing instruction.
    pub(super) const PI: u8 = 0x43;
    /// A string of the string table, by its offset.
    pub(super) const STR_T: u8 = 0x83;
    /// Bytes, with their length before them.
    pub(super) const OPAQUE: u8 = 0xc3;
    /// Of a tag: it has content, up to END.
    pub(super) const CONTENT: u8 = 0x40;
    /// Of a tag: it has attributes.
    pub(super) const ATTRIBUTES: u8 = 0x80;
}

/// Reads one SyncML document in WBXML.
pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    decode::whole(read(bytes, Extent::Whole))
}

/// The same as far as it goes: see [`crate::encoding::Encoding::read`].
pub(super) fn read(bytes: &[u8], extent: Extent) -> Result<Message, Unreadable> {
    decode::document(reader::Reader::new(bytes)?, extent)
}

/// Writes one SyncML document in WBXML.
pub fn encode(message: &Message) -> Vec<u8> {
    let mut out = writer::Writer::new(1024);
    encode::document(&mut out, &message.header, &message.body, message.is_final);
    out.into_bytes()
}

/// The length that [`encode()`] gives one child of SyncBody, bytes, with the way
/// back to the code page on which the next one begins. Only where nothing
/// follows, not even `Final`, are those two bytes saved.
pub fn element_len(child: &Element) -> usize {
    let mut out = writer::Writer::new(512);
    encode::element(&mut out, child);
    out.switch_to(0);
    out.into_bytes().len()
}

/// The length of everything around the children of SyncBody, `Final` included, bytes.
pub fn frame_len(of: &Header) -> usize {
    let mut out = writer::Writer::new(512);
    encode::document(&mut out, of, &[], true);
    out.into_bytes().len()
}
