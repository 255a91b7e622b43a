//! A command: one management operation queued for a device, and what became of it.

mod lease;
mod options;
mod part;
mod size;

pub use lease::{ElementName, Lease};
pub(crate) use options::RETRIES;
pub use options::{ExecutionOptions, Lenient, ServerPurpose, Unanswered};
pub use part::{NodeResult, Part, answers};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ids::{CommandId, CommandSeq};
use crate::kind::{Kind, Leaf, kind_of};
use crate::limits;
use crate::loc_uri::{LocUri, key_value};
use crate::named::named;
use crate::secret::Secret;
use crate::time::Timestamp;
use modegate_wire::message::{GroupKind, Verb};

/// What a command carries: what it was called by its caller and the SyncML
/// operations it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandBody {
    /// The API's `type`, for people; no decision looks at it.
    pub name: String,
    /// Who queued it, e.g. `api:admin`.
    pub actor: String,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Not to be sent before.
    pub not_before: Option<Timestamp>,
    /// Not to be sent after.
    pub expires_at: Option<Timestamp>,
    /// Higher goes first.
    pub priority: i32,
    /// How it is carried out.
    pub options: ExecutionOptions,
    /// What it does, in order. Several are one command: it is done when all are.
    pub operations: Vec<Operation>,
}

/// Stands in a LocURI or in Data for the key of MDM_Client, until the command
/// goes out: what is learned of the device meanwhile counts for it too. A
/// private-use character, which no caller may send.
pub(crate) const CLIENT_ID: char = '\u{E000}';

/// What is expected of a key of MDM_Client, where this one cannot stand in a LocURI.
pub fn client_key_fault(client_id: &str) -> Option<&'static str> {
    let keys = [("DeviceClientID", client_id)];
    let fault = LocUri::instance("MDM_Client", keys.into_iter())
        .node()
        .err()?;
    Some(fault.expected())
}

/// One element of a command as it stands on the wire, in document order: each
/// takes one CmdID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed<'a> {
    /// Which element.
    pub name: ElementName,
    /// The node, unless it is a group.
    pub loc_uri: Option<&'a LocUri>,
    /// Whether it stands at the top, not inside a group.
    pub top: bool,
}

impl CommandBody {
    /// A command that may go at any time, carried out as usual.
    pub fn new(
        name: impl Into<String>,
        actor: impl Into<String>,
        queued_at: Timestamp,
        operations: Vec<Operation>,
    ) -> Self {
        CommandBody {
            name: name.into(),
            actor: actor.into(),
            queued_at,
            not_before: None,
            expires_at: None,
            priority: 0,
            options: ExecutionOptions::default(),
            operations,
        }
    }

    /// The command as it goes out to a device with this key of MDM_Client.
    pub fn bound(&self, client_id: &str) -> Cow<'_, CommandBody> {
        if !self.operations.iter().any(Operation::is_unbound) {
            return Cow::Borrowed(self);
        }
        let mut body = self.clone();
        for operation in &mut body.operations {
            operation.bind(client_id);
        }
        Cow::Owned(body)
    }

    /// The command with every Add turned into a Replace.
    pub(crate) fn as_replace(&self) -> CommandBody {
        let mut body = self.clone();
        for operation in &mut body.operations {
            operation.replace();
        }
        body
    }

    /// Its elements in document order.
    pub(crate) fn placed(&self) -> Vec<Placed<'_>> {
        fn walk<'a>(operations: &'a [Operation], top: bool, into: &mut Vec<Placed<'a>>) {
            for operation in operations {
                match operation {
                    Operation::Node { verb, loc_uri, .. } => {
                        into.push(Placed {
                            name: ElementName::Verb(*verb),
                            loc_uri: Some(loc_uri),
                            top,
                        });
                    }
                    Operation::Group(kind, children) => {
                        into.push(Placed {
                            name: ElementName::Group(*kind),
                            loc_uri: None,
                            top,
                        });
                        walk(children, false, into);
                    }
                }
            }
        }
        let mut placed = Vec::new();
        walk(&self.operations, true, &mut placed);
        placed
    }
}

