//! Our Statuses for what the device sent: the header's first, then one per
//! command in its order (MS-MDM 2.2.6.1).

use data_encoding::BASE64;

use super::alerts::is_session_alert;
use super::dev_info;
use super::keep_alive::keeps_alive;
use super::large::Part;
use crate::limits;
use modegate_wire::auth::AuthType;
use modegate_wire::message::{Alert, Chal, Cred, Cut, Element, GroupKind, Header, Message, Status};

/// What the answer to one element is.
struct Reply<'a> {
    cmd: &'a str,
    cmd_ref: Option<u32>,
    target_ref: Option<&'a str>,
    code: u16,
}

/// The header of a reply: addresses swapped, SessionID echoed.
pub(super) fn header(message: &Message, msg_id: u32) -> Header {
    let asked = &message.header;
    Header {
        ver_dtd: "1.2".to_owned(),
        ver_proto: "DM/1.2".to_owned(),
        session_id: asked.session_id.clone(),
        msg_id,
        target: asked.source.clone(),
        source: asked.target.clone(),
        cred: None,
        max_msg_size: None,
    }
}

/// The same with the server's own proof, which goes under its own name.
pub(super) fn proven_header(message: &Message, msg_id: u32, cred: Option<(Cred, &str)>) -> Header {
    let mut header = header(message, msg_id);
    if let Some((cred, name)) = cred {
        header.source.name = Some(name.to_owned());
        header.cred = Some(cred);
    }
    header
}

/// The Status of the header.
pub(super) fn header_status(
    message: &Message,
    code: u16,
    chal: Option<Chal>,
    next_id: &mut u32,
) -> Element {
    let asked = &message.header;
    Element::Status(Status {
        cmd_id: Some(take(next_id)),
        msg_ref: Some(asked.msg_id),
        cmd_ref: Some(0),
        cmd: "SyncHdr".to_owned(),
        target_refs: vec![asked.target.uri.clone()],
        source_refs: vec![asked.source.uri.clone()],
        chal,
        code,
        original_error: None,
        items: Vec::new(),
    })
}

/// Cuts the addresses of a stranger's message short where they are repeated to it.
pub(super) fn cut_addresses(header: &mut Header, status: &mut Element) {
    let refs = match status {
        Element::Status(status) => [&mut status.target_refs, &mut status.source_refs].map(Some),
        _ => [None, None],
    };
    let refs = refs.into_iter().flatten().flatten();
    let own = [&mut header.target, &mut header.source];
    for address in own.map(|place| &mut place.uri).into_iter().chain(refs) {
        shorten(address);
    }
    for place in [&mut header.target, &mut header.source] {
        if let Some(name) = &mut place.name {
            shorten(name);
        }
    }
}

fn shorten(text: &mut String) {
    let end = text.floor_char_boundary(limits::CHALLENGE_ADDRESS_BYTES);
    text.truncate(end);
}

/// The challenge that goes with a header's Status (OMA DM Security 5.4).
pub(super) fn challenge(auth_type: AuthType, nonce: [u8; 16]) -> Chal {
    Chal {
        kind: auth_type.name().to_owned(),
        format: "b64".to_owned(),
        next_nonce: Some(BASE64.encode(&nonce)),
    }
}

/// The Statuses of everything below the header; `all` puts one code on each,
/// for a peer that has not proved who it is.
pub(super) fn statuses(message: &Message, all: Option<u16>, next_id: &mut u32) -> Vec<Element> {
    message
        .body
        .iter()
        .filter_map(answer)
        .map(|reply| {
            Element::Status(Status {
                cmd_id: Some(take(next_id)),
                msg_ref: Some(message.header.msg_id),
                cmd_ref: reply.cmd_ref,
                cmd: reply.cmd.to_owned(),
                target_refs: reply.target_ref.map(str::to_owned).into_iter().collect(),
                source_refs: Vec::new(),
                chal: None,
                code: all.unwrap_or(reply.code),
                original_error: None,
                items: Vec::new(),
            })
        })
        .collect()
}

