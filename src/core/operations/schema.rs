//! The types as JSON Schema, for the API's description.

use serde_json::{Map, Value, json};

use super::entry::Type;
use super::types::TYPES;

/// One schema per type, each an object told apart by `type`.
pub fn schemas() -> Vec<(String, Value)> {
    TYPES
        .iter()
        .map(|kind| (name_of(kind), schema(kind)))
        .collect()
}

/// The name of a type's schema: `reset_user_password` is `ResetUserPassword`.
fn name_of(kind: &Type) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    };
    kind.name.split('_').map(word).collect()
}

fn schema(kind: &Type) -> Value {
    let mut properties = Map::new();
    properties.insert("type".to_owned(), json!({"const": kind.name}));
    for argument in kind.arguments {
        properties.insert(argument.name().to_owned(), argument.schema());
    }
    for (name, common) in common() {
        properties.entry(name).or_insert(common);
    }
    let needed = kind.arguments.iter().filter(|one| one.is_required());
    let required: Vec<&str> = std::iter::once("type")
        .chain(needed.map(|argument| argument.name()))
        .collect();
    let families: Vec<&str> = kind.families.iter().map(|family| family.name()).collect();
    json!({"type": "object", "description": kind.about, "x-families": families, "properties": properties, "required": required, "additionalProperties": false})
}

/// The names of the fields that every command has besides its type and its arguments.
pub(super) fn common_names() -> Vec<String> {
    common().into_iter().map(|(name, _)| name).collect()
}

/// The fields that every command has besides its type and its arguments, each with its schema.
pub(super) fn common() -> [(String, Value); 8] {
    let time = |about: &str| json!({"type": "string", "format": "date-time", "description": about});
    [
        (
            "priority".to_owned(),
            json!({"type": "integer", "minimum": -100, "maximum": 100, "default": 0, "description": "higher is sent first"}),
        ),
        ("not_before".to_owned(), time("not sent before")),
        ("expires_at".to_owned(), time("not sent after")),
        (
            "after".to_owned(),
            json!({"type": "array", "maxItems": crate::limits::DEPENDENCIES, "items": {"type": "string"}, "description": "open commands of this device that must be done first"}),
        ),
        (
            "retries".to_owned(),
            json!({"type": "integer", "minimum": 0, "maximum": 10, "default": crate::command::RETRIES, "description": "how often it is tried again after a Status that may pass"}),
        ),
        (
            "supersede".to_owned(),
            json!({"type": "boolean", "default": true, "description": "whether it replaces a waiting command for the same nodes, if its type does so"}),
        ),
        (
            "urgent".to_owned(),
            json!({"type": "boolean", "default": false, "description": "whether the device is woken for it, if a push starts a session that may deliver it"}),
        ),
        (
            "app".to_owned(),
            json!({"type": "string", "maxLength": 128, "description": "the app of the catalogue that app_install installs, which policy rules may name; of other commands the app that they concern, which is shown and which no rule believes"}),
        ),
    ]
}
