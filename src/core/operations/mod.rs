//! Typed commands to SyncML operations: one table of types ([`types`]), from
//! which requests are read, documents rendered and the API's schema made
//! ([`schema`]).
//!
//! Pure. What is sent is written here; what kind it is, is worked out from what
//! is sent (law 2), never from a type's name.

mod apps;
mod build;
mod certificates;
mod csp;
mod device;
mod dmclient;
mod entry;
mod form;
mod given;
mod inventory;
mod profiles;
mod raw;
pub mod schema;
mod settings;
mod types;

pub use crate::templates::{TemplateFault, Templates};
pub use device::{channel_reads, channel_set};
pub use dmclient::{channel_reads as dmclient_reads, channel_set as dmclient_set};
pub use form::{Argument, Form, Property};
pub use types::{TYPES, Type};

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::catalogue::Release;
use crate::command::{CommandBody, Manner, Operation, RETRIES};
use crate::context::Family;
use crate::fields::{FieldError, Fields};
use crate::ids::{CommandId, CommandSeq, DeviceId};
use crate::limits;
use crate::time::Timestamp;
use given::Given;

/// What a command is made for, besides what its caller says.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The device that it is for; none for a batch that is only checked.
    pub device: Option<DeviceId>,
    /// Texts whose grammar is not known for sure.
    pub templates: &'a Templates,
    /// Who asks.
    pub actor: &'a str,
    /// Now.
    pub now: Timestamp,
    /// A new id, for what needs one (an app job).
    pub fresh: Uuid,
}

/// What a type makes of its arguments.
#[derive(Debug, Default)]
struct Built {
    operations: Vec<Operation>,
    manner: Manner,
    /// What besides its nodes makes it another target: a user's name.
    target: Option<String>,
}

impl Built {
    fn of(operations: Vec<Operation>) -> Self {
        Built {
            operations,
            ..Built::default()
        }
    }
}

/// Reads a command of the API for a Windows 8.1 device. Fields that the type
/// does not know change nothing.
pub fn command(value: &Value, setting: &Setting<'_>) -> Result<CommandBody, FieldError> {
    command_for(Family::Windows81, value, setting)
}

/// The same for a device of some family, the first that takes it: what is to go
/// to many is looked at before it is known who they are.
pub fn command_for_some(value: &Value, setting: &Setting<'_>) -> Result<CommandBody, FieldError> {
    let mut wrong = None;
    for family in Family::ALL {
        match command_for(family, value, setting) {
            Ok(command) => return Ok(command),
            // Where the type is another family's, what that says counts.
            Err(error) if wrong.is_none() || error.field != "type" => wrong = Some(error),
            Err(_) => {}
        }
    }
    wrong.map_or_else(|| command(value, setting), Err)
}

/// The same for a device of that family: what is sent is the family's, and a
/// type that it does not have is refused.
pub fn command_for(
    family: Family,
    value: &Value,
    setting: &Setting<'_>,
) -> Result<CommandBody, FieldError> {
    command_with(family, value, setting, None)
}

