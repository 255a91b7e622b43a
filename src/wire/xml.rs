//! A bounded pull reader over quick-xml, and the escaping of text.
//!
//! quick-xml passes without complaint what XML forbids or what an attacker
//! likes: DOCTYPE, undefined entities, NUL, a second root, trailing text. All
//! of that is refused here, and depth, names and counts are bounded. Only this
//! file and `document` name quick-xml.

use std::borrow::Cow;

use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, BytesText, Event};

use super::events::{Markup, Opaque, Source, Token};
use super::fault::DecodeError;
use crate::limits;

/// The reader.
pub(super) struct Reader<'a> {
    text: &'a str,
    inner: quick_xml::Reader<&'a [u8]>,
    depth: usize,
    nodes: usize,
    /// The attributes of the element that was opened last, as they stand.
    attributes: &'a str,
    /// No carriage return is in it: text is as it stands, without normalisation.
    plain_lines: bool,
    /// An empty element was opened and its end is yet to be told.
    empty: bool,
    began: bool,
    ended: bool,
}

/// One event, with what the callers above need of it.
enum Piece<'a> {
    Open(&'a str),
    Close,
    Text(Cow<'a, str>),
    Nothing,
    End,
}

impl<'a> Reader<'a> {
    /// Begins to read; the bytes must be UTF-8, with or without a BOM.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
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
        let text = std::str::from_utf8(bytes).map_err(|error| {
            DecodeError::Encoding(
                "UTF-8",
                format!("a wrong byte at offset {}", error.valid_up_to()),
            )
        })?;
        let illegal = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
        // A fold without an early end looks at many bytes at once.
        let (found, returns) = bytes.iter().fold((false, false), |(found, returns), byte| {
            (found | illegal(byte), returns | (*byte == b'\r'))
        });
        if found {
            let at = bytes.iter().position(illegal).unwrap_or(0);
            return Err(DecodeError::malformed(
                at,
                "a character that XML does not allow",
            ));
        }
        let mut inner = quick_xml::Reader::from_str(text);
        inner.config_mut().check_comments = true;
        Ok(Reader {
            text,
            inner,
            depth: 0,
            nodes: 0,
            attributes: "",
            plain_lines: !returns,
            empty: false,
            began: false,
            ended: false,
        })
    }

    fn position(&self) -> usize {
        usize::try_from(self.inner.buffer_position())
            .unwrap_or(usize::MAX)
            .min(self.text.len())
    }

    fn piece(&mut self) -> Result<Piece<'a>, DecodeError> {
        if std::mem::take(&mut self.empty) {
            return Ok(self.close());
        }
        let at = self.position();
        // Looked at where it lies: to move an event out of its Result costs as
        // much as to read it.
        let event = self.inner.read_event();
        let outside = self.depth == 0;
        match &event {
            Err(error) => Err(DecodeError::malformed(at, error.to_string())),
            Ok(Event::Start(start)) => self.open(start, at),
            Ok(Event::Empty(start)) => {
                self.empty = true;
                self.open(start, at)
            }
            Ok(Event::End(_)) => Ok(self.close()),
            Ok(Event::Text(text)) if outside && !text.trim().is_empty() => {
                Err(DecodeError::malformed(at, "text outside the root element"))
            }
            Ok(Event::Text(text)) => Ok(Piece::Text(self.content_of(text))),
            Ok(Event::CData(_) | Event::GeneralRef(_)) if outside => {
                Err(DecodeError::malformed(at, "text outside the root element"))
            }
            Ok(Event::CData(data)) => Ok(Piece::Text(data.xml10_content())),
            Ok(Event::GeneralRef(reference)) => resolve(reference, at).map(Piece::Text),
            Ok(Event::Decl(declaration)) => {
                if at != 0 {
                    return Err(DecodeError::malformed(
                        at,
                        "an XML declaration that is not at the beginning",
                    ));
                }
                check_encoding(declaration.encoding().and_then(Result::ok).as_deref())?;
                Ok(Piece::Nothing)
            }
            Ok(Event::Comment(_)) => Ok(Piece::Nothing),
            Ok(Event::DocType(_)) => Err(DecodeError::Forbidden("a DOCTYPE")),
            Ok(Event::PI(_)) => Err(DecodeError::Forbidden("a processing instruction")),
            Ok(Event::Eof) if self.depth > 0 => Err(DecodeError::malformed(
                at,
                "the end of the document inside an element",
            )),
            Ok(Event::Eof) => Ok(Piece::End),
        }
    }

    fn open(&mut self, start: &BytesStart<'_>, at: usize) -> Result<Piece<'a>, DecodeError> {
        if self.ended {
            return Err(DecodeError::malformed(at, "a second root element"));
        }
        self.began = true;
        self.depth += 1;
        self.nodes += 1;
        if self.depth > limits::XML_DEPTH {
            return Err(DecodeError::TooDeep(limits::XML_DEPTH));
        }
        self.attributes = self.own(start.attributes_raw());
        if !self.attributes.is_empty() {
            for (count, attribute) in start.attributes().enumerate() {
                if count >= limits::ATTRIBUTES {
                    let what = "attributes of one element";
                    return Err(DecodeError::TooMany(what, limits::ATTRIBUTES));
                }
                let attribute =
                    attribute.map_err(|error| DecodeError::malformed(at, error.to_string()))?;
                if attribute.key.0.len() > limits::XML_NAME_BYTES {
                    return Err(DecodeError::TooLong(
                        "an attribute's name",
                        limits::XML_NAME_BYTES,
                    ));
                }
                self.nodes += 1;
            }
        }
        if self.nodes > limits::XML_NODES {
            return Err(DecodeError::TooMany(
                "elements and attributes",
                limits::XML_NODES,
            ));
        }
        let name = self.own(start.local_name().into_inner());
        if name.len() > limits::XML_NAME_BYTES {
            return Err(DecodeError::TooLong(
                "an element's name",
                limits::XML_NAME_BYTES,
            ));
        }
        Ok(Piece::Open(name))
    }

    fn content_of(&self, text: &BytesText<'a>) -> Cow<'a, str> {
        let own = self.own(text);
        if self.plain_lines && own.len() == text.len() {
            return Cow::Borrowed(own);
        }
        text.xml10_content()
    }

    /// The same text as a part of the document, whose life is longer than the event's.
    fn own(&self, part: &str) -> &'a str {
        let from = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        self.text
            .get(from..from.wrapping_add(part.len()))
            .unwrap_or("")
    }

    fn close(&mut self) -> Piece<'a> {
        self.depth = self.depth.saturating_sub(1);
        self.ended |= self.depth == 0;
        Piece::Close
    }
}

