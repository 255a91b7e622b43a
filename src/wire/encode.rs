//! The message model to a document, strictly: DTD order, nothing that a device
//! does not need. The same for XML and WBXML; how elements and text become
//! bytes is their own (`super::xml_writer`, [`super::wbxml`]).

use super::events::Sink;
use super::message::{
    Address, Alert, Chal, Command, Cred, Element, Group, Header, Item, Message, Meta, Results,
    Status,
};
use super::tags::{MetInf, SyncMl};
use super::text::is_xml_char;
use super::xml_writer::Writer;

/// Writes one SyncML document in XML.
pub fn encode(message: &Message) -> String {
    let mut out = Writer::new(2048);
    document(&mut out, &message.header, &message.body, message.is_final);
    out.into_text()
}

/// The length that [`encode`] gives one child of SyncBody, bytes.
pub fn element_len(child: &Element) -> usize {
    let mut out = Writer::new(512);
    element(&mut out, child);
    out.into_text().len()
}

/// The length of everything around the children of SyncBody, `Final` included, bytes.
pub fn frame_len(of: &Header) -> usize {
    let mut out = Writer::new(512);
    document(&mut out, of, &[], true);
    out.into_text().len()
}

/// Whether XML can carry the text; else where (in characters) and which
/// character it cannot.
pub fn is_xml_text(text: &str) -> Result<(), (usize, char)> {
    text.chars()
        .enumerate()
        .find(|&(_, character)| !is_xml_char(character))
        .map_or(Ok(()), Err)
}

/// Writes a whole document.
pub(super) fn document(out: &mut impl Sink, of: &Header, body: &[Element], is_final: bool) {
    out.root();
    header(out, of);
    out.open(SyncMl::SyncBody);
    for child in body {
        element(out, child);
    }
    if is_final {
        out.empty(SyncMl::Final);
    }
    out.close(SyncMl::SyncBody);
    out.close(SyncMl::SyncML);
}

fn id(out: &mut impl Sink, tag: SyncMl, id: Option<u32>) {
    if let Some(id) = id {
        out.number(tag, id);
    }
}

fn header(out: &mut impl Sink, header: &Header) {
    out.open(SyncMl::SyncHdr);
    out.text(SyncMl::VerDTD, &header.ver_dtd);
    out.text(SyncMl::VerProto, &header.ver_proto);
    out.text(SyncMl::SessionID, &header.session_id.0);
    out.number(SyncMl::MsgID, header.msg_id);
    address(out, SyncMl::Target, &header.target);
    address(out, SyncMl::Source, &header.source);
    if let Some(cred) = &header.cred {
        credential(out, cred);
    }
    if let Some(size) = header.max_msg_size {
        out.open(SyncMl::Meta);
        out.metinf(MetInf::MaxMsgSize, &size.to_string());
        out.close(SyncMl::Meta);
    }
    out.close(SyncMl::SyncHdr);
}

fn address(out: &mut impl Sink, tag: SyncMl, address: &Address) {
    out.open(tag);
    out.text(SyncMl::LocURI, &address.uri);
    if let Some(name) = &address.name {
        out.text(SyncMl::LocName, name);
    }
    out.close(tag);
}

fn credential(out: &mut impl Sink, cred: &Cred) {
    out.open(SyncMl::Cred);
    out.open(SyncMl::Meta);
    out.metinf(MetInf::Format, "b64");
    out.metinf(MetInf::Type, &cred.kind);
    out.close(SyncMl::Meta);
    out.text(SyncMl::Data, &cred.data);
    out.close(SyncMl::Cred);
}

/// Writes one child of SyncBody.
pub(super) fn element(out: &mut impl Sink, element: &Element) {
    match element {
        Element::Alert(alert) => self::alert(out, alert),
        Element::Status(status) => self::status(out, status),
        Element::Results(results) => self::results(out, results),
        Element::Command(command) => self::command(out, command),
        Element::Group(group) => self::group(out, group),
        // What was not understood is never said again.
        Element::Unknown { .. } => {}
    }
}

