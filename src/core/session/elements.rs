//! Command bodies as SyncML elements.

use crate::command::{CommandBody, ElementName, Lease, Operation};
use crate::ids::SessionNo;
use modegate_wire::encode::element_len;
use modegate_wire::message::{Command, Element, Group, Item, Meta};

/// The elements of `body`, their CmdIDs counted on from `next_id`.
pub(super) fn elements(body: &CommandBody, next_id: &mut u32) -> Vec<Element> {
    body.operations
        .iter()
        .map(|operation| element(operation, next_id))
        .collect()
}

fn element(operation: &Operation, next_id: &mut u32) -> Element {
    let cmd_id = Some(*next_id);
    *next_id += 1;
    match operation {
        Operation::Node {
            verb,
            loc_uri,
            format,
            mime,
            data,
        } => Element::Command(Command {
            verb: *verb,
            cmd_id,
            items: vec![Item {
                target: Some(loc_uri.to_string()),
                meta: Meta {
                    format: format.clone(),
                    kind: mime.clone(),
                    ..Meta::default()
                },
                data: data.as_ref().map(|data| data.reveal().to_owned()),
                ..Item::default()
            }],
        }),
        Operation::Group(kind, children) => Element::Group(Group {
            kind: *kind,
            cmd_id,
            children: children
                .iter()
                .map(|child| element(child, next_id))
                .collect(),
        }),
    }
}

/// The encoded length of `body`, with the longest CmdIDs it can get: in XML,
/// which WBXML never exceeds (shown in the tests of the codecs).
pub(super) fn encoded_len(body: &CommandBody) -> usize {
    let mut id = crate::limits::NUMBERS_WRAP;
    elements(body, &mut id).iter().map(element_len).sum()
}

/// The lease of `body` under these numbers.
pub(super) fn lease(body: &CommandBody, session: SessionNo, message: u32, first_id: u32) -> Lease {
    let placed = body.placed();
    Lease {
        session,
        message,
        first_id,
        statuses: vec![0; placed.len()],
        elements: placed
            .iter()
            .map(|element| element.name)
            .collect::<Vec<ElementName>>(),
        top: placed.iter().map(|element| element.top).collect(),
    }
}
