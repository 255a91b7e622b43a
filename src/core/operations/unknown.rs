//! Fields of a command that its type does not have.

use serde_json::Value;

use super::entry::Type;
use super::types::TYPES;
use super::{raw, schema};
use crate::fields::{FieldError, Fields};
use crate::limits;

/// Every field of a command, and of the commands that it groups, that its type does not
/// have: up to eight for each object. What is no object, or of no known type, is left to
/// those who read it.
///
/// Whoever takes a command from a caller asks this first. A command that was taken
/// earlier is read without it: a version that knows fewer fields must not refuse it.
pub fn unknown_fields(command: &Value) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let common = schema::common_names();
    look(command, "", &common, &mut faults);
    faults
}

/// Looks at one command. `common` are the fields besides `type` and its arguments.
fn look(command: &Value, path: &str, common: &[String], faults: &mut Vec<FieldError>) {
    let Ok(fields) = Fields::from_value(command, path) else {
        return;
    };
    let Some(kind) = type_of(&fields) else {
        return;
    };
    let arguments = kind.arguments.iter().map(|argument| argument.name());
    let known: Vec<&str> = std::iter::once("type")
        .chain(arguments)
        .chain(common.iter().map(String::as_str))
        .collect();
    faults.extend(fields.unknown(&known));
    if path.matches("commands").count() > limits::GROUP_DEPTH || !known.contains(&raw::FIELD) {
        return;
    }
    let list = fields.get(raw::FIELD).and_then(Value::as_array);
    let list = list.into_iter().flatten().take(limits::COMMAND_OPERATIONS);
    for (at, child) in list.enumerate() {
        let path = format!("{}[{at}]", fields.name(raw::FIELD));
        look(child, &path, &[], faults);
    }
}

/// The type that a command names; inside a group, raw where it names none.
fn type_of(fields: &Fields<'_>) -> Option<&'static Type> {
    match fields.get("type") {
        None => Some(const { &raw::RAW }),
        Some(name) => TYPES.iter().find(|kind| Some(kind.name) == name.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_type_does_not_have_is_named_with_what_was_meant() {
        for (command, expected) in [
            (
                json!({"type": "inventory", "class": ["Win32_BIOS"]}),
                vec!["class: expected 'classes', found an unknown field"],
            ),
            (
                json!({"type": "lock_workstation", "expire_at": "x"}),
                vec!["expire_at: expected 'expires_at', found an unknown field"],
            ),
            (
                json!({"type": "sequence", "urgent": true, "commands": [
                    {"verb": "Get", "loc_uri": "./x", "mine": "text/plain"},
                    {"type": "atomic", "commands": [{"type": "unenroll", "priority": 1}]},
                ]}),
                vec![
                    "commands[0].mine: expected 'mime', found an unknown field",
                    "commands[1].commands[0].priority: expected one of type, provider_id, found an unknown field",
                ],
            ),
            (
                json!({"type": "app_install", "app": "erp", "version": "1"}),
                vec![],
            ),
            (json!({"type": "nothing", "x": 1}), vec![]),
            (json!([1]), vec![]),
        ] {
            let found: Vec<String> = unknown_fields(&command)
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(found, expected, "{command}");
        }
    }

    #[test]
    fn few_of_many_unknown_fields_are_named_and_shortly() {
        let mut command = json!({"type": "unenroll"});
        for at in 0..1_000 {
            command[format!("{at}{}", "x".repeat(1_000))] = json!(1);
        }
        let found = unknown_fields(&command);
        assert_eq!(found.len(), 8);
        assert!(found.iter().all(|fault| fault.field.len() <= 64));
    }
}