/// One SyncML element of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// A verb on one node.
    Node {
        /// The verb.
        verb: Verb,
        /// The node, as it is to go on the wire.
        loc_uri: LocUri,
        /// `Meta/Format`.
        format: Option<String>,
        /// `Meta/Type`.
        mime: Option<String>,
        /// `Data`, which may hold a password or a key.
        data: Option<Secret>,
    },
    /// Operations in an Atomic or Sequence.
    Group(GroupKind, Vec<Operation>),
}

impl Operation {
    /// A Get.
    pub fn get(loc_uri: LocUri) -> Self {
        Operation::node(Verb::Get, loc_uri, None)
    }

    /// A verb on a node, with data of no stated format.
    pub fn node(verb: Verb, loc_uri: impl Into<LocUri>, data: Option<Secret>) -> Self {
        Operation::Node {
            verb,
            loc_uri: loc_uri.into(),
            format: None,
            mime: None,
            data,
        }
    }

    fn is_unbound(&self) -> bool {
        match self {
            Operation::Node { loc_uri, data, .. } => {
                let unbound = |text: &str| text.contains(CLIENT_ID);
                unbound(loc_uri.as_str())
                    || data.as_ref().is_some_and(|data| unbound(data.reveal()))
            }
            Operation::Group(_, children) => children.iter().any(Operation::is_unbound),
        }
    }

    fn bind(&mut self, client_id: &str) {
        match self {
            Operation::Node { loc_uri, data, .. } => {
                let key = key_value(client_id);
                *loc_uri = loc_uri.as_str().replace(CLIENT_ID, &key).into();
                if let Some(text) = data {
                    *text = Secret::new(text.reveal().replace(CLIENT_ID, client_id));
                }
            }
            Operation::Group(_, children) => {
                for child in children {
                    child.bind(client_id);
                }
            }
        }
    }

    fn replace(&mut self) {
        match self {
            Operation::Node { verb, .. } if *verb == Verb::Add => *verb = Verb::Replace,
            Operation::Node { .. } => {}
            Operation::Group(_, children) => {
                for child in children {
                    child.replace();
                }
            }
        }
    }

    /// How many CmdIDs the operation takes, its children's with it.
    pub fn ids(&self) -> u32 {
        match self {
            Operation::Node { .. } => 1,
            Operation::Group(_, children) => 1 + children.iter().map(Operation::ids).sum::<u32>(),
        }
    }
}

named! {
    /// Where a command stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum CommandState by eq {
        /// Waits for a session that may carry it.
        Queued = "queued",
        /// Went out; no final Status yet.
        Sent = "sent",
        /// The device accepted it (202), or did it and it is to be confirmed.
        Accepted = "accepted",
        /// Every Status says done.
        Succeeded = "succeeded",
        /// It failed, or was refused.
        Failed = "failed",
        /// It went out and nobody knows whether it was done.
        Unconfirmed = "unconfirmed",
        /// Taken back before it went.
        Cancelled = "cancelled",
        /// Its time passed before it went.
        Expired = "expired",
    }
}

impl CommandState {
    /// Whether nothing can happen to the command any more.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            CommandState::Succeeded
                | CommandState::Failed
                | CommandState::Cancelled
                | CommandState::Expired
        )
    }
}

/// What every exchange must know of a command that is not final: its order,
/// its rule attributes, its leases. The body lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCommand {
    /// Its number on the device.
    pub seq: CommandSeq,
    /// What a policy sees of it.
    pub leaves: Vec<Leaf>,
    /// Where it stands; never a final state.
    pub state: CommandState,
    /// Higher goes first.
    pub priority: i32,
    /// Not to be sent before.
    pub not_before: Option<Timestamp>,
    /// Not to be sent after.
    pub expires_at: Option<Timestamp>,
    /// Encoded length of its elements, CmdIDs at their longest, bytes.
    pub bytes: u32,
    /// How many CmdIDs it takes.
    pub ids: u32,
    /// Under which numbers it went out, the newest first, at most two.
    pub leases: Vec<Lease>,
    /// Result parts stored so far.
    pub parts: u32,
    /// Until when an `unconfirmed` or `accepted` outcome stays open.
    pub deadline: Option<Timestamp>,
    /// How it is carried out.
    pub options: ExecutionOptions,
    /// How often it was sent and answered by a Status that may pass.
    pub attempts: u8,
    /// Whether its Adds go as Replace: what they add exists already.
    pub as_replace: bool,
    /// The nodes that the table does not know, which an operator's policy files
    /// may classify.
    pub unknown: Vec<(Verb, LocUri)>,
    /// How many deliveries in a row got no answer that was understood.
    #[serde(default)]
    pub unanswered: u8,
    /// While it is `unconfirmed`: what stood ahead of it in the same reply, none of
    /// which was answered either.
    #[serde(default)]
    pub ahead: Vec<CommandSeq>,
    /// Bytes of its answers that were kept ([`NodeResult::bytes`]).
    #[serde(default)]
    pub answer_bytes: u64,
    /// Whether there are such nodes that had no room there: they stand in its body.
    #[serde(default)]
    pub has_more_unknown: bool,
    /// Whether the event that it was queued by says what it touches. Where not, each
    /// decision on it does.
    #[serde(default)]
    pub is_on_record: bool,
}

