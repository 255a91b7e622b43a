//! The form of a type of command, made from its schema, and what was entered into it as the
//! API takes it.

use modegate_core::fields::FieldError;
use modegate_core::operations::{FormField, TypeForm};
use serde_json::{Map, Value};

use super::form::{Control, Entered, Input, Section};
use crate::shell::capital;

/// Text that may be longer has room for more than one line, characters.
const LINE: u64 = 2_048;

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Takes {
    /// Text.
    Text { is_long: bool, is_secret: bool },
    /// A whole number.
    Number,
    /// True or false.
    Truth,
    /// One of these.
    Words(Vec<String>),
    /// A line for each entry.
    Lines,
    /// A list of commands.
    Commands,
    /// Names and values, `Name=value`, a line for each.
    Pairs,
    /// An object of these fields.
    Fields(Vec<(String, Value)>),
}

impl Takes {
    fn of(schema: &Value) -> Takes {
        if let Some(words) = schema["enum"].as_array() {
            let words = words.iter().filter_map(Value::as_str);
            return Takes::Words(words.map(str::to_owned).collect());
        }
        match schema["type"].as_str() {
            Some("integer") => Takes::Number,
            Some("boolean") => Takes::Truth,
            Some("array") if schema["items"]["type"] == "object" => Takes::Commands,
            Some("array") => Takes::Lines,
            Some("object") => match schema["properties"].as_object() {
                Some(fields) => Takes::Fields(
                    fields
                        .iter()
                        .map(|(name, schema)| (name.clone(), schema.clone()))
                        .collect(),
                ),
                None => Takes::Pairs,
            },
            _ => {
                let is_short = schema["maxLength"]
                    .as_u64()
                    .is_some_and(|most| most <= LINE);
                Takes::Text {
                    is_long: !is_short && schema["pattern"].is_null() && schema["format"].is_null(),
                    is_secret: schema["writeOnly"] == true,
                }
            }
        }
    }

    fn control(&self) -> Control {
        match self {
            Takes::Text {
                is_secret: true,
                is_long,
            } => Control::Secret {
                is_long: *is_long,
                is_kept: false,
            },
            Takes::Text { is_long: false, .. } => Control::Line,
            Takes::Number => Control::Number,
            Takes::Truth => Control::Choice(["true", "false"].map(str::to_owned).to_vec()),
            Takes::Words(words) => Control::Choice(words.clone()),
            Takes::Text { .. }
            | Takes::Lines
            | Takes::Commands
            | Takes::Pairs
            | Takes::Fields(_) => Control::Text,
        }
    }

    /// How it is to be written.
    fn form(&self, schema: &Value) -> Option<String> {
        let number = |name: &str| schema[name].as_i64();
        match self {
            Takes::Number => match (number("minimum"), number("maximum")) {
                (Some(least), Some(most)) => Some(format!("from {least} to {most}")),
                _ => None,
            },
            Takes::Lines => Some("one a line".to_owned()),
            Takes::Pairs => Some("Name=value, one a line".to_owned()),
            Takes::Commands => Some(
                "a list as JSON, such as [{\"verb\": \"Get\", \"loc_uri\": \"./DevInfo/DevId\"}]"
                    .to_owned(),
            ),
            Takes::Text { .. } if schema["format"] == "date-time" => {
                Some("with its zone, such as 2026-12-01T08:00:00Z".to_owned())
            }
            _ => None,
        }
    }
}

fn input(name: &str, label: &str, is_required: bool, schema: &Value) -> Input {
    let takes = Takes::of(schema);
    let about = schema["description"].as_str().map(str::to_owned);
    let default = match &schema["default"] {
        Value::Null => None,
        default => Some(format!("default: {default}")),
    };
    let parts: Vec<String> = about
        .into_iter()
        .chain(takes.form(schema))
        .chain(default)
        .collect();
    Input {
        name: name.to_owned(),
        label: label.to_owned(),
        hint: capital(&parts.join("; ")),
        is_required,
        control: takes.control(),
        value: String::new(),
        fault: None,
    }
}

