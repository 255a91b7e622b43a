//! A document to the message model, tolerantly: any prefix or none, any order of
//! elements, `Type` beside an empty `Meta`, padded LocURIs. What a field means
//! is decided elsewhere; what it may hold at most is decided here. The same for
//! XML and WBXML, which differ in where elements and text come from.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::events::{Markup, Opaque, Source, Token};
use super::fault::DecodeError;

use super::message::{
    Address, Alert, Chal, Command, Cred, Element, Group, GroupKind, Header, Item, Message, Meta,
    Results, Status, Verb,
};
use super::xml;
use crate::error_number;
use crate::limits;
use crate::message::SessionId;

/// Reads one SyncML document in XML.
pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
    document(xml::Reader::new(bytes)?)
}

/// Reads one SyncML document, whichever way it is written.
pub(super) fn document<'a>(source: impl Source<'a>) -> Result<Message, DecodeError> {
    let mut decoder = Decoder {
        source,
        elements: 0,
        document: PhantomData,
    };
    match decoder.source.next()? {
        Token::Open("SyncML") => {}
        Token::Open(name) => return Err(DecodeError::NotSyncMl(shown(name))),
        Token::Close | Token::End => return Err(DecodeError::NotSyncMl("nothing".to_owned())),
    }
    let message = decoder.message()?;
    match decoder.source.next()? {
        Token::End => Ok(message),
        _ => Err(DecodeError::malformed(
            decoder.source.at(),
            "more after the root element",
        )),
    }
}