impl OpenCommand {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        kind_of(&self.leaves)
    }

    /// Whether it must not run twice unasked: a password reset or an app job
    /// whose answer was lost may have been done.
    pub(crate) fn is_unrepeatable(&self) -> bool {
        self.options.unanswered != Unanswered::SendAgain
    }

    /// Whether its answers are values for the inventory. The status of a job that the
    /// server asks for while it runs is not; an inventory of jobs is.
    pub(crate) fn brings_inventory(&self) -> bool {
        let options = &self.options;
        let walks = options.walk > 0 || matches!(options.purpose, Some(ServerPurpose::Walk(_)));
        self.leaves.iter().any(|leaf| match leaf.kind {
            Kind::Inventory | Kind::UserRead => leaf.verb == Verb::Get,
            Kind::AppStatus => walks && leaf.verb == Verb::Get,
            _ => false,
        })
    }

    /// Whether somebody may want it sent again: it is unconfirmed, or was tried and pauses.
    pub fn may_be_retried(&self, state: CommandState) -> bool {
        let was_tried = self.attempts > 0 || self.unanswered > 0;
        state == CommandState::Unconfirmed || (state == CommandState::Queued && was_tried)
    }

    /// Puts it back into the queue, what went out of it forgotten.
    pub(crate) fn put_back(&mut self) {
        self.state = CommandState::Queued;
        self.deadline = None;
        self.leases.clear();
    }

    /// Whether it goes alone, after all else: what went with it might be lost.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.ends_enrollment() || self.is_suspect() || self.sets_channel()
    }

    /// Whether it sets the push channel, on which a device may hang.
    pub(crate) fn sets_channel(&self) -> bool {
        let sets = |leaf: &Leaf| leaf.kind == Kind::WnsConfiguration && leaf.verb != Verb::Get;
        self.leaves.iter().any(sets)
    }

    /// Whether it does more than read.
    pub(crate) fn acts(&self) -> bool {
        self.leaves.iter().any(|leaf| leaf.verb != Verb::Get)
    }

    /// Whether the device is gone once it is done.
    pub(crate) fn ends_enrollment(&self) -> bool {
        self.is_unenroll() || self.is_wipe()
    }

    /// Whether it wipes the device.
    pub(crate) fn is_wipe(&self) -> bool {
        self.leaves.iter().any(|leaf| leaf.kind == Kind::RemoteWipe)
    }

    /// Whether it went out so often without an answer that the device may have stopped
    /// at it.
    pub(crate) fn is_suspect(&self) -> bool {
        self.unanswered >= limits::UNANSWERED_TOGETHER
    }

    /// Whether another unanswered delivery is its last.
    pub(crate) fn is_last_try(&self) -> bool {
        self.unanswered + 1 >= limits::UNANSWERED_MOST
    }

    /// Whether it writes, so that the device reads a document of somebody's making.
    pub(crate) fn writes(&self) -> bool {
        let reads = |verb| matches!(verb, Verb::Get | Verb::Exec);
        self.leaves.iter().any(|leaf| !reads(leaf.verb))
    }

    /// Whether it unenrolls the device, after which there is silence.
    pub(crate) fn is_unenroll(&self) -> bool {
        self.leaves.iter().any(|leaf| leaf.kind == Kind::Unenroll)
    }
}

/// A command and its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommand {
    /// Its id.
    pub id: CommandId,
    /// What was queued.
    pub body: CommandBody,
    /// What became of it, in order.
    pub parts: Vec<Part>,
}
