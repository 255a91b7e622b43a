//! A command as a device's state knows it while it is open.

use std::borrow::Cow;

use crate::classify::classify;
use crate::command::{CommandBody, CommandState, OpenCommand, Operation, Unanswered};
use crate::device::{DeviceRecord, DeviceState};
use crate::event::Touched;
use crate::ids::CommandSeq;
use crate::kind::{Kind, Leaf};
use crate::limits;
use crate::loc_uri::{LocUri, Node};
use crate::session::bodies::Bodies;
use crate::session::elements::encoded_len;
use modegate_wire::message::Verb;

/// By how much a command may grow when another key of MDM_Client is learned:
/// in a LocURI and in Data, percent-encoded.
const CLIENT_ID_GROWTH: usize = 1024;

/// The leaves that a policy looks at, one per different (verb, kind, class),
/// groups opened, each as `classify` says.
pub fn leaves_of(operations: &[Operation], classify: impl Fn(Verb, &LocUri) -> Leaf) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    each_node(operations, &mut |verb, loc_uri| {
        let leaf = classify(verb, loc_uri);
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
    });
    leaves
}

fn each_node(operations: &[Operation], see: &mut impl FnMut(Verb, &LocUri)) {
    for operation in operations {
        match operation {
            Operation::Node { verb, loc_uri, .. } => see(*verb, loc_uri),
            Operation::Group(_, children) => each_node(children, see),
        }
    }
}

/// A command as the device's state knows it while it is open.
pub(super) fn opened(
    state: &DeviceState,
    seq: CommandSeq,
    body: &CommandBody,
    client_id: &str,
) -> OpenCommand {
    let bound = body.bound(client_id);
    let mut leaves = leaves_of(&bound.operations, classify);
    let mut bytes = encoded_len(&bound);
    let mut unknown = unknown_of(&bound.operations);
    if body.options.set {
        let replace = bound.as_replace();
        bytes = bytes.max(encoded_len(&replace));
        for leaf in leaves_of(&replace.operations, classify) {
            if !leaves.contains(&leaf) {
                leaves.push(leaf);
            }
        }
        for node in unknown_of(&replace.operations) {
            if !unknown.contains(&node) {
                unknown.push(node);
            }
        }
    }
    let has_more_unknown = unknown_bytes(&unknown) > unknown_room(state);
    if has_more_unknown {
        unknown.clear();
    }
    if matches!(bound, Cow::Owned(_)) {
        // The key that is learned meanwhile may be longer.
        bytes += CLIENT_ID_GROWTH;
    }
    let mut options = body.options.clone();
    if options.unanswered == Unanswered::SendAgain {
        options.unanswered = unanswered(&leaves);
    }
    let mut open = OpenCommand {
        answer_bytes: 0,
        seq,
        leaves,
        state: CommandState::Queued,
        priority: body.priority,
        not_before: body.not_before,
        expires_at: body.expires_at,
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        ids: body.operations.iter().map(Operation::ids).sum(),
        leases: Vec::new(),
        parts: 0,
        deadline: None,
        options,
        attempts: 0,
        as_replace: false,
        unknown,
        unanswered: 0,
        ahead: Vec::new(),
        has_more_unknown,
        is_on_record: false,
    };
    open.is_on_record = has_more_unknown || !Touched::of_open(&open).partial;
    open
}

/// Puts a command that the server queues itself into the state; its number.
pub(in crate::session) fn open_own(
    state: &mut DeviceState,
    body: &CommandBody,
    record: &DeviceRecord,
    bodies: &mut Bodies<'_>,
) -> CommandSeq {
    let seq = CommandSeq(state.next_command.max(1));
    state.next_command = seq.0 + 1;
    let client_id = state.client_id(record);
    let open = opened(state, seq, body, client_id);
    bodies.add(seq, body, client_id);
    state.open.push(open);
    seq
}

/// The nodes that the table does not know: each once, those of WMI without their keys, of
/// which no classification depends. A policy file may classify all but those that are odd.
pub(in crate::session) fn unknown_of(operations: &[Operation]) -> Vec<(Verb, LocUri)> {
    let mut unknown = Vec::new();
    each_node(operations, &mut |verb, loc_uri| {
        if classify(verb, loc_uri).kind != Kind::Unclassified {
            return;
        }
        let shape = match loc_uri.node() {
            Ok(Node::Wmi(node)) => node.shape(),
            Ok(Node::Tree(_)) | Err(_) => loc_uri.clone(),
        };
        if !unknown.contains(&(verb, shape.clone())) {
            unknown.push((verb, shape));
        }
    });
    unknown
}

fn unknown_bytes(unknown: &[(Verb, LocUri)]) -> usize {
    unknown.iter().map(|(_, node)| node.as_str().len()).sum()
}

/// How many bytes of such nodes the device's row still has room for.
fn unknown_room(state: &DeviceState) -> usize {
    let used = state.open.iter().map(|open| unknown_bytes(&open.unknown));
    limits::UNKNOWN_BYTES.saturating_sub(used.sum())
}

/// A password reset, a wipe or an app job whose answer was lost may have been
/// done. A wipe sent again would wipe what was set up since.
pub(super) fn unanswered(leaves: &[Leaf]) -> Unanswered {
    let execs = |kind| {
        leaves
            .iter()
            .any(|leaf| leaf.verb == Verb::Exec && leaf.kind == kind)
    };
    if execs(Kind::PasswordReset) || execs(Kind::RemoteWipe) {
        Unanswered::Keep
    } else if execs(Kind::AppInstall) {
        Unanswered::Check
    } else {
        Unanswered::SendAgain
    }
}
