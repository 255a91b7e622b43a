//! A bounded pull reader over quick-xml.
//!
//! quick-xml passes without complaint what XML forbids or what an attacker
//! likes: DOCTYPE, undefined entities, NUL, a second root, trailing text. In
//! structure all of that is refused here, and depth, names and counts are bounded.
//! In a value it is kept: a declaration, an entity that nobody defined and markup
//! without an end are a device's data, and nothing is ever expanded. Only
//! this file and `document` name quick-xml.

use std::borrow::Cow;

use quick_xml::errors::SyntaxError;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, BytesText, Event};

use super::end_tag::{EndTag, end_tag};
use super::events::{Markup, Opaque, Source, Token};
use super::fault::{Blame, DecodeError};
use super::message::Amended;
use super::text::{MARK, is_xml_char, marked, unmark};
use crate::limits;

/// The reader.
pub(super) struct Reader<'a> {
    text: &'a str,
    inner: quick_xml::Reader<&'a [u8]>,
    /// Where in `text` the inner reader began.
    base: usize,
    /// The names of the elements that are open, prefixes included.
    open: Vec<&'a str>,
    nodes: usize,
    /// The attributes of the element that was opened last, as they stand.
    attributes: &'a str,
    /// Something in the document is no text.
    is_marked: bool,
    /// No carriage return is in it: text is as it stands, without normalisation.
    plain_lines: bool,
    /// An empty element was opened and its end is yet to be told.
    empty: bool,
    ended: bool,
    /// What is wrong with the value that is being read.
    flaws: Flaws,
    amended: Amended,
    /// Bytes that were read again, since markup in a value had no end.
    reread: usize,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, Default)]
struct Flaws {
    characters: bool,
    references: bool,
    markup: bool,
}

/// Where a piece stands: structure is read strictly, a value as far as it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Structure,
    Value,
}

/// One event, with what the callers above need of it.
enum Piece<'a> {
    Open(&'a str),
    Close,
    Text(Cow<'a, str>),
    /// What has no use outside of a value, and is markup in one.
    Declaration,
    Nothing,
    End,
}

/// The bytes of a document as text: UTF-8, with or without a BOM.
pub(super) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..]
    ) {
        return Err(DecodeError::Encoding(
            "UTF-8",
            "UTF-16 or UTF-32".to_owned(),
        ));
    }
    Ok(marked(bytes))
}

impl<'a> Reader<'a> {
    /// Begins to read what [`text_of`] gave.
    pub(super) fn new(text: &'a str) -> Self {
        Reader {
            text,
            inner: inner(text),
            base: 0,
            open: Vec::new(),
            nodes: 0,
            attributes: "",
            is_marked: text.contains(MARK),
            plain_lines: !text.contains('\r'),
            empty: false,
            ended: false,
            flaws: Flaws::default(),
            amended: Amended::default(),
            reread: 0,
        }
    }

    fn position(&self) -> usize {
        let read = usize::try_from(self.inner.buffer_position()).unwrap_or(usize::MAX);
        self.base.saturating_add(read).min(self.text.len())
    }

