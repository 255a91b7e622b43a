//! Typed commands to SyncML operations: one table of types, from
//! which requests are read, documents rendered and the API's schema made
//! ([`schema`]).
//!
//! Pure. What is sent is written here; what kind it is, is worked out from what
//! is sent, never from a type's name.

mod apps;
mod argument;
mod certificates;
mod company_apps;
mod device;
mod dmclient;
mod entry;
mod forms;
mod inventory;
mod phone;
mod profiles;
mod raw;
pub mod schema;
mod settings;
mod type_form;
mod types;
mod unknown;

pub use crate::templates::{TemplateFault, Templates};
pub(crate) use device::{channel_reads, channel_set};
pub(crate) use dmclient::{
    channel_reads as dmclient_reads, channel_set as dmclient_set,
    channel_set_anew as dmclient_set_anew, poll_node as dmclient_poll_node,
    poll_reads as dmclient_poll_reads, poll_repair as dmclient_poll_repair,
};
pub use entry::BuildContext;
pub use raw::lacks_parameter;
pub use type_form::{FormField, TypeForm, type_form, type_forms};
pub use unknown::unknown_fields;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalogue::Release;
use crate::classify::classify;
use crate::command::{CommandBody, ExecutionOptions, Lenient, Operation, RETRIES};
use crate::context::Family;
use crate::fields::{FieldError, Fields, quoted};
use crate::ids::{CommandId, CommandSeq, DeviceId};
use crate::kind::Kind;
use crate::limits;
use crate::push::profile::Pfn;
use argument::Arguments;
use entry::{Build, Built, Type};
use modegate_wire::message::GroupKind;
use types::TYPES;

/// Reads a command of the API for a Windows 8.1 device. Fields that the type does not
/// know change nothing here: [`unknown_fields`] finds them.
pub fn command(value: &Value, context: &BuildContext<'_>) -> Result<CommandBody, FieldError> {
    command_for(Family::Windows81, value, context)
}

/// The same for a device of some family, the first that takes it: what is to go
/// to many is looked at before it is known who they are.
pub fn command_for_some(
    value: &Value,
    context: &BuildContext<'_>,
) -> Result<CommandBody, FieldError> {
    let mut wrong = None;
    for family in Family::ALL {
        match command_for(family, value, context) {
            Ok(command) => return Ok(command),
            // Where the type is another family's, what that says counts.
            Err(error) if wrong.is_none() || error.field != "type" => wrong = Some(error),
            Err(_) => {}
        }
    }
    wrong.map_or_else(|| command(value, context), Err)
}

/// The same for a device of that family: what is sent is the family's, and a
/// type that it does not have is refused.
pub(crate) fn command_for(
    family: Family,
    value: &Value,
    context: &BuildContext<'_>,
) -> Result<CommandBody, FieldError> {
    command_with(family, value, context, None)
}

