//! Inventory: Gets of classes and nodes, from which the server reads on.

use super::build::get;
use super::given::Given;
use super::{Built, Setting};
use crate::command::Lenient;
use crate::context::Family;
use crate::fields::FieldError;
use crate::inventory::known::{self, PRESETS};
use crate::limits;

/// What is read when nothing is named.
const DEFAULT: &[&str] = &["os", "hardware", "storage", "security"];
/// The presets with nodes outside WMI, all that a phone can answer.
const PHONE: &[&str] = &["os", "hardware"];

pub(super) fn inventory(given: &Given<'_>, _: &Setting<'_>) -> Result<Built, FieldError> {
    let mut presets: Vec<&str> = given.lines("presets").iter().map(String::as_str).collect();
    let classes = given.lines("classes");
    if given.fields().has("classes") && classes.is_empty() {
        let field = given.fields().name("classes");
        return Err(FieldError::new(
            field,
            "at least one class",
            "an empty list",
        ));
    }
    // A phone has no classes, only nodes.
    let phone = given.family() == Family::WindowsPhone81;
    if presets.is_empty() && classes.is_empty() {
        presets = if phone { PHONE } else { DEFAULT }.to_vec();
    }
    if presets.contains(&"apps") && (presets.len() > 1 || !classes.is_empty()) {
        let field = given.fields().name("presets");
        let expected = "apps alone: it needs the user, and the rest would have to wait for it";
        return Err(FieldError::new(field, expected, "apps with others"));
    }
    let mut nodes: Vec<String> = Vec::new();
    for (at, name) in presets.iter().enumerate() {
        let Some(preset) = known::preset(name) else {
            let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            let field = format!("{}[{at}]", given.fields().name("presets"));
            return Err(FieldError::new(
                field,
                format!("one of {}", names.join(", ")),
                "another",
            ));
        };
        let mut reads: Vec<&str> = preset.reads.to_vec();
        reads.retain(|read| !phone || read.starts_with("./"));
        if reads.is_empty() {
            let field = format!("{}[{at}]", given.fields().name("presets"));
            let expected = format!("one of {} on a phone", PHONE.join(", "));
            return Err(FieldError::new(field, expected, "another"));
        }
        nodes.extend(reads.into_iter().map(node));
    }
    for (at, class) in classes.iter().enumerate() {
        if !class.starts_with("./") && (phone || !is_class(class)) {
            let field = format!("{}[{at}]", given.fields().name("classes"));
            return Err(FieldError::new(
                field,
                "a class name or a LocURI './…'",
                "other text",
            ));
        }
        nodes.push(node(class));
    }
    let mut seen = std::collections::HashSet::new();
    nodes.retain(|node| seen.insert(node.clone()));
    let mut built = Built::of(nodes.into_iter().map(get).collect());
    if given.boolean("walk").unwrap_or(true) {
        built.manner.walk = limits::WALK_GETS;
    }
    // A class that this device lacks is no failure of a preset.
    let lenient = given.boolean("lenient").unwrap_or(classes.is_empty());
    if lenient {
        built.manner.lenient = Lenient::IfAnyAnswers;
    }
    Ok(built)
}

fn is_class(text: &str) -> bool {
    text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn node(name: &str) -> String {
    if name.starts_with("./") {
        name.to_owned()
    } else {
        format!("./cimv2/{name}")
    }
}