/// A name of the API as a label.
fn label(name: &str) -> String {
    capital(&name.replace('_', " "))
}

/// The fields of a type, empty: its arguments, and those that every command has. `is_for_many`
/// where the command is not for one device.
pub fn sections(form: &TypeForm, is_for_many: bool) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut plain = Vec::new();
    for field in &form.arguments {
        let Takes::Fields(fields) = Takes::of(&field.schema) else {
            let (name, schema) = (&field.name, &field.schema);
            plain.push(input(name, &label(name), field.is_required, schema));
            continue;
        };
        let within = fields.iter().map(|(name, schema)| {
            let path = format!("{}.{name}", field.name);
            input(&path, name, false, schema)
        });
        sections.push(Section {
            legend: Some(label(&field.name)),
            hint: field.schema["description"].as_str().map(capital),
            inputs: within.collect(),
        });
    }
    sections.insert(0, Section::plain(plain));
    let common = form.common.iter();
    let common = common.filter(|field| !is_for_many || field.name != "after");
    sections.push(Section {
        legend: Some("When and how it is sent".to_owned()),
        hint: None,
        inputs: common
            .map(|field| input(&field.name, &label(&field.name), false, &field.schema))
            .collect(),
    });
    sections.retain(|section| !section.inputs.is_empty());
    sections
}

/// The names of the fields with what is shown to nobody.
pub fn secrets(form: &TypeForm) -> Vec<String> {
    let is_secret = |field: &&FormField| field.schema["writeOnly"] == true;
    let secret = form.arguments.iter().filter(is_secret);
    secret.map(|field| field.name.clone()).collect()
}

/// What was entered as a command of the API.
///
/// # Errors
/// What is no JSON, or no line of a name and a value. All else is looked at later.
pub fn command(form: &TypeForm, entered: &Entered) -> Result<Value, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut command = Map::new();
    command.insert("type".to_owned(), form.name.into());
    for field in form.arguments.iter().chain(&form.common) {
        let name = &field.name;
        match value(name, &Takes::of(&field.schema), entered) {
            Ok(Some(value)) => drop(command.insert(name.clone(), value)),
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok(Value::Object(command));
    }
    Err(faults)
}

/// What stands in a field, if anything does. What is no number stays text, which its reader
/// will report.
fn value(name: &str, takes: &Takes, entered: &Entered) -> Result<Option<Value>, FieldError> {
    let (exact, text) = (entered.exact(name), entered.text(name));
    if let Takes::Fields(fields) = takes {
        let mut object = Map::new();
        for (field, schema) in fields {
            let path = format!("{name}.{field}");
            if let Some(value) = value(&path, &Takes::of(schema), entered)? {
                object.insert(field.clone(), value);
            }
        }
        return Ok((!object.is_empty()).then_some(Value::Object(object)));
    }
    if text.is_empty() {
        return Ok(None);
    }
    let value = match takes {
        Takes::Text {
            is_secret: true, ..
        }
        | Takes::Text { is_long: true, .. } => exact.into(),
        Takes::Text { .. } | Takes::Words(_) => text.into(),
        Takes::Number => text.parse::<i64>().map_or(Value::String(text), Value::from),
        Takes::Truth => text
            .parse::<bool>()
            .map_or(Value::String(text), Value::from),
        Takes::Lines => entered.lines(name).into(),
        Takes::Commands => serde_json::from_str(&text).map_err(|error| {
            // Where it is wrong, not what stands there: it may be a secret.
            let found = format!("text that is none at line {}", error.line());
            FieldError::new(name, "a list of commands as JSON", found)
        })?,
        Takes::Pairs | Takes::Fields(_) => pairs(name, entered)?,
    };
    Ok(Some(value))
}

