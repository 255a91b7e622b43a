//! A document to the message model, tolerantly: any prefix or none, any order of
//! elements, `Type` beside an empty `Meta`, padded LocURIs, values that are no
//! text. What a field means is decided elsewhere; what it may hold at most is
//! decided here. A message in which a bound is exceeded is read up to there. The
//! same for XML and WBXML, which differ in where elements and text come from.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::events::{Markup, Opaque, Source, Token};
use super::fault::{Blame, DecodeError};
use super::message::{Amended, Cut, Element, Header, Message, Reading, Unreadable};
use super::xml;
use crate::limits;

/// Reads the children of the element just opened: each arm reads its child
/// whole; what no arm knows is passed over.
macro_rules! children {
    ($self:ident, $($name:pat => $read:expr),+ $(,)?) => {
        while let Token::Open(name) = $self.source.next()? {
            match name {
                $($name => $read,)+
                _ => $self.source.skip()?,
            }
        }
    };
}

mod elements;
mod header;

/// Reads one SyncML document in XML.
pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    whole(read(bytes, Extent::Whole))
}

/// The same as far as it goes: see [`crate::encoding::Encoding::read`].
pub(super) fn read(bytes: &[u8], extent: Extent) -> Result<Message, Unreadable> {
    let text = xml::text_of(bytes)?;
    document(xml::Reader::new(&text), extent)
}

/// How much of a document there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// So many bytes of it from its beginning.
    Beginning(usize),
}

/// A message that was read to its end; one that is cut is over a bound.
pub(super) fn whole(read: Result<Message, Unreadable>) -> Result<Message, DecodeError> {
    match read {
        Ok(message) => match message.reading.cut {
            Some(cut) => Err(cut.bound),
            None => Ok(message),
        },
        Err(unreadable) => Err(unreadable.error),
    }
}

/// Reads one SyncML document, whichever way it is written.
pub(super) fn document<'a>(source: impl Source<'a>, extent: Extent) -> Result<Message, Unreadable> {
    let mut decoder = Decoder {
        source,
        extent,
        header: Header::default(),
        answer: Pending::default(),
        shortened: 0,
        elements: 0,
        document: PhantomData,
    };
    match decoder.root() {
        Ok((body, is_final, cut)) => {
            let amended = Amended {
                shortened: decoder.shortened,
                ..decoder.source.amended()
            };
            Ok(Message {
                header: decoder.header,
                body,
                is_final,
                reading: Reading { amended, cut },
            })
        }
        Err(error) => Err(Unreadable {
            error: of_beginning(error, extent),
            header: Box::new(decoder.header),
        }),
    }
}

/// A document of which only the beginning is there ends too early because it is
/// too long.
fn of_beginning(error: DecodeError, extent: Extent) -> DecodeError {
    let ends = match &error {
        DecodeError::Ends { .. } => true,
        DecodeError::NotSyncMl(found) => found == NOTHING,
        _ => false,
    };
    match extent {
        Extent::Beginning(bytes) if ends => DecodeError::TooLong("the message", bytes),
        _ => error,
    }
}

/// What is found where no element is.
const NOTHING: &str = "nothing";

struct Decoder<'a, S> {
    source: S,
    extent: Extent,
    /// As far as it was read.
    header: Header,
    /// What is known of the child of SyncBody that is being read.
    answer: Pending,
    /// Fields that were too long.
    shortened: u32,
    elements: usize,
    document: PhantomData<&'a [u8]>,
}

/// What a child of SyncBody says of itself before its items.
#[derive(Default)]
struct Pending {
    cmd_id: Option<u32>,
    msg_ref: Option<u32>,
    cmd_ref: Option<u32>,
}

/// The children of SyncBody, whether Final was there, and where reading ended
/// before the body did.
type Body = (Vec<Element>, bool, Option<Cut>);