/// The Status of the element at which reading ended: too large (OMA RepPro 10).
/// A Status is answered with none.
pub(super) fn cut(message: &Message, cut: &Cut, next_id: &mut u32) -> Option<Element> {
    let cmd_ref = cut.cmd_id.filter(|_| cut.element != "Status")?;
    Some(Element::Status(Status {
        cmd_id: Some(take(next_id)),
        msg_ref: Some(message.header.msg_id),
        cmd_ref: Some(cmd_ref),
        cmd: cut.element.clone(),
        code: 413,
        ..Status::default()
    }))
}

/// The Statuses of Results that brought a piece, or nothing that is kept.
pub(super) fn chunks(message: &Message, parts: &[Part], next_id: &mut u32) -> Vec<Element> {
    let results = message.body.iter().filter_map(|element| match element {
        Element::Results(results) => Some(results),
        _ => None,
    });
    results
        .zip(parts)
        .filter_map(|(results, part)| Some((results, part.status()?)))
        .map(|(results, code)| {
            let source = results.items.last().and_then(|item| item.source.clone());
            Element::Status(Status {
                cmd_id: Some(take(next_id)),
                msg_ref: Some(message.header.msg_id),
                cmd_ref: results.cmd_id,
                cmd: "Results".to_owned(),
                target_refs: Vec::new(),
                source_refs: source.into_iter().collect(),
                chal: None,
                code,
                original_error: None,
                items: Vec::new(),
            })
        })
        .collect()
}

/// Alert 1222, by which a server asks for the rest of a package.
pub(super) fn go_on(next_id: &mut u32) -> Element {
    alert(1222, next_id)
}

/// An alert without items.
pub(super) fn alert(code: u16, next_id: &mut u32) -> Element {
    Element::Alert(Alert {
        cmd_id: Some(take(next_id)),
        code,
        items: Vec::new(),
    })
}

fn take(next_id: &mut u32) -> u32 {
    let id = *next_id;
    *next_id += 1;
    id
}

/// What one element is answered; Status and accepted Results are not.
fn answer(element: &Element) -> Option<Reply<'_>> {
    match element {
        Element::Status(_) | Element::Results(_) => None,
        Element::Alert(alert) => {
            let cmd_ref = alert.cmd_id;
            Some(Reply {
                cmd: "Alert",
                cmd_ref,
                target_ref: None,
                code: missing_id(cmd_ref).unwrap_or(alert_code(alert)),
            })
        }
        Element::Command(command) => {
            let target_ref = match &command.items[..] {
                [only] => only.target.as_deref().or(only.source.as_deref()),
                _ => None,
            };
            // A device may report its DevInfo, and nothing else (OMA DM 1.2.1, 6).
            let known = command.verb.name() == "Replace"
                && command.items.iter().all(dev_info::may_be_reported);
            let code = missing_id(command.cmd_id).unwrap_or(if known { 200 } else { 406 });
            Some(Reply {
                cmd: command.verb.name(),
                cmd_ref: command.cmd_id,
                target_ref,
                code,
            })
        }
        Element::Group(group) => {
            let cmd = match group.kind {
                GroupKind::Atomic => "Atomic",
                GroupKind::Sequence => "Sequence",
            };
            Some(Reply {
                cmd,
                cmd_ref: group.cmd_id,
                target_ref: None,
                code: missing_id(group.cmd_id).unwrap_or(406),
            })
        }
        Element::Unknown { name, cmd_id } => Some(Reply {
            cmd: name,
            cmd_ref: *cmd_id,
            target_ref: None,
            code: 400,
        }),
    }
}

fn missing_id(cmd_id: Option<u32>) -> Option<u16> {
    // CmdID "0" is the header's and never a command's (MS-MDM 2.2.2).
    (cmd_id.unwrap_or(0) == 0).then_some(400)
}

fn alert_code(alert: &Alert) -> u16 {
    match alert.code {
        1224 | 1226 => 200,
        _ if is_session_alert(alert) || keeps_alive(alert) => 200,
        // An alert that a device does not send: it is on record, and not understood.
        _ => 406,
    }
}
