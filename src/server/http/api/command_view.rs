//! A command as the API shows it: what it is, where it stands, what the device
//! answered. Never its Data.

use serde_json::{Value, json};

use modegate_core::command::{CommandState, NodeResult, Operation, Part, StoredCommand, answers};
use modegate_core::device::Device;
use modegate_core::ids::{CommandId, CommandSeq};
use modegate_core::kind::{Kind, kind_of};
use modegate_core::policy::PolicySet;
use modegate_core::session::queue::{leaves_of, state_at};
use modegate_core::time::Timestamp;

/// What is said beside a command that no table knows.
const UNCLASSIFIED: &str =
    "the classification knows no such verb and LocURI: the command is withheld in every mode";

/// Where a command stands at `now`.
pub(super) fn state_of(command: &StoredCommand, device: &Device, now: Timestamp) -> CommandState {
    match device.state.open(command.id.seq) {
        Some(open) => state_at(&device.state, open, now),
        None => command
            .parts
            .last()
            .map_or(CommandState::Queued, |part| part.state),
    }
}

/// The command.
pub(super) fn view(
    command: &StoredCommand,
    device: &Device,
    policies: &PolicySet,
    now: Timestamp,
) -> Value {
    let body = command.body.bound(&device.record.device_client_id);
    let body = body.as_ref();
    let kind = kind_of(&leaves_of(&body.operations, |verb, loc_uri| {
        policies.classify(verb, loc_uri)
    }));
    let id = |seq: &CommandSeq| {
        let device = command.id.device;
        CommandId { device, seq: *seq }.to_string()
    };
    let mut view = json!({
        "id": command.id.to_string(),
        "device": command.id.device.to_string(),
        "type": body.name,
        "kind": kind,
        "state": state_of(command, device, now).name(),
        "actor": body.actor,
        "queued_at": body.queued_at.to_string(),
        "priority": body.priority,
        "not_before": body.not_before.map(|at| at.to_string()),
        "expires_at": body.expires_at.map(|at| at.to_string()),
        "app": body.manner.app,
        "after": body.manner.after.iter().map(id).collect::<Vec<_>>(),
        "serves": body.manner.serves.and_then(|serves| Some(id(&serves.whom()?))),
        "attempts": device.state.open(command.id.seq).map(|open| open.attempts),
        "reason": command.parts.iter().rev().find_map(|part| part.reason.clone()),
        "operations": body.operations.iter().map(operation).collect::<Vec<_>>(),
        "results": results(&command.parts),
        "history": command.parts.iter().map(history).collect::<Vec<_>>(),
    });
    if kind == Kind::Unclassified {
        view["warning"] = json!(UNCLASSIFIED);
    }
    view
}

fn operation(operation: &Operation) -> Value {
    match operation {
        Operation::Node { verb, loc_uri, .. } => json!({"verb": verb.name(), "loc_uri": loc_uri}),
        Operation::Group(kind, children) => {
            json!({"group": kind.name(), "operations": children.iter().map(self::operation).collect::<Vec<_>>()})
        }
    }
}

fn history(part: &Part) -> Value {
    json!({"at": part.at.to_string(), "state": part.state.name(), "reason": part.reason})
}

/// What the device answered, a Status and the Results of its node together
/// even where they came in different messages.
fn results(parts: &[Part]) -> Vec<Value> {
    let mut merged: Vec<NodeResult> = Vec::new();
    for result in &answers(parts) {
        let half = merged.iter_mut().find(|other| {
            other.loc_uri == result.loc_uri
                && (other.status == 0 || result.status == 0)
                && !(other.data.is_some() && result.data.is_some())
        });
        match half {
            Some(other) => {
                other.status = other.status.max(result.status);
                other.data = other.data.take().or_else(|| result.data.clone());
                other.format = other.format.take().or_else(|| result.format.clone());
            }
            None => merged.push(result.clone()),
        }
    }
    merged
        .iter()
        .map(|result| {
            json!({
                "loc_uri": result.loc_uri,
                "status": (result.status != 0).then_some(result.status),
                "format": result.format,
                // What was asked of the device is what the caller wants to read.
                "data": result.data.as_ref().map(|data| data.reveal()),
            })
        })
        .collect()
}