    fn piece(&mut self, within: Within) -> Result<Piece<'a>, DecodeError> {
        if std::mem::take(&mut self.empty) {
            self.open.pop();
            return Ok(self.close());
        }
        let at = self.position();
        // Looked at where it lies: to move an event out of its Result costs as
        // much as to read it.
        let event = self.inner.read_event();
        let outside = self.open.is_empty();
        let lenient = within == Within::Value;
        match &event {
            // `<!` and something else is wrong wherever it stands but at the end.
            Err(quick_xml::Error::Syntax(error))
                if *error != SyntaxError::InvalidBangMarkup
                    || self.text.len() - at < "<![CDATA[".len() =>
            {
                Err(DecodeError::ends(at, "markup"))
            }
            Err(error) => Err(DecodeError::malformed(at, error.to_string())),
            Ok(Event::Start(start)) => self.open(start, at),
            Ok(Event::Empty(start)) => {
                self.empty = true;
                self.open(start, at)
            }
            Ok(Event::End(end)) => self.end_of(end, at),
            Ok(Event::Text(text)) if outside && !text.trim().is_empty() => {
                Err(DecodeError::malformed(at, "text outside the root element"))
            }
            Ok(Event::Text(text)) => self.content_of(text, within, at).map(Piece::Text),
            Ok(Event::CData(_) | Event::GeneralRef(_)) if outside => {
                Err(DecodeError::malformed(at, "text outside the root element"))
            }
            Ok(Event::CData(data)) => Ok(Piece::Text(data.xml10_content())),
            Ok(Event::GeneralRef(reference)) if lenient => {
                let reference = self.own(reference);
                Ok(Piece::Text(self.resolve_leniently(reference)))
            }
            Ok(Event::GeneralRef(reference)) => resolve(reference, at).map(Piece::Text),
            Ok(Event::Decl(declaration)) if at == 0 => {
                check_encoding(declaration.encoding().and_then(Result::ok).as_deref())?;
                Ok(Piece::Nothing)
            }
            Ok(Event::Decl(_) | Event::DocType(_)) if lenient => {
                self.flaws.markup = true;
                Ok(Piece::Declaration)
            }
            Ok(Event::Decl(_)) => Err(DecodeError::malformed(
                at,
                "an XML declaration that is not at the beginning",
            )),
            Ok(Event::Comment(_)) => Ok(Piece::Nothing),
            Ok(Event::DocType(_)) => Err(DecodeError::Forbidden("a DOCTYPE")),
            Ok(Event::PI(_)) if lenient => Ok(Piece::Declaration),
            Ok(Event::PI(_)) => Err(DecodeError::Forbidden("a processing instruction")),
            Ok(Event::Eof) if !outside => Err(DecodeError::ends(at, "an element")),
            Ok(Event::Eof) => Ok(Piece::End),
        }
    }

    fn open(&mut self, start: &BytesStart<'_>, at: usize) -> Result<Piece<'a>, DecodeError> {
        if self.ended {
            return Err(DecodeError::malformed(at, "a second root element"));
        }
        if self.open.len() >= limits::XML_DEPTH {
            return Err(DecodeError::TooDeep(limits::XML_DEPTH));
        }
        self.attributes = self.own(start.attributes_raw());
        self.nodes += 1;
        if self.is_marked && start.contains(MARK) {
            let what = "a character that XML does not allow, in a tag";
            return Err(DecodeError::malformed(at, what));
        }
        self.check_attributes(start, at)?;
        if self.nodes > limits::XML_NODES {
            return Err(DecodeError::TooMany(
                "elements and attributes",
                limits::XML_NODES,
            ));
        }
        let name = self.own(start.name().into_inner());
        if name.len() > limits::XML_NAME_BYTES {
            return Err(DecodeError::TooLong(
                "an element's name",
                limits::XML_NAME_BYTES,
            ));
        }
        let begins = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..);
        if !name.as_bytes().first().is_some_and(begins) {
            return Err(DecodeError::malformed(at, "a '<' that begins no element"));
        }
        self.open.push(name);
        Ok(Piece::Open(local(name)))
    }

    fn check_attributes(&mut self, start: &BytesStart<'_>, at: usize) -> Result<(), DecodeError> {
        if start.attributes_raw().is_empty() {
            return Ok(());
        }
        for (nth, attribute) in start.attributes().enumerate() {
            let attribute =
                attribute.map_err(|error| DecodeError::malformed(at, error.to_string()))?;
            if attribute.key.0.len() > limits::XML_NAME_BYTES {
                return Err(DecodeError::TooLong(
                    "an attribute's name",
                    limits::XML_NAME_BYTES,
                ));
            }
            if nth >= limits::XML_ATTRIBUTES {
                return Err(DecodeError::TooMany(
                    "attributes of one element",
                    limits::XML_ATTRIBUTES,
                ));
            }
            self.nodes += 1;
        }
        Ok(())
    }

    fn end_of(&mut self, end: &BytesEnd<'_>, at: usize) -> Result<Piece<'a>, DecodeError> {
        let found = end.name().into_inner();
        match self.open.pop() {
            Some(name) if name == found => Ok(self.close()),
            Some(name) => Err(DecodeError::malformed(
                at,
                format!("expected the end of the element {name}, found that of {found}"),
            )),
            None => Err(DecodeError::malformed(
                at,
                format!("the end of the element {found}, which is not open"),
            )),
        }
    }

    fn content_of(
        &mut self,
        text: &BytesText<'a>,
        within: Within,
        at: usize,
    ) -> Result<Cow<'a, str>, DecodeError> {
        let own = self.own(text);
        // The reader gives an `&` that begins no reference as text.
        if own.starts_with('&') {
            if within == Within::Structure {
                return Err(DecodeError::malformed(
                    at,
                    "an '&' that begins no reference",
                ));
            }
            self.flaws.references = true;
        }
        if within == Within::Structure && self.is_marked && own.contains(MARK) {
            let what = "a character that XML does not allow, between elements";
            return Err(DecodeError::malformed(at, what));
        }
        if self.plain_lines && own.len() == text.len() {
            return Ok(Cow::Borrowed(own));
        }
        Ok(text.xml10_content())
    }

    /// In a value, what a reference refers to; the reference itself where that is nothing.
    fn resolve_leniently(&mut self, reference: &'a str) -> Cow<'a, str> {
        match resolve(&BytesRef::new(reference), 0) {
            Ok(text) => text,
            Err(_) if reference.starts_with('#') => {
                self.flaws.characters = true;
                Cow::Owned(MARK.to_string())
            }
            Err(_) => {
                self.flaws.references = true;
                Cow::Owned(format!("&{reference};"))
            }
        }
    }

    /// The same text as a part of the document, whose life is longer than the event's.
    fn own(&self, part: &str) -> &'a str {
        let from = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        self.text
            .get(from..from.wrapping_add(part.len()))
            .unwrap_or("")
    }

    fn close(&mut self) -> Piece<'a> {
        self.ended |= self.open.is_empty();
        Piece::Close
    }

    // Text comes in pieces where entities or CDATA stand in it.
    fn well_formed(&mut self, begin: usize, markup: Markup) -> Result<Cow<'a, str>, DecodeError> {
        let mut content = Cow::Borrowed("");
        let (mut inside, mut has_markup) = (0_usize, false);
        loop {
            let end = self.position();
            match self.piece(Within::Value)? {
                Piece::Open(_) => {
                    inside += 1;
                    has_markup = true;
                }
                Piece::Close if inside == 0 => {
                    let keep = has_markup && markup == Markup::Keep;
                    return Ok(if keep {
                        Cow::Borrowed(&self.text[begin..end])
                    } else {
                        content
                    });
                }
                Piece::Close => inside -= 1,
                Piece::Text(piece) if inside == 0 => {
                    if content.is_empty() {
                        content = piece;
                    } else {
                        content.to_mut().push_str(&piece);
                    }
                }
                Piece::Declaration => has_markup = true,
                Piece::Text(_) | Piece::Nothing => {}
                Piece::End => return Err(DecodeError::ends(end, "an element")),
            }
        }
    }

    /// The content of the element `name` from `begin` up to its end tag as it
    /// stands, where it is not well-formed. `depth` elements were open then, itself
    /// included.
    fn as_it_stands(
        &mut self,
        (begin, name): (usize, &'a str),
        depth: usize,
    ) -> Result<Cow<'a, str>, DecodeError> {
        let reached = self.position();
        let parent = depth.checked_sub(2).and_then(|at| self.open.get(at));
        // The error itself may quote the value.
        let (end, after) = match end_tag(self.text, begin, name, parent.copied()) {
            EndTag::Found { at, after } => (at, after),
            EndTag::OfParent => {
                let what = format!("the element {name} has no end");
                return Err(DecodeError::malformed(begin, what));
            }
            EndTag::Missing => return Err(DecodeError::ends(begin, format!("the element {name}"))),
        };
        self.reread += reached.saturating_sub(after);
        if self.reread > limits::XML_REREAD_BYTES {
            return Err(DecodeError::malformed(
                begin,
                "too many values with markup that has no end",
            ));
        }
        self.flaws.markup = true;
        self.open.truncate(depth.saturating_sub(1));
        self.empty = false;
        self.inner = inner(&self.text[after..]);
        self.base = after;
        self.close();
        Ok(Cow::Borrowed(&self.text[begin..end]))
    }
}

