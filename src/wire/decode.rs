//! A document to the message model, tolerantly: any prefix or none, any order of
//! elements, `Type` beside an empty `Meta`, padded LocURIs, values that are no
//! text. What a field means is decided elsewhere; what it may hold at most is
//! decided here. A message in which a bound is exceeded is read up to there. The same for
//! XML and WBXML, which differ in where elements and text come from.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::events::{Markup, Opaque, Source, Token};
use super::fault::{Blame, DecodeError};
use super::message::{
    Address, Alert, Amended, Chal, Command, Cred, Cut, Element, Group, GroupKind, Header, Item,
    Message, Meta, Reading, Results, Status, Unreadable, Verb,
};
use super::xml;
use crate::limits;
use crate::message::SessionId;

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
pub(super) fn document<'a>(
    source: impl Source<'a>,
    extent: Extent,
) -> Result<Message, Unreadable> {
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
            header: decoder.header,
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

    // What names the device and its session is read strictly: another name is
    // another device.
    fn header(&mut self) -> Result<(), DecodeError> {
        let (mut session_id, mut msg_id, mut source) = (None, None, None);
        children!(self,
            "VerDTD" => self.header.ver_dtd = self.field()?,
            "VerProto" => self.header.ver_proto = self.field()?,
            "SessionID" => session_id = Some(self.exact("SessionID", Self::field)?),
            "MsgID" => msg_id = Some(self.text()?),
            "Target" => self.header.target = self.address()?,
            "Source" => {
                let address = self.device_address()?;
                self.header.source = address;
                source = Some(());
            },
            "Cred" => self.header.cred = Some(self.cred()?),
            "Meta" => self.header.max_msg_size = self.max_msg_size()?,
        );
        let session_id = session_id.ok_or(DecodeError::Missing("SessionID"))?;
        if session_id.len() > limits::SESSION_ID_BYTES {
            return Err(DecodeError::TooLong("SessionID", limits::SESSION_ID_BYTES));
        }
        self.header.session_id = SessionId(session_id);
        let msg_id = msg_id.ok_or(DecodeError::Missing("MsgID"))?;
        let bad = || DecodeError::BadField {
            field: "MsgID",
            expected: "a decimal number from 1 to 999999",
            found: shown(msg_id.trim()),
        };
        self.header.msg_id = number(&msg_id)
            .filter(|id| (1..1_000_000).contains(id))
            .ok_or_else(bad)?;
        source.ok_or(DecodeError::Missing("Source"))
    }

    fn device_address(&mut self) -> Result<Address, DecodeError> {
        let mut address = Address::default();
        children!(self,
            "LocURI" => address.uri = self.exact("Source", Self::loc_uri)?,
            "LocName" => address.name = Some(self.field()?),
        );
        Ok(address)
    }

    /// A field that must not be amended.
    fn exact(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<String, DecodeError>,
    ) -> Result<String, DecodeError> {
        let before = (self.source.amended(), self.shortened);
        let text = read(self)?;
        if (self.source.amended(), self.shortened) == before {
            return Ok(text);
        }
        Err(DecodeError::BadField {
            field,
            expected: "text of bounded length in UTF-8, without control characters or markup",
            found: shown(&text),
        })
    }

    fn address(&mut self) -> Result<Address, DecodeError> {
        let mut address = Address::default();
        children!(self,
            "LocURI" => address.uri = self.loc_uri()?,
            "LocName" => address.name = Some(self.field()?),
        );
        Ok(address)
    }

    fn cred(&mut self) -> Result<Cred, DecodeError> {
        let (mut meta, mut data) = (Meta::default(), String::new());
        children!(self,
            "Meta" => self.meta(&mut meta)?,
            "Type" => meta.kind = Some(self.field()?),
            "Data" => {
                let text = self.source.content(Markup::Skip, Opaque::Base64OrBytes)?;
                data = self.bounded(text.trim().to_owned());
            },
        );
        // Without a type credentials are Basic (OMA RepPro 5.3).
        Ok(Cred {
            kind: meta.kind.unwrap_or_else(|| "syncml:auth-basic".to_owned()),
            data,
        })
    }

    fn max_msg_size(&mut self) -> Result<Option<u32>, DecodeError> {
        let mut size = None;
        children!(self, "MaxMsgSize" => size = number(&self.text()?));
        Ok(size)
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
        let is_answer = |element: &Element| matches!(element, Element::Status(_) | Element::Results(_));
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

    fn element(&mut self, name: &str) -> Result<Element, DecodeError> {
        let element = match name {
            "Alert" => self.alert().map(Element::Alert),
            "Status" => self.status().map(Element::Status),
            "Results" => self.results().map(Element::Results),
            "Atomic" => self.group(GroupKind::Atomic).map(Element::Group),
            "Sequence" => self.group(GroupKind::Sequence).map(Element::Group),
            _ => match Verb::from_name(name) {
                Some(verb) => self.command(verb).map(Element::Command),
                None => self.unknown(name),
            },
        }?;
        // Behind the element, so that it is known what it answers.
        self.elements += 1;
        if self.elements > limits::BODY_ELEMENTS {
            return Err(DecodeError::TooMany(
                "commands in a message",
                limits::BODY_ELEMENTS,
            ));
        }
        Ok(element)
    }

    fn unknown(&mut self, name: &str) -> Result<Element, DecodeError> {
        let mut cmd_id = None;
        children!(self, "CmdID" => cmd_id = self.id()?);
        Ok(Element::Unknown {
            name: name.to_owned(),
            cmd_id,
        })
    }

    fn command(&mut self, verb: Verb) -> Result<Command, DecodeError> {
        let (mut cmd_id, mut items) = (None, Vec::new());
        children!(self, "CmdID" => cmd_id = self.id()?, "Item" => self.item(&mut items)?);
        Ok(Command {
            verb,
            cmd_id,
            items,
        })
    }

    fn group(&mut self, kind: GroupKind) -> Result<Group, DecodeError> {
        let (mut cmd_id, mut children) = (None, Vec::new());
        while let Token::Open(name) = self.source.next()? {
            match name {
                "CmdID" => cmd_id = self.id()?,
                "Meta" | "NoResp" => self.source.skip()?,
                name => children.push(self.element(name)?),
            }
        }
        Ok(Group {
            kind,
            cmd_id,
            children,
        })
    }

    fn alert(&mut self) -> Result<Alert, DecodeError> {
        let mut alert = Alert::default();
        children!(self,
            "CmdID" => alert.cmd_id = self.id()?,
            "Data" => alert.code = number(&self.text()?).unwrap_or(0),
            "Item" => self.item(&mut alert.items)?,
        );
        Ok(alert)
    }

    fn status(&mut self) -> Result<Status, DecodeError> {
        let mut status = Status::default();
        children!(self,
            "CmdID" => {
                status.cmd_id = self.id()?;
                self.answer.cmd_id = status.cmd_id;
            },
            "MsgRef" => {
                status.msg_ref = self.id()?;
                self.answer.msg_ref = status.msg_ref;
            },
            "CmdRef" => {
                status.cmd_ref = self.id()?;
                self.answer.cmd_ref = status.cmd_ref;
            },
            "Cmd" => status.cmd = self.field()?,
            "TargetRef" => self.reference(&mut status.target_refs)?,
            "SourceRef" => self.reference(&mut status.source_refs)?,
            "Chal" => status.chal = Some(self.chal()?),
            "Data" => status.code = number(&self.text()?).unwrap_or(0),
            "Item" => self.item(&mut status.items)?,
        );
        Ok(status)
    }

    fn results(&mut self) -> Result<Results, DecodeError> {
        let mut results = Results::default();
        children!(self,
            "CmdID" => {
                results.cmd_id = self.id()?;
                self.answer.cmd_id = results.cmd_id;
            },
            "MsgRef" => {
                results.msg_ref = self.id()?;
                self.answer.msg_ref = results.msg_ref;
            },
            "CmdRef" => {
                results.cmd_ref = self.id()?;
                self.answer.cmd_ref = results.cmd_ref;
            },
            "Cmd" => results.cmd = Some(self.field()?),
            "TargetRef" => self.reference(&mut results.target_refs)?,
            "SourceRef" => self.reference(&mut results.source_refs)?,
            "Meta" => self.meta(&mut results.meta)?,
            "Item" => self.item(&mut results.items)?,
        );
        Ok(results)
    }

    fn chal(&mut self) -> Result<Chal, DecodeError> {
        let mut chal = Chal {
            kind: String::new(),
            format: String::new(),
            next_nonce: None,
        };
        while let Token::Open(name) = self.source.next()? {
            match name {
                "Meta" => children!(self,
                    "Type" => chal.kind = self.field()?,
                    "Format" => chal.format = self.field()?,
                    "NextNonce" => {
                        let text = self.source.content(Markup::Skip, Opaque::Bytes)?;
                        chal.next_nonce = Some(self.bounded(text.trim().to_owned()));
                    },
                ),
                _ => self.source.skip()?,
            }
        }
        Ok(chal)
    }

    fn item(&mut self, items: &mut Vec<Item>) -> Result<(), DecodeError> {
        if items.len() >= limits::ITEMS {
            return Err(DecodeError::TooMany("items in one element", limits::ITEMS));
        }
        let mut item = Item::default();
        children!(self,
            "Target" => item.target = self.item_address()?,
            "Source" => item.source = self.item_address()?,
            "Meta" => self.meta(&mut item.meta)?,
            // Two of MS-MDM's samples put these beside an empty Meta.
            "Type" => item.meta.kind = Some(self.field()?),
            "Format" => item.meta.format = Some(self.field()?),
            "Data" => {
                let opaque = data_bytes(&item.meta);
                item.data = Some(self.source.content(Markup::Keep, opaque)?.into_owned());
            },
            "MoreData" => {
                item.more_data = true;
                self.source.skip()?;
            },
        );
        items.push(item);
        Ok(())
    }

    fn item_address(&mut self) -> Result<Option<String>, DecodeError> {
        let mut uri = None;
        children!(self, "LocURI" => uri = Some(self.loc_uri()?));
        Ok(uri)
    }

    fn meta(&mut self, meta: &mut Meta) -> Result<(), DecodeError> {
        children!(self,
            "Format" => meta.format = Some(self.field()?),
            "Type" => meta.kind = Some(self.field()?),
            "Mark" => meta.mark = Some(self.field()?),
            "Size" => meta.size = number(&self.text()?),
        );
        Ok(())
    }

    /// TargetRef and SourceRef are bare text; some put a LocURI inside.
    fn reference(&mut self, into: &mut Vec<String>) -> Result<(), DecodeError> {
        if into.len() >= limits::ITEMS {
            return Err(DecodeError::TooMany(
                "references in one element",
                limits::ITEMS,
            ));
        }
        let text = self.source.content(Markup::Keep, Opaque::Text)?;
        let inner = text
            .trim()
            .strip_prefix("<LocURI>")
            .and_then(|t| t.strip_suffix("</LocURI>"));
        into.push(self.bounded(inner.unwrap_or(&text).trim().to_owned()));
        Ok(())
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

/// What bytes in an Item's Data are by the Format told before it. An encoder
/// may hand base64 text over as bytes, or the bytes that it stands for; with
/// Format `b64` only the first can be base64, so the two can be told apart but
/// for a few short values. Formats of text say
/// that it is text. Whatever Format says, the model keeps it as it came.
fn data_bytes(meta: &Meta) -> Opaque {
    match meta.format.as_deref() {
        Some("b64") => Opaque::Base64OrBytes,
        Some("chr" | "xml" | "int" | "bool" | "float" | "date" | "time") => Opaque::Text,
        _ => Opaque::TextOrBytes,
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