fn alert(out: &mut impl Sink, alert: &Alert) {
    out.open(SyncMl::Alert);
    id(out, SyncMl::CmdID, alert.cmd_id);
    out.number(SyncMl::Data, u32::from(alert.code));
    items(out, &alert.items);
    out.close(SyncMl::Alert);
}

fn status(out: &mut impl Sink, status: &Status) {
    out.open(SyncMl::Status);
    id(out, SyncMl::CmdID, status.cmd_id);
    id(out, SyncMl::MsgRef, status.msg_ref);
    id(out, SyncMl::CmdRef, status.cmd_ref);
    out.text(SyncMl::Cmd, &status.cmd);
    for target in &status.target_refs {
        out.text(SyncMl::TargetRef, target);
    }
    for source in &status.source_refs {
        out.text(SyncMl::SourceRef, source);
    }
    if let Some(chal) = &status.chal {
        challenge(out, chal);
    }
    out.number(SyncMl::Data, u32::from(status.code));
    items(out, &status.items);
    out.close(SyncMl::Status);
}

fn challenge(out: &mut impl Sink, chal: &Chal) {
    out.open(SyncMl::Chal);
    out.open(SyncMl::Meta);
    out.metinf(MetInf::Format, &chal.format);
    out.metinf(MetInf::Type, &chal.kind);
    if let Some(nonce) = &chal.next_nonce {
        out.metinf(MetInf::NextNonce, nonce);
    }
    out.close(SyncMl::Meta);
    out.close(SyncMl::Chal);
}

fn results(out: &mut impl Sink, results: &Results) {
    out.open(SyncMl::Results);
    id(out, SyncMl::CmdID, results.cmd_id);
    id(out, SyncMl::MsgRef, results.msg_ref);
    id(out, SyncMl::CmdRef, results.cmd_ref);
    if let Some(cmd) = &results.cmd {
        out.text(SyncMl::Cmd, cmd);
    }
    meta(out, &results.meta);
    for target in &results.target_refs {
        out.text(SyncMl::TargetRef, target);
    }
    for source in &results.source_refs {
        out.text(SyncMl::SourceRef, source);
    }
    items(out, &results.items);
    out.close(SyncMl::Results);
}

fn command(out: &mut impl Sink, command: &Command) {
    let tag = SyncMl::from(command.verb);
    out.open(tag);
    id(out, SyncMl::CmdID, command.cmd_id);
    items(out, &command.items);
    out.close(tag);
}

fn group(out: &mut impl Sink, group: &Group) {
    let tag = SyncMl::from(group.kind);
    out.open(tag);
    id(out, SyncMl::CmdID, group.cmd_id);
    for child in &group.children {
        element(out, child);
    }
    out.close(tag);
}

fn items(out: &mut impl Sink, items: &[Item]) {
    for item in items {
        out.open(SyncMl::Item);
        for (tag, uri) in [
            (SyncMl::Target, &item.target),
            (SyncMl::Source, &item.source),
        ] {
            if let Some(uri) = uri {
                out.open(tag);
                out.text(SyncMl::LocURI, uri);
                out.close(tag);
            }
        }
        meta(out, &item.meta);
        if let Some(data) = &item.data {
            out.text(SyncMl::Data, data);
        }
        if item.more_data {
            out.empty(SyncMl::MoreData);
        }
        out.close(SyncMl::Item);
    }
}

fn meta(out: &mut impl Sink, meta: &Meta) {
    if *meta == Meta::default() {
        return;
    }
    out.open(SyncMl::Meta);
    for (tag, value) in [
        (MetInf::Format, &meta.format),
        (MetInf::Type, &meta.kind),
        (MetInf::Mark, &meta.mark),
    ] {
        if let Some(value) = value {
            out.metinf(tag, value);
        }
    }
    if let Some(size) = meta.size {
        out.metinf(MetInf::Size, &size.to_string());
    }
    out.close(SyncMl::Meta);
}