impl<'a> Source<'a> for Reader<'a> {
    fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        loop {
            match self.piece(Within::Structure)? {
                Piece::Open(name) => return Ok(Token::Open(name)),
                Piece::Close => return Ok(Token::Close),
                Piece::End => return Ok(Token::End),
                Piece::Text(_) | Piece::Declaration | Piece::Nothing => {}
            }
        }
    }

    fn content(&mut self, markup: Markup, _: Opaque) -> Result<Cow<'a, str>, DecodeError> {
        let (begin, nodes, depth) = (self.position(), self.nodes, self.open.len());
        let name = self.open.last().copied().unwrap_or("");
        self.flaws = Flaws::default();
        let content = match self.well_formed(begin, markup) {
            Err(error) if error.blame() == Blame::Malformed => {
                self.nodes = nodes;
                self.as_it_stands((begin, name), depth)?
            }
            read => read?,
        };
        let (content, replaced) = if self.is_marked || self.flaws.characters {
            unmark(content)
        } else {
            (content, false)
        };
        self.amended.characters += u32::from(replaced);
        self.amended.references += u32::from(self.flaws.references);
        self.amended.markup += u32::from(self.flaws.markup);
        Ok(content)
    }

    fn skip(&mut self) -> Result<(), DecodeError> {
        self.well_formed(0, Markup::Skip).map(drop)
    }

    fn amended(&self) -> Amended {
        self.amended
    }

    fn at(&self) -> usize {
        self.position()
    }

    fn attribute(&self, local_name: &str) -> Option<String> {
        let found = Attributes::new(self.attributes, 0)
            .filter_map(Result::ok)
            .find(|attribute| attribute.key.local_name().into_inner() == local_name)?;
        Some(found.value.into_owned())
    }
}