impl<'a> Source<'a> for Reader<'a> {
    fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        loop {
            match self.piece()? {
                Piece::Open(name) => return Ok(Token::Open(name)),
                Piece::Close => return Ok(Token::Close),
                Piece::End => return Ok(Token::End),
                Piece::Text(_) | Piece::Nothing => {}
            }
        }
    }

    // Text comes in pieces where entities or CDATA stand in it.
    fn content(&mut self, markup: Markup, _: Opaque) -> Result<Cow<'a, str>, DecodeError> {
        let begin = self.position();
        let mut content = Cow::Borrowed("");
        let (mut inside, mut marked) = (0_usize, false);
        loop {
            let end = self.position();
            match self.piece()? {
                Piece::Open(_) => {
                    inside += 1;
                    marked = true;
                }
                Piece::Close if inside == 0 => {
                    let keep = marked && markup == Markup::Keep;
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
                Piece::Text(_) | Piece::Nothing => {}
                Piece::End => {
                    return Err(DecodeError::malformed(
                        end,
                        "the end of the document inside an element",
                    ));
                }
            }
        }
    }

    fn skip(&mut self) -> Result<(), DecodeError> {
        self.content(Markup::Skip, Opaque::Text).map(drop)
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

/// Whether XML 1.0 allows the character (XML 1.0, 2.2).
pub(super) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Appends `text`, escaped. Line breaks and tabs become references: the
/// message stays one line, and they survive the reader's normalisation. What XML
/// does not allow at all is left out; the API refuses it long before.
pub(super) fn escape_into(out: &mut String, text: &str) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let special = matches!(byte, b'&' | b'<' | b'>' | 0xef) || byte < b' ';
        if !special {
            continue;
        }
        let replacement = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\t' => "&#9;",
            b'\n' => "&#10;",
            b'\r' => "&#13;",
            // U+FFFE and U+FFFF are the only ones of this lead byte to leave out.
            0xef if !matches!(
                text.as_bytes().get(at..at + 3),
                Some([0xef, 0xbf, 0xbe | 0xbf])
            ) =>
            {
                continue;
            }
            _ => "",
        };
        out.push_str(&text[clean..at]);
        out.push_str(replacement);
        clean = at + if byte == 0xef { 3 } else { 1 };
    }
    out.push_str(&text[clean..]);
}
