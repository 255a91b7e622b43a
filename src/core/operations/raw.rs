//! Raw commands, and groups of any commands.

use super::given::Given;
use super::{Built, Setting, build, type_of};
use crate::command::{Lenient, Operation};
use crate::fields::{FieldError, Fields};
use crate::limits;
use crate::secret::Secret;
use modegate_wire::message::{GroupKind, Verb};

pub(super) fn raw(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let verb = Verb::from_name(given.needed("verb")).filter(|verb| *verb != Verb::Copy);
    let verb = verb.ok_or_else(|| {
        let field = given.fields().name("verb");
        FieldError::new(field, "Add, Replace, Delete, Get or Exec", "another")
    })?;
    let loc_uri = given.needed("loc_uri");
    if !loc_uri.starts_with("./") {
        let field = given.fields().name("loc_uri");
        return Err(FieldError::new(
            field,
            "a LocURI that begins with './'",
            "other text",
        ));
    }
    let data = given.fields().text("data", limits::COMMAND_DATA_BYTES)?;
    let mut built = Built::of(vec![Operation::Node {
        verb,
        loc_uri: loc_uri.to_owned(),
        format: given.wire("format").map(str::to_owned),
        mime: given.wire("mime").map(str::to_owned),
        data: data.map(Secret::new),
    }]);
    built.manner.set = given.boolean("set").unwrap_or(false);
    Ok(built)
}

pub(super) fn atomic(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    group(given, setting, GroupKind::Atomic)
}

pub(super) fn sequence(given: &Given<'_>, setting: &Setting<'_>) -> Result<Built, FieldError> {
    group(given, setting, GroupKind::Sequence)
}

fn group(given: &Given<'_>, setting: &Setting<'_>, kind: GroupKind) -> Result<Built, FieldError> {
    let path = given.fields().name("commands");
    let list = given.commands("commands");
    if list.is_empty() {
        return Err(FieldError::new(path, "at least one command", "none"));
    }
    // Each level of nesting stands in the path once.
    if path.matches("commands").count() > limits::GROUP_DEPTH {
        let expected = format!("groups nested at most {} deep", limits::GROUP_DEPTH);
        return Err(FieldError::new(path, expected, "more"));
    }
    let (mut children, mut group) = (Vec::with_capacity(list.len()), Built::default());
    for (at, value) in list.iter().enumerate() {
        let fields = Fields::of(value, &format!("{path}[{at}]"))?;
        let kind = if fields.get("type").is_none() {
            super::types::raw_type()
        } else {
            type_of(&fields, given.family())?
        };
        let child = build(kind, &fields, given.family(), setting)?;
        group.manner.set |= child.manner.set;
        group.manner.walk = group.manner.walk.max(child.manner.walk);
        if child.manner.lenient != Lenient::Never {
            group.manner.lenient = child.manner.lenient;
        }
        children.extend(child.operations);
    }
    group.operations = vec![Operation::Group(kind, children)];
    Ok(group)
}