struct Decoder<'a, S> {
    source: S,
    elements: usize,
    document: PhantomData<&'a [u8]>,
}

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
    fn message(&mut self) -> Result<Message, DecodeError> {
        let (mut header, mut body) = (None, None);
        children!(self,
            "SyncHdr" => header = Some(self.header()?),
            "SyncBody" => body = Some(self.body()?),
        );
        let header = header.ok_or(DecodeError::Missing("SyncHdr"))?;
        let (body, is_final) = body.ok_or(DecodeError::Missing("SyncBody"))?;
        Ok(Message {
            header,
            body,
            is_final,
        })
    }

    fn header(&mut self) -> Result<Header, DecodeError> {
        let (mut ver_dtd, mut ver_proto) = (String::new(), String::new());
        let (mut session_id, mut msg_id, mut source) = (None, None, None);
        let (mut target, mut cred, mut max_msg_size) = (Address::default(), None, None);
        children!(self,
            "VerDTD" => ver_dtd = self.field("VerDTD")?,
            "VerProto" => ver_proto = self.field("VerProto")?,
            "SessionID" => session_id = Some(self.field("SessionID")?),
            "MsgID" => msg_id = Some(self.text("MsgID")?),
            "Target" => target = self.address()?,
            "Source" => source = Some(self.address()?),
            "Cred" => cred = Some(self.cred()?),
            "Meta" => max_msg_size = self.max_msg_size()?,
        );
        let session_id = session_id.ok_or(DecodeError::Missing("SessionID"))?;
        if session_id.len() > limits::SESSION_ID_BYTES {
            return Err(DecodeError::TooLong("SessionID", limits::SESSION_ID_BYTES));
        }
        let msg_id = msg_id.ok_or(DecodeError::Missing("MsgID"))?;
        let bad = || DecodeError::BadField {
            field: "MsgID",
            expected: "a decimal number from 1 to 999999",
            found: shown(msg_id.trim()),
        };
        let msg_id = number(&msg_id)
            .filter(|id| (1..1_000_000).contains(id))
            .ok_or_else(bad)?;
        Ok(Header {
            ver_dtd,
            ver_proto,
            session_id: SessionId(session_id),
            msg_id,
            target,
            source: source.ok_or(DecodeError::Missing("Source"))?,
            cred,
            max_msg_size,
        })
    }

    fn address(&mut self) -> Result<Address, DecodeError> {
        let mut address = Address::default();
        children!(self,
            "LocURI" => address.uri = self.loc_uri()?,
            "LocName" => address.name = Some(self.field("LocName")?),
        );
        Ok(address)
    }

    fn cred(&mut self) -> Result<Cred, DecodeError> {
        let (mut meta, mut data) = (Meta::default(), String::new());
        children!(self,
            "Meta" => self.meta(&mut meta)?,
            "Type" => meta.kind = Some(self.field("Type")?),
            "Data" => {
                let text = self.source.content(Markup::Skip, Opaque::Base64OrBytes)?;
                data = bounded("Data", text.trim().to_owned())?;
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
        children!(self, "MaxMsgSize" => size = number(&self.text("MaxMsgSize")?));
        Ok(size)
    }

    fn body(&mut self) -> Result<(Vec<Element>, bool), DecodeError> {
        let (mut body, mut is_final) = (Vec::new(), false);
        while let Token::Open(name) = self.source.next()? {
            if name == "Final" {
                is_final = true;
                self.source.skip()?;
            } else {
                body.push(self.element(name)?);
            }
        }
        Ok((body, is_final))
    }

    fn element(&mut self, name: &str) -> Result<Element, DecodeError> {
        self.elements += 1;
        if self.elements > limits::BODY_ELEMENTS {
            return Err(DecodeError::TooMany(
                "commands in a message",
                limits::BODY_ELEMENTS,
            ));
        }
        match name {
            "Alert" => self.alert().map(Element::Alert),
            "Status" => self.status().map(Element::Status),
            "Results" => self.results().map(Element::Results),
            "Atomic" => self.group(GroupKind::Atomic).map(Element::Group),
            "Sequence" => self.group(GroupKind::Sequence).map(Element::Group),
            _ => match Verb::from_name(name) {
                Some(verb) => self.command(verb).map(Element::Command),
                None => self.unknown(name),
            },
        }
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
            "Data" => alert.code = number(&self.text("Data")?).unwrap_or(0),
            "Item" => self.item(&mut alert.items)?,
        );
        Ok(alert)
    }

    fn status(&mut self) -> Result<Status, DecodeError> {
        let mut status = Status::default();
        children!(self,
            "CmdID" => status.cmd_id = self.id()?,
            "MsgRef" => status.msg_ref = self.id()?,
            "CmdRef" => status.cmd_ref = self.id()?,
            "Cmd" => status.cmd = self.field("Cmd")?,
            "TargetRef" => self.reference(&mut status.target_refs)?,
            "SourceRef" => self.reference(&mut status.source_refs)?,
            "Chal" => status.chal = Some(self.chal()?),
            "Data" => self.status_data(&mut status)?,
            "Item" => self.item(&mut status.items)?,
        );
        Ok(status)
    }

    /// The code, and the error behind it: an attribute (Windows 10 and newer), or what
    /// stands in the code's place.
    fn status_data(&mut self, status: &mut Status) -> Result<(), DecodeError> {
        let original = self.source.attribute("originalerror");
        let original = original.and_then(|text| error_number::read(&text));
        let (code, instead) = status_code(&self.text("Data")?);
        status.code = code;
        status.original_error = original.or(instead);
        Ok(())
    }

    fn results(&mut self) -> Result<Results, DecodeError> {
        let mut results = Results::default();
        children!(self,
            "CmdID" => results.cmd_id = self.id()?,
            "MsgRef" => results.msg_ref = self.id()?,
            "CmdRef" => results.cmd_ref = self.id()?,
            "Cmd" => results.cmd = Some(self.field("Cmd")?),
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
                    "Type" => chal.kind = self.field("Type")?,
                    "Format" => chal.format = self.field("Format")?,
                    "NextNonce" => {
                        let text = self.source.content(Markup::Skip, Opaque::Bytes)?;
                        chal.next_nonce = Some(bounded("NextNonce", text.trim().to_owned())?);
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
            "Type" => item.meta.kind = Some(self.field("Type")?),
            "Format" => item.meta.format = Some(self.field("Format")?),
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
            "Format" => meta.format = Some(self.field("Format")?),
            "Type" => meta.kind = Some(self.field("Type")?),
            "Mark" => meta.mark = Some(self.field("Mark")?),
            "Size" => meta.size = number(&self.text("Size")?),
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
        into.push(bounded(
            "TargetRef",
            inner.unwrap_or(&text).trim().to_owned(),
        )?);
        Ok(())
    }

    fn id(&mut self) -> Result<Option<u32>, DecodeError> {
        Ok(number(&self.text("an id")?))
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
        bounded("LocURI", joined)
    }

    fn field(&mut self, name: &'static str) -> Result<String, DecodeError> {
        let text = self.source.content(Markup::Skip, Opaque::Text)?;
        bounded(name, text.trim().to_owned())
    }

    /// The same as it stands, for what is read on the spot.
    fn text(&mut self, name: &'static str) -> Result<Cow<'a, str>, DecodeError> {
        let text = self.source.content(Markup::Skip, Opaque::Text)?;
        if text.trim().len() > limits::FIELD_BYTES {
            return Err(DecodeError::TooLong(name, limits::FIELD_BYTES));
        }
        Ok(text)
    }
}

/// What bytes in an Item's Data are by the Format told before it. An encoder
/// may hand base64 text over as bytes, or the bytes that it stands for; with
/// Format `b64` only the first can be base64, so the two can be told apart but
/// for a few short values. Whatever Format says, the model keeps it as it came.
fn data_bytes(meta: &Meta) -> Opaque {
    match meta.format.as_deref() {
        Some("b64") => Opaque::Base64OrBytes,
        _ => Opaque::TextOrBytes,
    }
}

fn bounded(name: &'static str, text: String) -> Result<String, DecodeError> {
    if text.len() > limits::FIELD_BYTES {
        return Err(DecodeError::TooLong(name, limits::FIELD_BYTES));
    }
    Ok(text)
}

/// The code in the Data of a Status, 0 where there is none, and the HRESULT that
/// stands there instead: what failed without a code of its own is 500 (MS-MDM 2.2.6).
fn status_code(text: &str) -> (u16, Option<u32>) {
    let text = text.trim();
    if let Some(code) = number(text) {
        return (code, None);
    }
    let first = text.split_ascii_whitespace().next().unwrap_or("");
    let is_failure = |number: &u32| *number >= 0x8000_0000;
    if let Some(hresult) = error_number::read(first).filter(is_failure) {
        return (500, Some(hresult));
    }
    // Words behind it, as HTTP has them.
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let code = text.get(..digits).filter(|digits| digits.len() == 3);
    (code.and_then(number).unwrap_or(0), None)
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
