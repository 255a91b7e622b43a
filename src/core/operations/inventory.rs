//! Inventory: Gets of classes and nodes, from which the server reads on.

use std::collections::HashSet;

use super::argument::{Arguments, Optional, Result, arguments};
use super::entry::{BuildContext, Built, Type};
use super::forms::{Boolean, Lines};
use crate::command::{Lenient, Operation};
use crate::context::Family;
use crate::fields::{FieldError, quoted};
use crate::inventory::known::{self, PRESETS, Preset};
use crate::limits;
use crate::loc_uri::{LocUri, is_name};

arguments! {
    PRESET_NAMES: Optional<Lines> = "presets", Lines(16, 32),
        "os, hardware, storage, network, security, updates, encryption; or apps, user_security alone";
    CLASSES: Optional<Lines> = "classes", Lines(limits::COMMAND_OPERATIONS, limits::LOC_URI_BYTES),
        "class names, or LocURIs './…'";
    WALK: Optional<Boolean> = "walk", Boolean, "false: only the classes themselves";
    LENIENT: Optional<Boolean> = "lenient", Boolean,
        "true: no failure while one node answers (the default for presets)";
}

pub(super) const INVENTORY: Type = Type::new(
    "inventory",
    "reads classes and nodes, what they name, and the properties of that; allowed in every mode for what is the device's",
    &[&PRESET_NAMES, &CLASSES, &WALK, &LENIENT],
    inventory,
)
.superseding()
.of(&Family::ALL);

/// What is read when nothing is named.
const DEFAULT: &[&str] = &["os", "hardware", "storage", "security"];
/// The presets with nodes outside WMI, all that a phone can answer.
const PHONE: &[&str] = &["os", "hardware"];

fn inventory(arguments: &Arguments<'_>, _: &BuildContext<'_>) -> Result<Built> {
    let presets = arguments.get(&PRESET_NAMES)?.unwrap_or_default();
    let mut presets: Vec<&str> = presets.iter().map(String::as_str).collect();
    let classes = arguments.get(&CLASSES)?.unwrap_or_default();
    if arguments.has(&CLASSES) && classes.is_empty() {
        return Err(arguments.wrong(&CLASSES, "at least one class", "an empty list"));
    }
    // A phone has no classes, only nodes.
    let phone = arguments.family == Family::WindowsPhone81;
    if presets.is_empty() && classes.is_empty() {
        presets = if phone { PHONE } else { DEFAULT }.to_vec();
    }
    if presets.len() > 1 || !classes.is_empty() {
        let needs_user = |name: &&&str| known::preset(name).is_some_and(Preset::needs_user);
        if let Some(name) = presets.iter().find(needs_user) {
            let expected =
                format!("{name} alone: it needs the user, and the rest would have to wait for it");
            return Err(arguments.wrong(&PRESET_NAMES, expected, &format!("{name} with others")));
        }
    }
    let mut nodes = preset_nodes(arguments, &presets, phone)?;
    for (at, class) in classes.iter().enumerate() {
        let is_class = class.len() <= 64 && is_name(class);
        if !class.starts_with("./") && (phone || !is_class) {
            let field = format!("{}[{at}]", arguments.path(&CLASSES));
            let expected = "a class name or a LocURI './…'";
            return Err(FieldError::new(field, expected, quoted(class)));
        }
        let node = node(class);
        if let Some(fault) = node.key_fault() {
            let field = format!("{}[{at}]", arguments.path(&CLASSES));
            return Err(FieldError::new(field, fault.expected(), quoted(class)));
        }
        nodes.push(node);
    }
    let mut seen = HashSet::new();
    nodes.retain(|node| seen.insert(node.to_string()));
    let mut built = Built::new(nodes.into_iter().map(Operation::get).collect());
    if arguments.get(&WALK)?.unwrap_or(true) {
        built.options.walk = limits::WALK_GETS;
    }
    // A class that this device lacks is no failure of a preset.
    if arguments.get(&LENIENT)?.unwrap_or(classes.is_empty()) {
        built.options.lenient = Lenient::IfAnyAnswers;
    }
    Ok(built)
}

fn preset_nodes(arguments: &Arguments<'_>, presets: &[&str], phone: bool) -> Result<Vec<LocUri>> {
    let mut nodes = Vec::new();
    for (at, name) in presets.iter().enumerate() {
        let wrong = |expected: String| {
            let field = format!("{}[{at}]", arguments.path(&PRESET_NAMES));
            FieldError::new(field, expected, quoted(name))
        };
        let preset = known::preset(name).ok_or_else(|| {
            let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            wrong(format!("one of {}", names.join(", ")))
        })?;
        let mut reads: Vec<&str> = preset.reads.to_vec();
        reads.retain(|read| !phone || read.starts_with("./"));
        if reads.is_empty() {
            return Err(wrong(format!("one of {} on a phone", PHONE.join(", "))));
        }
        nodes.extend(reads.into_iter().map(node));
    }
    Ok(nodes)
}

fn node(name: &str) -> LocUri {
    if name.starts_with("./") {
        name.into()
    } else {
        LocUri::class(name)
    }
}
