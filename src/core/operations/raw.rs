//! Raw commands, and groups of any commands.

use super::argument::{Arguments, Needed, Optional, Result, arguments};
use super::entry::{Build, BuildContext, Built, Type};
use super::forms::{AnyLocUri, Boolean, Commands, Data, VerbName};
use crate::command::{CommandBody, Operation};
use crate::context::Family;
use crate::limits;
use crate::loc_uri::{LocUri, Member};
use crate::secret::Secret;
use crate::wmi::ValueForm::{self, Line};
use crate::wmi::{self, Method};
use modegate_wire::message::{GroupKind, Verb};

arguments! {
    VERB: Needed<VerbName> = "verb", VerbName, "Add, Replace, Delete, Get or Exec";
    LOC_URI: Needed<AnyLocUri> = "loc_uri", AnyLocUri, "the node, './…'";
    FORMAT: Optional<ValueForm> = "format", Line(32), "Meta/Format";
    MIME: Optional<ValueForm> = "mime", Line(128), "Meta/Type";
    DATA: Optional<Data> = "data", Data(limits::COMMAND_DATA_BYTES), "Data";
    SET: Optional<Boolean> = "set", Boolean, "true: an Add answered 418 is sent again as Replace";
    /// What a group groups.
    COMMANDS: Needed<Commands> = "commands", Commands, "raw or typed commands";
}
/// The name of the field with what a group groups.
pub(super) const FIELD: &str = "commands";

/// What a command is that names no type inside a group.
pub(super) const RAW: Type = Type::new(
    "raw",
    "one SyncML command as given; what cannot be classified is withheld",
    &[&VERB, &LOC_URI, &FORMAT, &MIME, &DATA, &SET],
    raw,
)
.of(&Family::ALL);

pub(super) const ATOMIC: Type = group(
    "atomic",
    "commands that are done together or not at all",
    GroupKind::Atomic,
);

pub(super) const SEQUENCE: Type = group("sequence", "commands in this order", GroupKind::Sequence);

const fn group(name: &'static str, about: &'static str, kind: GroupKind) -> Type {
    Type {
        build: Build::Group(kind),
        families: &Family::ALL,
        ..Type::new(name, about, &[&COMMANDS], raw)
    }
}

/// Whether a raw Exec runs a known method, and its Data does not name the parameter that
/// the method's reference gives it: `<parameter>=<value>` (MS-MDM 3.1.5.1.5).
pub fn lacks_parameter(body: &CommandBody) -> bool {
    let lacks = |operation: &Operation| match operation {
        Operation::Node {
            verb: Verb::Exec,
            loc_uri,
            data,
            ..
        } => {
            let data = data.as_ref().map_or("", |data| data.reveal());
            method(loc_uri).is_some_and(|method| !method.takes(data))
        }
        _ => false,
    };
    body.name == RAW.name && body.operations.iter().any(lacks)
}

fn method(loc_uri: &LocUri) -> Option<&'static Method> {
    let node = loc_uri.wmi()?;
    let Some(Member::Method(name)) = node.member else {
        return None;
    };
    wmi::find(node.class)?.1.method(name)
}

fn raw(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let mut built = Built::new(vec![Operation::Node {
        verb: arguments.get(&VERB)?,
        loc_uri: arguments.get(&LOC_URI)?,
        format: arguments.get(&FORMAT)?,
        mime: arguments.get(&MIME)?,
        data: arguments.get(&DATA)?.map(Secret::new),
    }]);
    built.options.set = arguments.get(&SET)?.unwrap_or(false);
    Ok(built)
}