/// The inner reader from here on. Names of ends are compared by the outer one,
/// which may go on behind a value that the inner one could not read.
fn inner(text: &str) -> quick_xml::Reader<&[u8]> {
    let mut inner = quick_xml::Reader::from_str(text);
    let config = inner.config_mut();
    config.check_comments = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    inner
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn check_encoding(encoding: Option<&str>) -> Result<(), DecodeError> {
    match encoding {
        None => Ok(()),
        Some(name)
            if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") =>
        {
            Ok(())
        }
        Some(name) => Err(DecodeError::Encoding(
            "UTF-8",
            name.chars().take(40).collect(),
        )),
    }
}

/// A character reference or one of the five entities of XML itself.
fn resolve<'a>(reference: &BytesRef<'_>, at: usize) -> Result<Cow<'a, str>, DecodeError> {
    if reference.is_char_ref() {
        return match reference.resolve_char_ref() {
            Ok(Some(character)) if is_xml_char(character) => Ok(Cow::Owned(character.to_string())),
            _ => Err(DecodeError::malformed(
                at,
                "a character reference to no character of XML",
            )),
        };
    }
    match &**reference {
        "amp" => Ok(Cow::Borrowed("&")),
        "lt" => Ok(Cow::Borrowed("<")),
        "gt" => Ok(Cow::Borrowed(">")),
        "quot" => Ok(Cow::Borrowed("\"")),
        "apos" => Ok(Cow::Borrowed("'")),
        _ => Err(DecodeError::Forbidden("an entity that XML does not define")),
    }
}
