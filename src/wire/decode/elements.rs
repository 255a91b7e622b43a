//! The children of SyncBody.

use super::{Decoder, number};
use crate::error_number;
use crate::events::{Markup, Opaque, Source, Token};
use crate::fault::DecodeError;
use crate::limits;
use crate::message::{
    Alert, Chal, Command, Element, Group, GroupKind, Item, Meta, Results, Status, Verb,
};

impl<'a, S: Source<'a>> Decoder<'a, S> {
    pub(super) fn element(&mut self, name: &str) -> Result<Element, DecodeError> {
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
        let (code, instead) = status_code(&self.text()?);
        status.code = code;
        status.original_error = original.or(instead);
        Ok(())
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

    pub(super) fn meta(&mut self, meta: &mut Meta) -> Result<(), DecodeError> {
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
