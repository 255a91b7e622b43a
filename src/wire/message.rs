//! The OMA DM 1.2 message as types (OMA SyncML Representation Protocol 1.2.2;
//! MS-MDM 2.2). Names are those of the DTD.
//!
//! Everything here is what a peer *said*: identifiers are numbers or opaque
//! text, nothing is interpreted.

use serde::{Deserialize, Serialize};

use crate::fault::DecodeError;

/// `SessionID`, opaque text of the device's choice (`0` is legal); it repeats
/// across reboots, so it names a session only together with its device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct SessionId(pub String);

/// One SyncML document, in either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `SyncHdr`.
    pub header: Header,
    /// The children of `SyncBody` in the order they came, `Final` aside.
    pub body: Vec<Element>,
    /// Whether `Final` was there: the last message of its package.
    pub is_final: bool,
    /// What reading it came upon. Empty for a message that is written.
    pub reading: Reading,
}

/// How a document was read: its structure strictly, its values as far as they
/// can be. What had to be amended or left out stands here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// What was wrong with values.
    pub amended: Amended,
    /// Where reading ended before the document did.
    pub cut: Option<Cut>,
}

/// How many values were not what they should be, by what was wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amended {
    /// Bytes that are not UTF-8, or characters that XML does not allow: each was
    /// replaced with U+FFFD.
    pub characters: u32,
    /// References to entities that XML does not define, and bare `&`: kept as
    /// they stand.
    pub references: u32,
    /// An XML declaration, a DOCTYPE or markup without its end: kept as it stands.
    pub markup: u32,
    /// A field other than Data that is too long: the rest was cut off.
    pub shortened: u32,
}

impl Amended {
    /// Each kind in words with its count, those that occurred.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let all = [
            (
                self.characters,
                "contained characters or bytes that are not text: each was replaced with U+FFFD",
            ),
            (
                self.references,
                "contained undefined entities or a bare '&': kept as received",
            ),
            (
                self.markup,
                "contained an XML declaration, a DOCTYPE or unbalanced markup: kept as received",
            ),
            (self.shortened, "were too long and were cut off"),
        ];
        let occurred = all.into_iter().filter(|(count, _)| *count > 0);
        occurred.map(|(count, what)| format!("values of the message ({count}) {what}"))
    }
}

/// Bytes that are no message, with what was read of its header: whom it names,
/// and what it shows to prove that. Fields that were not reached are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Why.
    pub error: DecodeError,
    /// The header as far as it was read.
    pub header: Box<Header>,
}

impl From<DecodeError> for Unreadable {
    /// Nothing of the header was read.
    fn from(error: DecodeError) -> Self {
        Unreadable {
            error,
            header: Box::default(),
        }
    }
}

/// The element of SyncBody at which a bound was exceeded. It and what follows it
/// are not in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The bound.
    pub bound: DecodeError,
    /// The element's name.
    pub element: String,
    /// Its `CmdID`, as far as it was read.
    pub cmd_id: Option<u32>,
    /// Its `MsgRef`.
    pub msg_ref: Option<u32>,
    /// Its `CmdRef`.
    pub cmd_ref: Option<u32>,
}

impl Message {
    /// The alerts directly under `SyncBody`.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.body.iter().filter_map(|element| match element {
            Element::Alert(alert) => Some(alert),
            _ => None,
        })
    }
}

/// `SyncHdr`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `VerDTD`, `1.2` for everything that this server speaks.
    pub ver_dtd: String,
    /// `VerProto`, `DM/1.2`.
    pub ver_proto: String,
    /// `SessionID`: opaque text chosen by the device; `0` is legal.
    pub session_id: SessionId,
    /// `MsgID`: counts from 1 on each side.
    pub msg_id: u32,
    /// `Target`.
    pub target: Address,
    /// `Source`. In a device's message its `./DevInfo/DevId`.
    pub source: Address,
    /// `Cred`, when the peer proves itself inside SyncML.
    pub cred: Option<Cred>,
    /// `Meta/MaxMsgSize` in bytes, when told.
    pub max_msg_size: Option<u32>,
}

/// `Target` or `Source`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// `LocURI`, trimmed of the white space around it.
    pub uri: String,
    /// `LocName`.
    pub name: Option<String>,
}

/// `Cred`: the type as sent (`syncml:auth-basic`, `syncml:auth-md5`) and its
/// data. The data is a secret: it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Cred {
    /// `Meta/Type`.
    pub kind: String,
    /// `Data` as sent, base64.
    pub data: String,
}

impl std::fmt::Debug for Cred {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cred")
            .field("kind", &self.kind)
            .field("data", &"***")
            .finish()
    }
}

/// `Chal`: a challenge in a `Status` of `SyncHdr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chal {
    /// `Meta/Type`, e.g. `syncml:auth-md5`.
    pub kind: String,
    /// `Meta/Format`, `b64`.
    pub format: String,
    /// `Meta/NextNonce`, base64 of the raw nonce.
    pub next_nonce: Option<String>,
}

