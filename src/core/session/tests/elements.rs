//! What goes to and fro, made by hand.

use crate::command::{CommandBody, Operation};
use crate::push::active_profiles::Target;
use crate::push::profile::Pfn;
use crate::time::Timestamp;
use modegate_wire::message::{Command, Element, Item, Meta, Results, Status, Verb};

/// An element that the device was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) msg_ref: u32,
    pub(super) cmd_ref: u32,
    pub(super) cmd: &'static str,
    pub(super) loc_uri: String,
}

pub(super) fn node(verb: Verb, loc_uri: &str) -> Operation {
    Operation::Node {
        verb,
        loc_uri: loc_uri.into(),
        format: None,
        mime: None,
        data: None,
    }
}

pub(super) fn command(verb: Verb, loc_uri: &str) -> CommandBody {
    CommandBody::new("raw", "test", Timestamp(0), vec![node(verb, loc_uri)])
}

impl Asked {
    /// The header of the message that it stood in.
    pub(super) fn header(&self) -> Asked {
        Asked {
            cmd_ref: 0,
            cmd: "SyncHdr",
            ..self.clone()
        }
    }
}

pub(super) fn note(msg_ref: u32, element: &Element, asked: &mut Vec<Asked>) {
    match element {
        Element::Command(Command {
            verb,
            cmd_id,
            items,
        }) => asked.push(Asked {
            msg_ref,
            cmd_ref: cmd_id.unwrap(),
            cmd: verb.name(),
            loc_uri: items[0].target.clone().unwrap(),
        }),
        Element::Group(group) => {
            asked.push(Asked {
                msg_ref,
                cmd_ref: group.cmd_id.unwrap(),
                cmd: group.kind.name(),
                loc_uri: String::new(),
            });
            for child in &group.children {
                note(msg_ref, child, asked);
            }
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn status(asked: &Asked, code: u16) -> Element {
    Element::Status(Status {
        msg_ref: Some(asked.msg_ref),
        cmd_ref: Some(asked.cmd_ref),
        cmd: asked.cmd.to_owned(),
        code,
        ..Status::default()
    })
}

/// Results of this Format.
pub(super) fn results(asked: &Asked, format: &str, data: &str) -> Element {
    Element::Results(Results {
        msg_ref: Some(asked.msg_ref),
        cmd_ref: Some(asked.cmd_ref),
        items: vec![Item {
            meta: Meta {
                format: Some(format.into()),
                ..Meta::default()
            },
            data: Some(data.into()),
            ..Item::default()
        }],
        ..Results::default()
    })
}

/// A push profile for every device.
pub(super) fn target() -> Target {
    Target {
        id: uuid::Uuid::nil(),
        app_id: "app".into(),
        pfn: Pfn::parse("Contoso.Portal_8wekyb3d8bbwe").unwrap(),
        groups: Vec::new(),
    }
}
