//! The message model to XML, strictly: DTD order, one single line without
//! white space between tags (on anything else Windows 8.1's parser stops
//! silently), `syncml:metinf` on each child of Meta, no CDATA.

use std::fmt::Write;

use super::message::{
    Address, Alert, Chal, Command, Cred, Element, Group, Header, Item, Message, Meta, Results,
    Status,
};
use super::xml::{escape_into, is_xml_char};

const METINF: &str = " xmlns=\"syncml:metinf\"";

/// Writes one SyncML document.
pub fn encode(message: &Message) -> String {
    let mut out = Writer(String::with_capacity(2048));
    out.0.push_str("<SyncML xmlns=\"SYNCML:SYNCML1.2\">");
    header(&mut out, &message.header);
    out.0.push_str("<SyncBody>");
    for child in &message.body {
        element(&mut out, child);
    }
    if message.is_final {
        out.0.push_str("<Final/>");
    }
    out.0.push_str("</SyncBody></SyncML>");
    out.0
}

/// The length that [`encode`] gives one child of SyncBody, bytes.
pub fn element_len(child: &Element) -> usize {
    let mut out = Writer(String::with_capacity(512));
    element(&mut out, child);
    out.0.len()
}

/// The length of everything around the children of SyncBody, bytes.
pub fn frame_len(of: &Header) -> usize {
    let mut out = Writer(String::with_capacity(512));
    header(&mut out, of);
    out.0.len() + "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncBody><Final/></SyncBody></SyncML>".len()
}

/// Whether XML can carry the text; else where (in characters) and which
/// character it cannot.
pub fn is_xml_text(text: &str) -> Result<(), (usize, char)> {
    text.chars()
        .enumerate()
        .find(|&(_, character)| !is_xml_char(character))
        .map_or(Ok(()), Err)
}

struct Writer(String);

impl Writer {
    fn text(&mut self, name: &str, attributes: &str, text: &str) {
        self.open(name, attributes);
        escape_into(&mut self.0, text);
        self.close(name);
    }

    fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.open(name, "");
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{number}");
        self.close(name);
    }

    fn open(&mut self, name: &str, attributes: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str(attributes);
        self.0.push('>');
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    fn id(&mut self, name: &str, id: Option<u32>) {
        if let Some(id) = id {
            self.number(name, id);
        }
    }
}

fn header(out: &mut Writer, header: &Header) {
    out.open("SyncHdr", "");
    out.text("VerDTD", "", &header.ver_dtd);
    out.text("VerProto", "", &header.ver_proto);
    out.text("SessionID", "", &header.session_id.0);
    out.number("MsgID", header.msg_id);
    address(out, "Target", &header.target);
    address(out, "Source", &header.source);
    if let Some(cred) = &header.cred {
        credential(out, cred);
    }
    if let Some(size) = header.max_msg_size {
        out.open("Meta", "");
        out.text("MaxMsgSize", METINF, &size.to_string());
        out.close("Meta");
    }
    out.close("SyncHdr");
}

fn address(out: &mut Writer, name: &str, address: &Address) {
    out.open(name, "");
    out.text("LocURI", "", &address.uri);
    if let Some(name) = &address.name {
        out.text("LocName", "", name);
    }
    out.close(name);
}

fn credential(out: &mut Writer, cred: &Cred) {
    out.open("Cred", "");
    out.open("Meta", "");
    out.text("Format", METINF, "b64");
    out.text("Type", METINF, &cred.kind);
    out.close("Meta");
    out.text("Data", "", &cred.data);
    out.close("Cred");
}

fn element(out: &mut Writer, element: &Element) {
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

fn alert(out: &mut Writer, alert: &Alert) {
    out.open("Alert", "");
    out.id("CmdID", alert.cmd_id);
    out.number("Data", alert.code);
    items(out, &alert.items);
    out.close("Alert");
}

fn status(out: &mut Writer, status: &Status) {
    out.open("Status", "");
    out.id("CmdID", status.cmd_id);
    out.id("MsgRef", status.msg_ref);
    out.id("CmdRef", status.cmd_ref);
    out.text("Cmd", "", &status.cmd);
    for target in &status.target_refs {
        out.text("TargetRef", "", target);
    }
    for source in &status.source_refs {
        out.text("SourceRef", "", source);
    }
    if let Some(chal) = &status.chal {
        challenge(out, chal);
    }
    out.number("Data", status.code);
    items(out, &status.items);
    out.close("Status");
}

fn challenge(out: &mut Writer, chal: &Chal) {
    out.open("Chal", "");
    out.open("Meta", "");
    out.text("Format", METINF, &chal.format);
    out.text("Type", METINF, &chal.kind);
    if let Some(nonce) = &chal.next_nonce {
        out.text("NextNonce", METINF, nonce);
    }
    out.close("Meta");
    out.close("Chal");
}

fn results(out: &mut Writer, results: &Results) {
    out.open("Results", "");
    out.id("CmdID", results.cmd_id);
    out.id("MsgRef", results.msg_ref);
    out.id("CmdRef", results.cmd_ref);
    if let Some(cmd) = &results.cmd {
        out.text("Cmd", "", cmd);
    }
    meta(out, &results.meta);
    for target in &results.target_refs {
        out.text("TargetRef", "", target);
    }
    for source in &results.source_refs {
        out.text("SourceRef", "", source);
    }
    items(out, &results.items);
    out.close("Results");
}

fn command(out: &mut Writer, command: &Command) {
    let name = command.verb.name();
    out.open(name, "");
    out.id("CmdID", command.cmd_id);
    items(out, &command.items);
    out.close(name);
}

fn group(out: &mut Writer, group: &Group) {
    let name = group.kind.name();
    out.open(name, "");
    out.id("CmdID", group.cmd_id);
    for child in &group.children {
        element(out, child);
    }
    out.close(name);
}

fn items(out: &mut Writer, items: &[Item]) {
    for item in items {
        out.open("Item", "");
        for (name, uri) in [("Target", &item.target), ("Source", &item.source)] {
            if let Some(uri) = uri {
                out.open(name, "");
                out.text("LocURI", "", uri);
                out.close(name);
            }
        }
        meta(out, &item.meta);
        if let Some(data) = &item.data {
            out.text("Data", "", data);
        }
        if item.more_data {
            out.0.push_str("<MoreData/>");
        }
        out.close("Item");
    }
}

fn meta(out: &mut Writer, meta: &Meta) {
    if *meta == Meta::default() {
        return;
    }
    out.open("Meta", "");
    for (name, value) in [
        ("Format", &meta.format),
        ("Type", &meta.kind),
        ("Mark", &meta.mark),
    ] {
        if let Some(value) = value {
            out.text(name, METINF, value);
        }
    }
    if let Some(size) = meta.size {
        out.text("Size", METINF, &size.to_string());
    }
    out.close("Meta");
}
