//! Elements and text as WBXML: inline strings only, a switch of code page only
//! where a tag needs it.

use std::borrow::Cow;
use std::io::Write;

use super::super::events::Sink;
use super::super::tags::{MetInf, SyncMl};
use super::super::text::is_xml_char;
use super::token;

/// Version 1.3, SyncML 1.2 (`mb_u_int32` of 0x1201), UTF-8, no string table.
const HEADER: [u8; 5] = [0x03, 0xa4, 0x01, super::UTF_8 as u8, 0x00];

/// The writer.
pub(super) struct Writer {
    out: Vec<u8>,
    page: u8,
}

impl Writer {
    /// Begins with room for this many bytes, on code page 0.
    pub(super) fn new(room: usize) -> Self {
        Writer {
            out: Vec::with_capacity(room),
            page: 0,
        }
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// The tags that follow are of this code page.
    pub(super) fn switch_to(&mut self, page: u8) {
        if self.page != page {
            self.page = page;
            self.out.extend([token::SWITCH_PAGE, page]);
        }
    }

    fn string(&mut self, page: u8, tag: u8, text: &str) {
        self.switch_to(page);
        let text = allowed(text);
        if text.is_empty() {
            self.out.push(tag);
            return;
        }
        self.out.extend([tag | token::CONTENT, token::STR_I]);
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend([0, token::END]);
    }
}

impl Sink for Writer {
    fn root(&mut self) {
        self.out.extend(HEADER);
        self.open(SyncMl::SyncML);
    }

    fn open(&mut self, tag: SyncMl) {
        self.switch_to(0);
        self.out.push(tag.token() | token::CONTENT);
    }

    fn close(&mut self, _: SyncMl) {
        self.out.push(token::END);
    }

    fn empty(&mut self, tag: SyncMl) {
        self.switch_to(0);
        self.out.push(tag.token());
    }

    fn text(&mut self, tag: SyncMl, text: &str) {
        self.string(0, tag.token(), text);
    }

    fn number(&mut self, tag: SyncMl, number: u32) {
        self.switch_to(0);
        self.out
            .extend([tag.token() | token::CONTENT, token::STR_I]);
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "{number}");
        self.out.extend([0, token::END]);
    }

    fn metinf(&mut self, tag: MetInf, text: &str) {
        self.string(1, tag.token(), text);
    }
}

/// The text without what XML does not allow, NUL above all, which would end it.
fn allowed(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| is_xml_char(c)).collect())
}