impl<'a, S: Source<'a>> Decoder<'a, S> {
    fn root(&mut self) -> Result<Body, DecodeError> {
        match self.source.next()? {
            Token::Open("SyncML") => {}
            Token::Open(name) => return Err(DecodeError::NotSyncMl(shown(name))),
            Token::Close | Token::End => return Err(DecodeError::NotSyncMl(NOTHING.to_owned())),
        }
        let body = self.message()?;
        if body.2.is_some() {
            return Ok(body);
        }
        match self.source.next()? {
            Token::End => Ok(body),
            _ => Err(DecodeError::malformed(
                self.source.at(),
                "more after the root element",
            )),
        }
    }

    fn message(&mut self) -> Result<Body, DecodeError> {
        let (mut has_header, mut body) = (false, None::<Body>);
        loop {
            let name = match self.source.next() {
                Ok(Token::Open(name)) => name,
                Ok(_) => break,
                Err(error) => {
                    let (elements, ..) = body.ok_or_else(|| error.clone())?;
                    self.answer = Pending::default();
                    return self.cut(elements, "SyncML", error, has_header);
                }
            };
            match name {
                "SyncHdr" => {
                    self.header()?;
                    has_header = true;
                }
                "SyncBody" => {
                    let read = self.body(has_header)?;
                    if read.2.is_some() {
                        return Ok(read);
                    }
                    body = Some(read);
                }
                _ => self.source.skip()?,
            }
        }
        if !has_header {
            return Err(DecodeError::Missing("SyncHdr"));
        }
        body.ok_or(DecodeError::Missing("SyncBody"))
    }

    /// A body in which a bound is exceeded ends before the element where it was.
    fn body(&mut self, has_header: bool) -> Result<Body, DecodeError> {
        let (mut body, mut is_final) = (Vec::new(), false);
        loop {
            self.answer = Pending::default();
            let name = match self.source.next() {
                Ok(Token::Open(name)) => name,
                Ok(_) => return Ok((body, is_final, None)),
                Err(error) => return self.cut(body, "SyncBody", error, has_header),
            };
            let read = if name == "Final" {
                is_final = true;
                self.source.skip()
            } else {
                self.element(name).map(|element| body.push(element))
            };
            if let Err(error) = read {
                return self.cut(body, name, error, has_header);
            }
        }
    }

    /// The body as far as it was read when `error` came; the error itself where the
    /// message is wrong rather than too much, where it is not known from whom it is,
    /// and where it answers nothing.
    fn cut(
        &mut self,
        body: Vec<Element>,
        element: &str,
        error: DecodeError,
        has_header: bool,
    ) -> Result<Body, DecodeError> {
        let bound = of_beginning(error, self.extent);
        let is_answer =
            |element: &Element| matches!(element, Element::Status(_) | Element::Results(_));
        let answers = matches!(element, "Status" | "Results") || body.iter().any(is_answer);
        if bound.blame() != Blame::TooLarge || !has_header || !answers {
            return Err(bound);
        }
        let Pending {
            cmd_id,
            msg_ref,
            cmd_ref,
        } = std::mem::take(&mut self.answer);
        let cut = Cut {
            bound,
            element: shown(element),
            cmd_id,
            msg_ref,
            cmd_ref,
        };
        Ok((body, false, Some(cut)))
    }

    fn id(&mut self) -> Result<Option<u32>, DecodeError> {
        Ok(number(&self.text()?))
    }

    /// A LocURI: trimmed, and whole again where a line break was put into it.
    fn loc_uri(&mut self) -> Result<String, DecodeError> {
        let text = self.source.content(Markup::Skip, Opaque::Text)?;
        let text = text.trim();
        let broken = text.bytes().any(|b| matches!(b, b'\n' | b'\r' | b'\t'));
        let joined = if broken {
            text.lines()
                .map(str::trim)
                .collect::<String>()
                .replace('\t', "")
        } else {
            text.to_owned()
        };
        Ok(self.bounded(joined))
    }

    fn field(&mut self) -> Result<String, DecodeError> {
        let text = self.source.content(Markup::Skip, Opaque::Text)?;
        Ok(self.bounded(text.trim().to_owned()))
    }

    /// The same as it stands, for what is read on the spot: what is too long is
    /// nothing then.
    fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let text = self.source.content(Markup::Skip, Opaque::Text)?;
        if text.trim().len() > limits::FIELD_BYTES {
            self.shortened += 1;
            return Ok(Cow::Borrowed(""));
        }
        Ok(text)
    }

    /// The text as far as a field may be long.
    fn bounded(&mut self, mut text: String) -> String {
        if text.len() > limits::FIELD_BYTES {
            self.shortened += 1;
            text.truncate(text.floor_char_boundary(limits::FIELD_BYTES));
        }
        text
    }
}

/// A number of decimal digits, nothing else.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let text = text.trim();
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
