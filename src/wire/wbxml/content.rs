//! The content of one element, gathered: text and OPAQUE bytes in however many
//! pieces, and elements inside it, written out again where they are to be kept.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::auth::unfolded;
use super::super::events::{Markup, Opaque};
use super::super::text::{escape_into, legible, plain};

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
    keep: bool,
    opaque: Opaque,
    /// Pieces since the last tag.
    bytes: Cow<'a, [u8]>,
    /// Whether one of them was OPAQUE.
    has_opaque: bool,
    /// Everything up to the last tag, escaped, once there was one.
    marked: Option<String>,
    /// Whether something that is no text was replaced.
    replaced: bool,
    /// The elements that are open inside.
    open: Vec<Tag<'a>>,
}

impl<'a> Content<'a> {
    /// Nothing yet.
    pub(super) fn new(markup: Markup, opaque: Opaque) -> Self {
        Content {
            replaced: false,
            keep: markup == Markup::Keep,
            opaque,
            bytes: Cow::Borrowed(&[]),
            has_opaque: false,
            marked: None,
            open: Vec::new(),
        }
    }

    /// An element inside begins.
    pub(super) fn open(&mut self, tag: Tag<'a>) {
        self.open.push(tag);
        if self.keep {
            let out = self.flush();
            out.push('<');
            out.push_str(tag.name);
            if tag.metinf {
                out.push_str(" xmlns=\"syncml:metinf\"");
            }
            out.push_str(if tag.content { ">" } else { "/>" });
        }
    }

    /// An element ends: one inside, or, if there is none, the one whose content
    /// this is; then `false`.
    pub(super) fn close(&mut self) -> bool {
        let Some(tag) = self.open.pop() else {
            return false;
        };
        if self.keep && tag.content {
            let out = self.flush();
            out.push_str("</");
            out.push_str(tag.name);
            out.push('>');
        }
        true
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

    /// The whole, and whether something in it was replaced.
    pub(super) fn finish(mut self) -> (Cow<'a, str>, bool) {
        if self.marked.is_some() {
            self.flush();
        }
        let content = match self.marked.take() {
            Some(marked) => Cow::Owned(marked),
            None => self.text(),
        };
        (content, self.replaced)
    }

    fn flush(&mut self) -> &mut String {
        let text = self.text();
        let out = self.marked.get_or_insert_default();
        escape_into(out, &text);
        out
    }

    fn text(&mut self) -> Cow<'a, str> {
        let bytes = std::mem::take(&mut self.bytes);
        let opaque = if std::mem::take(&mut self.has_opaque) {
            self.opaque
        } else {
            Opaque::Text
        };
        match opaque {
            Opaque::Text => {
                let (text, replaced) = legible(bytes);
                self.replaced |= replaced;
                text
            }
            Opaque::TextOrBytes => plain(bytes).unwrap_or_else(|bytes| base64_of(&bytes)),
            Opaque::Base64OrBytes if is_base64(&bytes) => {
                plain(bytes).unwrap_or_else(|bytes| base64_of(&bytes))
            }
            Opaque::Base64OrBytes | Opaque::Bytes => base64_of(&bytes),
        }
    }
}

fn is_base64(bytes: &[u8]) -> bool {
    STANDARD.decode(unfolded(bytes)).is_ok()
}

fn base64_of<'a>(bytes: &[u8]) -> Cow<'a, str> {
    Cow::Owned(STANDARD.encode(bytes))
}