/// The same, where an install takes what it installs from the catalogue.
pub fn command_with(
    family: Family,
    value: &Value,
    setting: &Setting<'_>,
    release: Option<&Release>,
) -> Result<CommandBody, FieldError> {
    let fields = Fields::of(value, "")?;
    let kind = type_of(&fields, family)?;
    let built = match release {
        Some(release) => {
            let given = Given::read(kind.arguments, &fields, family)?;
            apps::catalogued(release, &given, setting)?
        }
        None => build(kind, &fields, family, setting)?,
    };
    let count: u32 = built.operations.iter().map(Operation::ids).sum();
    if count as usize > limits::COMMAND_OPERATIONS {
        let most = format!("at most {} operations in all", limits::COMMAND_OPERATIONS);
        return Err(FieldError::new("commands", most, count));
    }
    let now = setting.now;
    let expires_at = fields
        .time("expires_at")?
        .or(kind.expires_ms.map(|ms| now.plus_ms(ms)));
    if expires_at.is_some_and(|at| at <= now) {
        return Err(FieldError::new(
            "expires_at",
            "a time to come",
            "one that is past",
        ));
    }
    let not_before = fields.time("not_before")?;
    if let (Some(from), Some(to)) = (not_before, expires_at)
        && from >= to
    {
        return Err(FieldError::new(
            "not_before",
            "a time before expires_at",
            from,
        ));
    }
    let supersedes = fields.boolean("supersede")?.unwrap_or(true) && kind.supersedes;
    let target = supersedes.then(|| target(kind.name, &built));
    let retries = fields
        .integer("retries", 0, 10)?
        .unwrap_or(i64::from(RETRIES));
    Ok(CommandBody {
        name: kind.name.to_owned(),
        actor: setting.actor.to_owned(),
        queued_at: now,
        not_before,
        expires_at,
        priority: i32::try_from(fields.integer("priority", -100, 100)?.unwrap_or(0)).unwrap_or(0),
        manner: Manner {
            retries: u8::try_from(retries).unwrap_or(RETRIES),
            target,
            after: after(&fields, setting.device)?,
            app: fields.line("app", 128)?.map(str::to_owned),
            urgent: fields.boolean("urgent")?.unwrap_or(false),
            ..built.manner
        },
        operations: built.operations,
    })
}

fn type_of(fields: &Fields<'_>, family: Family) -> Result<&'static Type, FieldError> {
    let name = fields.required("type", 64)?;
    let has = |kind: &&Type| kind.families.contains(&family);
    let known = TYPES.iter().find(|kind| kind.name == name);
    known.filter(has).ok_or_else(|| {
        let names: Vec<&str> = TYPES.iter().filter(has).map(|kind| kind.name).collect();
        let found = match known {
            Some(_) => format!("one that {} does not have", family.name()),
            None => "another".to_owned(),
        };
        FieldError::new(
            fields.name("type"),
            format!("one of {}", names.join(", ")),
            found,
        )
    })
}

fn build(
    kind: &Type,
    fields: &Fields<'_>,
    family: Family,
    setting: &Setting<'_>,
) -> Result<Built, FieldError> {
    let given = Given::read(kind.arguments, fields, family)?;
    (kind.build)(&given, setting)
}

/// Commands of the same device that must be done first.
fn after(fields: &Fields<'_>, device: Option<DeviceId>) -> Result<Vec<CommandSeq>, FieldError> {
    let ids = fields
        .lines("after", limits::DEPENDENCIES, 64)?
        .unwrap_or_default();
    let mut after = Vec::with_capacity(ids.len());
    for (at, text) in ids.iter().enumerate() {
        let id: Option<CommandId> = text.parse().ok();
        let own = id.filter(|id| Some(id.device) == device);
        let wrong = || {
            FieldError::new(
                format!("after[{at}]"),
                "the id of a command of this device",
                "another",
            )
        };
        let seq = own.ok_or_else(wrong)?.seq;
        if !after.contains(&seq) {
            after.push(seq);
        }
    }
    Ok(after)
}

/// A digest of what a command sets or reads: its nodes, whatever their order.
fn target(name: &str, built: &Built) -> u64 {
    fn nodes<'a>(operations: &'a [Operation], into: &mut Vec<&'a str>) {
        for operation in operations {
            match operation {
                Operation::Node { loc_uri, .. } => into.push(loc_uri),
                Operation::Group(_, children) => nodes(children, into),
            }
        }
    }
    let mut named = Vec::new();
    nodes(&built.operations, &mut named);
    named.sort_unstable();
    let mut hasher = Sha256::new();
    hasher.update(name);
    for node in named.into_iter().chain(built.target.as_deref()) {
        hasher.update([0]);
        hasher.update(node);
    }
    let digest = hasher.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod tests;