/// The same, where an install takes what it installs from the catalogue.
pub fn command_with(
    family: Family,
    value: &Value,
    context: &BuildContext<'_>,
    release: Option<&Release>,
) -> Result<CommandBody, FieldError> {
    let fields = Fields::from_value(value, "")?;
    let kind = type_of(&fields, family)?;
    let built = match release {
        Some(release) => {
            let arguments = Arguments::check(kind.arguments, &fields, family)?;
            apps::catalogued(release, &arguments, context)?
        }
        None => build(kind, &fields, family, context)?,
    };
    let count: u32 = built.operations.iter().map(Operation::ids).sum();
    if count as usize > limits::COMMAND_OPERATIONS {
        let most = format!("at most {} operations in all", limits::COMMAND_OPERATIONS);
        return Err(FieldError::new("commands", most, count));
    }
    let now = context.now;
    let expires_at = fields
        .time("expires_at")?
        .or(kind.expires_ms.map(|ms| now.plus_ms(ms)));
    if let Some(past) = expires_at.filter(|at| *at <= now) {
        return Err(FieldError::new("expires_at", "a time to come", past));
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
    let app = fields.line("app", 128)?.map(str::to_owned);
    let retries = fields
        .integer("retries", 0, 10)?
        .unwrap_or(i64::from(RETRIES));
    Ok(CommandBody {
        name: kind.name.to_owned(),
        actor: context.actor.to_owned(),
        queued_at: now,
        not_before,
        expires_at,
        priority: i32::try_from(fields.integer("priority", -100, 100)?.unwrap_or(0)).unwrap_or(0),
        options: ExecutionOptions {
            retries: u8::try_from(retries).unwrap_or(RETRIES),
            target,
            after: after(&fields, context.device)?,
            app: release.and(app.clone()),
            label: app.filter(|_| release.is_none()),
            urgent: fields.boolean("urgent")?.unwrap_or(false),
            ..built.options
        },
        operations: built.operations,
    })
}

/// Whether devices of this family install apps by jobs of `MDM_AppInstallJob`.
pub fn has_app_jobs(family: Family) -> bool {
    apps::INSTALL.families.contains(&family)
}

fn type_of(fields: &Fields<'_>, family: Family) -> Result<&'static Type, FieldError> {
    let name = fields.required("type", 64)?;
    let has = |kind: &&Type| kind.families.contains(&family);
    let known = TYPES.iter().find(|kind| kind.name == name);
    known.filter(has).ok_or_else(|| {
        let names: Vec<&str> = TYPES.iter().filter(has).map(|kind| kind.name).collect();
        let found = match known {
            Some(_) => format!("one that {} does not have", family.name()),
            None => quoted(name),
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
    context: &BuildContext<'_>,
) -> Result<Built, FieldError> {
    let arguments = Arguments::check(kind.arguments, fields, family)?;
    match kind.build {
        Build::Operations(build) => {
            let built = build(&arguments, context)?;
            check_keys(&built, fields)?;
            check_family_names(&built, fields)?;
            Ok(built)
        }
        Build::Group(kind) => group(kind, &arguments, context),
    }
}

/// Refuses what would wait for ever, since no LocURI can have such a key.
fn check_keys(built: &Built, fields: &Fields<'_>) -> Result<(), FieldError> {
    let mut faults = built
        .operations
        .iter()
        .filter_map(|operation| match operation {
            Operation::Node { loc_uri, .. } => loc_uri.key_fault(),
            Operation::Group(..) => None,
        });
    let Some(fault) = faults.next() else {
        return Ok(());
    };
    let is_odd = |key: &&str| {
        let text = fields.get(key).and_then(Value::as_str);
        text.is_some_and(|text| text.contains('%'))
    };
    let field = fields.keys().find(is_odd).unwrap_or("type");
    let expected = format!("a key that can stand in a LocURI: {}", fault.expected());
    // The field may be one with a secret.
    Err(FieldError::new(
        fields.name(field),
        expected,
        "text with '%'",
    ))
}

/// Refuses the full name of a package where a raw command sets a channel by it.
fn check_family_names(built: &Built, fields: &Fields<'_>) -> Result<(), FieldError> {
    let full_name = |operation: &Operation| match operation {
        Operation::Node {
            verb,
            loc_uri,
            data: Some(data),
            ..
        } if classify(*verb, loc_uri).kind == Kind::WnsConfiguration => {
            let name = data.reveal().rsplit([';', '=']).next()?;
            Pfn::from_full_name(name.trim()).ok()
        }
        _ => None,
    };
    match built.operations.iter().find_map(full_name) {
        Some(family) => Err(FieldError::new(
            fields.name("data"),
            format!("a package family name, here {}", quoted(family.as_str())),
            "a package full name",
        )),
        None => Ok(()),
    }
}

fn group(
    kind: GroupKind,
    arguments: &Arguments<'_>,
    context: &BuildContext<'_>,
) -> Result<Built, FieldError> {
    let (list, path) = (
        arguments.get(&raw::COMMANDS)?,
        arguments.path(&raw::COMMANDS),
    );
    if list.is_empty() {
        return Err(FieldError::new(path, "at least one command", "none"));
    }
    // Each level of nesting stands in the path once.
    if path.matches("commands").count() > limits::GROUP_DEPTH {
        let expected = format!("groups nested at most {} deep", limits::GROUP_DEPTH);
        let found = path.matches("commands").count();
        return Err(FieldError::new(path, expected, found));
    }
    let (mut children, mut group) = (Vec::with_capacity(list.len()), Built::default());
    for (at, value) in list.iter().enumerate() {
        let fields = Fields::from_value(value, &format!("{path}[{at}]"))?;
        let kind = match fields.get("type") {
            None => const { &raw::RAW },
            Some(_) => type_of(&fields, arguments.family)?,
        };
        let child = build(kind, &fields, arguments.family, context)?;
        // The group itself is the first element.
        let before = 1 + children.iter().map(Operation::ids).sum::<u32>();
        let removals = child.options.removals.iter();
        let moved = removals.filter_map(|at| u16::try_from(before).ok()?.checked_add(*at));
        group.options.removals.extend(moved);
        group.options.set |= child.options.set;
        group.options.walk = group.options.walk.max(child.options.walk);
        if child.options.lenient != Lenient::Never {
            group.options.lenient = child.options.lenient;
        }
        children.extend(child.operations);
    }
    group.operations = vec![Operation::Group(kind, children)];
    Ok(group)
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
                quoted(text),
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
                Operation::Node { loc_uri, .. } => into.push(loc_uri.as_str()),
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
