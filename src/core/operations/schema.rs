//! The types as JSON Schema, for the API's description.

use serde_json::{Map, Value, json};

use super::form::{Argument, Form};
use super::types::{TYPES, Type};

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
        properties.insert(argument.name.to_owned(), described(argument));
    }
    if kind.name == "raw" {
        properties.insert(
            "data".to_owned(),
            json!({"type": "string", "description": "Data"}),
        );
    }
    for (name, common) in common() {
        properties.entry(name).or_insert(common);
    }
    let required: Vec<&str> = std::iter::once("type")
        .chain(
            kind.arguments
                .iter()
                .filter(|argument| argument.required)
                .map(|argument| argument.name),
        )
        .collect();
    let families: Vec<&str> = kind.families.iter().map(|family| family.name()).collect();
    json!({"type": "object", "description": kind.about, "x-families": families, "properties": properties, "required": required})
}

fn common() -> [(String, Value); 8] {
    let time = |about: &str| json!({"type": "string", "format": "date-time", "description": about});
    [
        (
            "priority".to_owned(),
            json!({"type": "integer", "minimum": -100, "maximum": 100, "default": 0, "description": "higher goes first"}),
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
            json!({"type": "boolean", "default": true, "description": "whether it takes the place of one for the same nodes that waits, where its type does so"}),
        ),
        (
            "urgent".to_owned(),
            json!({"type": "boolean", "default": false, "description": "whether the device is woken for it, where a push brings a session that may carry it"}),
        ),
        (
            "app".to_owned(),
            json!({"type": "string", "maxLength": 128, "description": "the app that it concerns, which policy rules may name"}),
        ),
    ]
}

fn described(argument: &Argument) -> Value {
    let mut schema = of_form(argument.form);
    schema["description"] = argument.about.into();
    schema
}

fn of_form(form: Form) -> Value {
    let text = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    match form {
        Form::Line(most) | Form::Text(most) | Form::Xml(most) => text(most),
        Form::Safe(most) => {
            json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": "^[^;\"']*$"})
        }
        Form::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Form::Boolean => json!({"type": "boolean"}),
        Form::OneOf(words) => {
            json!({"enum": words.iter().map(|(word, _)| *word).collect::<Vec<_>>()})
        }
        Form::Certificate => text(crate::limits::COMMAND_DATA_BYTES),
        Form::Thumbprint => json!({"type": "string", "pattern": "^[0-9A-Fa-f: ]{40,64}$"}),
        Form::ProductKey => {
            json!({"type": "string", "pattern": "^[0-9A-Za-z]{5}(-[0-9A-Za-z]{5}){4}$"})
        }
        Form::Lines(entries, most) => {
            json!({"type": "array", "maxItems": entries, "items": text(most)})
        }
        Form::Settings(properties) => {
            let known: Map<String, Value> = properties
                .iter()
                .map(|property| (property.name.to_owned(), of_form(property.form)))
                .collect();
            json!({"type": "object", "minProperties": 1, "additionalProperties": false, "properties": known})
        }
        Form::AnySettings => {
            json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number", "boolean"]}})
        }
        Form::Commands => {
            json!({"type": "array", "minItems": 1, "maxItems": crate::limits::COMMAND_OPERATIONS, "items": {"type": "object"}})
        }
    }
}