fn pairs(name: &str, entered: &Entered) -> Result<Value, FieldError> {
    let mut object = Map::new();
    for (at, line) in entered.lines(name).iter().enumerate() {
        let Some((key, value)) = line.split_once('=') else {
            let found = format!("line {} without '='", at + 1);
            return Err(FieldError::new(name, "Name=value in each line", found));
        };
        object.insert(key.trim().to_owned(), value.trim().into());
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use modegate_core::operations::{type_form, type_forms};
    use serde_json::json;

    fn entered(fields: &[(&str, &str)]) -> Entered {
        let own = |text: &&str| (*text).to_owned();
        Entered(
            fields
                .iter()
                .map(|(name, text)| (own(name), own(text)))
                .collect(),
        )
    }

    #[test]
    fn every_type_has_a_form_with_each_of_its_fields_once() {
        for form in type_forms() {
            let inputs: Vec<Input> = sections(&form, false)
                .into_iter()
                .flat_map(|section| section.inputs)
                .collect();
            let mut names: Vec<&str> = inputs.iter().map(|input| &*input.name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", form.name);
            for field in form.arguments.iter().chain(&form.common) {
                let is_asked = inputs
                    .iter()
                    .any(|input| input.name.split('.').next() == Some(&*field.name));
                assert!(is_asked, "{}: {}", form.name, field.name);
            }
            assert!(inputs.iter().all(|input| !input.label.is_empty()));
        }
    }

    #[test]
    fn what_is_entered_becomes_what_the_api_takes() {
        for (name, fields, expected) in [
            (
                "lock_workstation",
                entered(&[]),
                json!({"type": "lock_workstation"}),
            ),
            (
                "reset_user_password",
                entered(&[
                    ("user", " ann "),
                    ("password", " p w "),
                    ("priority", "7"),
                    ("urgent", "true"),
                ]),
                json!({"type": "reset_user_password", "user": "ann", "password": " p w ", "priority": 7, "urgent": true}),
            ),
            (
                "restrictions",
                entered(&[("settings.WifiEnabled", "false"), ("after", "a\r\n\r\n b ")]),
                json!({"type": "restrictions", "settings": {"WifiEnabled": false}, "after": ["a", "b"]}),
            ),
            (
                "vpn_profile",
                entered(&[
                    ("name", "office"),
                    ("settings", "Server = vpn.contoso.com\nPort=443"),
                ]),
                json!({"type": "vpn_profile", "name": "office", "settings": {"Server": "vpn.contoso.com", "Port": "443"}}),
            ),
            (
                "atomic",
                entered(&[("commands", "[{\"type\": \"inventory\"}]")]),
                json!({"type": "atomic", "commands": [{"type": "inventory"}]}),
            ),
            (
                "raw",
                entered(&[("verb", "Get"), ("priority", "many")]),
                json!({"type": "raw", "verb": "Get", "priority": "many"}),
            ),
        ] {
            let form = type_form(name).unwrap();
            assert_eq!(command(&form, &fields).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_at_its_field_and_shows_nothing_of_it() {
        let atomic = type_form("atomic").unwrap();
        let faults = command(&atomic, &entered(&[("commands", "[{\"s3cret\"")])).unwrap_err();
        assert_eq!(faults[0].field, "commands");
        assert!(!faults[0].to_string().contains("s3cret"));
        let vpn = type_form("vpn_profile").unwrap();
        let faults = command(&vpn, &entered(&[("settings", "Server")])).unwrap_err();
        assert_eq!(faults[0].field, "settings");
    }

    #[test]
    fn a_password_is_asked_for_as_one() {
        let reset = type_form("reset_user_password").unwrap();
        assert_eq!(secrets(&reset), ["password"]);
        let all = sections(&reset, false);
        let password = all[0].inputs.iter().find(|input| input.name == "password");
        assert!(matches!(
            password.unwrap().control,
            Control::Secret { is_long: false, .. }
        ));
        assert!(password.unwrap().is_required);
    }
}
