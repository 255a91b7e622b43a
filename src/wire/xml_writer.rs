//! Elements and text as XML: one single line without white space between tags
//! (on anything else Windows 8.1's parser stops silently), `syncml:metinf` on
//! each child of Meta, no CDATA.

use std::fmt::Write;

use super::events::Sink;
use super::tags::{MetInf, SyncMl};
use super::text::escape_into;

/// The writer.
pub(super) struct Writer(String);

impl Writer {
    /// Begins with room for this many bytes.
    pub(super) fn new(room: usize) -> Self {
        Writer(String::with_capacity(room))
    }

    /// What was written.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn begin(&mut self, name: &str, attributes: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str(attributes);
        self.0.push('>');
    }

    fn end(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }
}

impl Sink for Writer {
    fn root(&mut self) {
        self.begin(SyncMl::SyncML.name(), " xmlns=\"SYNCML:SYNCML1.2\"");
    }

    fn open(&mut self, tag: SyncMl) {
        self.begin(tag.name(), "");
    }

    fn close(&mut self, tag: SyncMl) {
        self.end(tag.name());
    }

    fn empty(&mut self, tag: SyncMl) {
        self.0.push('<');
        self.0.push_str(tag.name());
        self.0.push_str("/>");
    }

    fn text(&mut self, tag: SyncMl, text: &str) {
        self.begin(tag.name(), "");
        escape_into(&mut self.0, text);
        self.end(tag.name());
    }

    fn number(&mut self, tag: SyncMl, number: u32) {
        self.begin(tag.name(), "");
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{number}");
        self.end(tag.name());
    }

    fn metinf(&mut self, tag: MetInf, text: &str) {
        self.begin(tag.name(), " xmlns=\"syncml:metinf\"");
        escape_into(&mut self.0, text);
        self.end(tag.name());
    }
}