/// One child of `SyncBody`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// `Alert`.
    Alert(Alert),
    /// `Status`.
    Status(Status),
    /// `Results`.
    Results(Results),
    /// `Add`, `Replace`, `Delete`, `Get`, `Exec` or `Copy`.
    Command(Command),
    /// `Atomic` or `Sequence`.
    Group(Group),
    /// Anything else that stood there, known by its name; answered 400 or 406.
    Unknown {
        /// The element's local name.
        name: String,
        /// Its `CmdID`, if it had one that is a number.
        cmd_id: Option<u32>,
    },
}

/// What a command does to its node.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Verb {
    /// Creates a node.
    Add,
    /// Sets a node's value.
    Replace,
    /// Removes a node with what is below it.
    Delete,
    /// Reads a node.
    Get,
    /// Runs a node.
    Exec,
    /// Copies a node.
    Copy,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Verb; 6] = [
        Verb::Add,
        Verb::Replace,
        Verb::Delete,
        Verb::Get,
        Verb::Exec,
        Verb::Copy,
    ];

    /// The element's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Add => "Add",
            Verb::Replace => "Replace",
            Verb::Delete => "Delete",
            Verb::Get => "Get",
            Verb::Exec => "Exec",
            Verb::Copy => "Copy",
        }
    }

    /// The verb of that name, in exactly the DTD's spelling.
    pub fn from_name(name: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

/// A management command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The element.
    pub verb: Verb,
    /// `CmdID`; missing is `None` and answered 400.
    pub cmd_id: Option<u32>,
    /// `Item`s, in order.
    pub items: Vec<Item>,
}

/// `Atomic` or `Sequence`: commands and further groups, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which of the two.
    pub kind: GroupKind,
    /// `CmdID`.
    pub cmd_id: Option<u32>,
    /// Children: `Command`, `Group`, or what should not stand there.
    pub children: Vec<Element>,
}

/// Which group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum GroupKind {
    /// All or nothing, in order.
    Atomic,
    /// In order.
    Sequence,
}

impl GroupKind {
    /// The element's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            GroupKind::Atomic => "Atomic",
            GroupKind::Sequence => "Sequence",
        }
    }
}

/// `Item`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// `Target/LocURI`, trimmed.
    pub target: Option<String>,
    /// `Source/LocURI`, trimmed.
    pub source: Option<String>,
    /// `Meta`.
    pub meta: Meta,
    /// `Data`: text as it was meant (entities and CDATA resolved, white space
    /// kept), or, where markup stood inside, the markup as it came.
    pub data: Option<String>,
    /// Whether `MoreData` was there: a chunk of a large object.
    pub more_data: bool,
}

/// `Meta` of an item or alert (`syncml:metinf`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// `Format`: `chr`, `int`, `bool`, `b64`, `bin`, `xml`, `node`, `null`, …
    pub format: Option<String>,
    /// `Type`, a media type or an alert's type.
    pub kind: Option<String>,
    /// `Mark` of a generic alert.
    pub mark: Option<String>,
    /// `Size` of a large object, in bytes.
    pub size: Option<u64>,
}

/// `Alert`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alert {
    /// `CmdID`.
    pub cmd_id: Option<u32>,
    /// `Data`: the alert code, 0 where there was none.
    pub code: u16,
    /// `Item`s.
    pub items: Vec<Item>,
}

/// `Status`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// `CmdID`.
    pub cmd_id: Option<u32>,
    /// `MsgRef`; missing means 1 (OMA RepPro).
    pub msg_ref: Option<u32>,
    /// `CmdRef`; missing means 1, 0 is the header.
    pub cmd_ref: Option<u32>,
    /// `Cmd`: the name of the element that this answers, e.g. `SyncHdr`; empty where
    /// it was left out.
    pub cmd: String,
    /// `TargetRef`s, bare text.
    pub target_refs: Vec<String>,
    /// `SourceRef`s, bare text.
    pub source_refs: Vec<String>,
    /// `Chal`.
    pub chal: Option<Chal>,
    /// `Data`: the status code, 0 where there was none that can be read.
    pub code: u16,
    /// The error behind it: the attribute `msft:originalerror`, or an HRESULT in the
    /// place of the code.
    pub original_error: Option<u32>,
    /// `Item`s.
    pub items: Vec<Item>,
}

impl Status {
    /// Whether it answers the header: CmdRef 0, or no CmdRef and the header's name.
    pub fn is_of_header(&self) -> bool {
        match self.cmd_ref {
            Some(id) => id == 0,
            None => self.cmd.eq_ignore_ascii_case("SyncHdr"),
        }
    }

    /// Whether it may answer an element of that name: it names it, in whatever letter
    /// case, or nothing.
    pub fn may_answer(&self, name: &str) -> bool {
        self.cmd.is_empty() || self.cmd.eq_ignore_ascii_case(name)
    }
}

/// `Results`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Results {
    /// `CmdID`.
    pub cmd_id: Option<u32>,
    /// `MsgRef`; missing means 1.
    pub msg_ref: Option<u32>,
    /// `CmdRef`; missing means 1.
    pub cmd_ref: Option<u32>,
    /// `Cmd`, which native clients leave out.
    pub cmd: Option<String>,
    /// `TargetRef`s.
    pub target_refs: Vec<String>,
    /// `SourceRef`s.
    pub source_refs: Vec<String>,
    /// `Meta` of the whole.
    pub meta: Meta,
    /// `Item`s: `Source/LocURI` names the node, `Data` its value.
    pub items: Vec<Item>,
}
