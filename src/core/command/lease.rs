//! A delivery of a command: the numbers under which it went out.

use serde::{Deserialize, Serialize};

use crate::ids::SessionNo;
use modegate_wire::message::{GroupKind, Verb};

/// One delivery of a command: by these numbers its answers refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// In which session.
    pub session: SessionNo,
    /// The server's MsgID that carried it.
    pub message: u32,
    /// The first of its CmdIDs; the others follow in document order.
    pub first_id: u32,
    /// The worst status per CmdID in that order, 0 where none has come.
    pub statuses: Vec<u16>,
    /// The verb or group of each CmdID, which a Status must name as `Cmd`.
    pub elements: Vec<ElementName>,
    /// Bit n: CmdID n stands at the top, not inside a group.
    pub top: Vec<bool>,
}

/// The element that a CmdID stood on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElementName {
    /// A command.
    Verb(Verb),
    /// A group.
    Group(GroupKind),
}

impl ElementName {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            ElementName::Verb(verb) => verb.name(),
            ElementName::Group(kind) => kind.name(),
        }
    }
}
