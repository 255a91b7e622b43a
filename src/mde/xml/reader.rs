//! Bytes to elements, within bounds of length, depth and number. Nothing is expanded.

use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Element, is_xml_char};

/// Longest document, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of elements.
const MAX_DEPTH: usize = 32;
/// Most elements and attributes of a document.
const MAX_NODES: usize = 2000;
/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 32;

/// Why bytes are not a document that this reader accepts. It contains nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Too long.
    #[error("expected at most {MAX_BYTES} bytes")]
    TooLong,
    /// Another encoding.
    #[error("expected UTF-8")]
    Encoding,
    /// Not well-formed.
    #[error("expected well-formed XML, found {what} at byte {at}")]
    Malformed {
        /// What was found.
        what: &'static str,
        /// Where, in bytes from the beginning.
        at: usize,
    },
    /// Has no use here, and attackers use it.
    #[error("expected no document type declaration")]
    DocumentType,
    /// Nested too deeply.
    #[error("expected at most {MAX_DEPTH} levels of elements")]
    TooDeep,
    /// Too many elements or attributes.
    #[error("expected at most {MAX_NODES} elements and attributes")]
    TooMany,
}

impl Element {
    /// Reads a document of UTF-8, with or without a byte order mark.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn read(bytes: &[u8]) -> Result<Element, XmlError> {
        if bytes.len() > MAX_BYTES {
            return Err(XmlError::TooLong);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
        if let Some((at, _)) = text.char_indices().find(|(_, one)| !is_xml_char(*one)) {
            let what = "a character that XML does not allow";
            return Err(XmlError::Malformed { what, at });
        }
        let mut reader = quick_xml::Reader::from_str(text);
        let mut tree = Tree::default();
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let broken = Stop::Malformed("a tag that is broken, open or does not match");
            let event = reader.read_event().map_err(|_| broken.at(at))?;
            if event == Event::Eof {
                return tree.end().map_err(|stop| stop.at(at));
            }
            tree.take(&event).map_err(|stop| stop.at(at))?;
        }
    }
}

/// Why reading stops; the caller knows where.
enum Stop {
    Malformed(&'static str),
    Other(XmlError),
}

impl Stop {
    fn at(&self, at: usize) -> XmlError {
        match *self {
            Stop::Malformed(what) => XmlError::Malformed { what, at },
            Stop::Other(error) => error,
        }
    }
}

/// What has been read so far.
#[derive(Default)]
struct Tree {
    /// The elements without an end yet, outermost first.
    open: Vec<Element>,
    root: Option<Element>,
    nodes: usize,
}

impl Tree {
    fn take(&mut self, event: &Event<'_>) -> Result<(), Stop> {
        match event {
            Event::Start(start) => self.begin(start),
            Event::Empty(start) => {
                self.begin(start)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            // Line ends are one character to whoever reads XML (XML 1.0, 2.11).
            Event::Text(text) => self.text(&text.replace("\r\n", "\n").replace('\r', "\n")),
            Event::CData(text) => self.text(&text.replace("\r\n", "\n").replace('\r', "\n")),
            Event::GeneralRef(name) => {
                let text = resolved(name)?;
                self.text(&text)
            }
            Event::DocType(_) => Err(Stop::Other(XmlError::DocumentType)),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Eof => Ok(()),
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), Stop> {
        if self.root.is_some() {
            return Err(Stop::Malformed("a second root element"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Stop::Other(XmlError::TooDeep));
        }
        self.count()?;
        let mut element = Element::new(local(start.name().as_ref())?);
        for (count, attribute) in start.attributes().enumerate() {
            let broken = Stop::Malformed("an attribute that is broken or there twice");
            let attribute = attribute.map_err(|_| broken)?;
            if count >= MAX_ATTRIBUTES {
                return Err(Stop::Other(XmlError::TooMany));
            }
            self.count()?;
            let key = attribute.key.as_ref();
            if key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            element = element.attribute(local(key)?, &attribute_value(&attribute.value)?);
        }
        self.open.push(element);
        Ok(())
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Stop::Other(XmlError::TooMany));
        }
        Ok(())
    }

    /// The innermost element is complete.
    fn close(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Stop> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(Stop::Malformed("text outside of the root element")),
        }
        Ok(())
    }

    fn end(self) -> Result<Element, Stop> {
        if !self.open.is_empty() {
            return Err(Stop::Malformed("an element without an end"));
        }
        self.root.ok_or(Stop::Malformed("no element"))
    }
}

/// The name behind the prefix.
fn local(name: &str) -> Result<&str, Stop> {
    let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
    let is_begin = |one: char| one.is_alphabetic() || one == '_';
    let is_rest = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.');
    if local.starts_with(is_begin) && local.chars().all(is_rest) {
        Ok(local)
    } else {
        Err(Stop::Malformed("a name that XML does not allow"))
    }
}

fn attribute_value(raw: &str) -> Result<String, Stop> {
    let text = unescape(raw).map_err(|_| UNKNOWN_REFERENCE)?;
    if raw.contains('<') || !text.chars().all(is_xml_char) {
        return Err(Stop::Malformed("a value that XML does not allow"));
    }
    Ok(text.into_owned())
}

const UNKNOWN_REFERENCE: Stop = Stop::Malformed("a reference that XML does not define");

/// What a reference stands for: a character, or one of the five entities of XML.
fn resolved(name: &BytesRef<'_>) -> Result<String, Stop> {
    match name.resolve_char_ref() {
        Ok(Some(character)) if is_xml_char(character) => return Ok(character.to_string()),
        Ok(None) => {}
        Ok(Some(_)) | Err(_) => return Err(UNKNOWN_REFERENCE),
    }
    let text = resolve_xml_entity(name).ok_or(UNKNOWN_REFERENCE)?;
    Ok(text.to_owned())
}
