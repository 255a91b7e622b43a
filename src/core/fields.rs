//! Reading the fields of a JSON object, with the field named where one is wrong.

use std::fmt;

use serde_json::{Map, Value};

use crate::suggestion::nearest;
use crate::time::Timestamp;
use modegate_wire::encode::is_xml_text;

/// Unknown fields of one object that are named.
const UNKNOWN: usize = 8;
/// Longest name of an unknown field that is shown, bytes.
const UNKNOWN_BYTES: usize = 64;

/// A field that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct FieldError {
    /// Which field, e.g. `commands[2].loc_uri`.
    pub field: String,
    /// What should stand there.
    pub expected: String,
    /// What does; never a secret.
    pub found: String,
}

impl FieldError {
    /// About this field.
    pub fn new(
        field: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        FieldError {
            field: field.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

/// An object that was asked for something.
#[derive(Debug)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which is called `path` in errors.
    pub fn from_value(value: &'a Value, path: &str) -> Result<Self, FieldError> {
        let named = if path.is_empty() { "body" } else { path };
        let map = value
            .as_object()
            .ok_or_else(|| FieldError::new(named, "an object", type_of(value)))?;
        Ok(Fields {
            map,
            path: path.to_owned(),
        })
    }

    /// The name of a field in errors.
    pub fn name(&self, field: &str) -> String {
        if self.path.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.path)
        }
    }

    /// The names of all its fields.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.keys().map(String::as_str)
    }

    /// A fault for each field that is none of `known`, up to so many: what nobody reads
    /// would be ignored, and its sender would believe that it counts.
    pub fn unknown(&self, known: &[&str]) -> Vec<FieldError> {
        let unknown = self.keys().filter(|name| !known.contains(name));
        let fault = |name: &str| {
            let field = self.name(shortened(name));
            FieldError::new(field, nearest(name, known), "an unknown field")
        };
        unknown.take(UNKNOWN).map(fault).collect()
    }

    /// The field, if it is there and not null.
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    /// Whether the field stands there, even as null.
    pub fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    /// The field as it stands there, null included.
    pub fn raw(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field)
    }

    /// Text of 1 to `most` bytes without control characters, if it is there.
    pub fn line(&self, field: &str, most: usize) -> Result<Option<&'a str>, FieldError> {
        let value = self.get(field);
        value
            .map(|value| line(value, &self.name(field), most))
            .transpose()
    }

    /// The same, required.
    pub fn required(&self, field: &str, most: usize) -> Result<&'a str, FieldError> {
        self.line(field, most)?
            .ok_or_else(|| FieldError::new(self.name(field), "text", "nothing"))
    }

    /// Any text that XML can carry, of at most `most` bytes.
    pub fn text(&self, field: &str, most: usize) -> Result<Option<&'a str>, FieldError> {
        let value = self.get(field);
        value
            .map(|value| text(value, &self.name(field), most))
            .transpose()
    }

    /// A whole number in that range.
    pub fn integer(&self, field: &str, least: i64, most: i64) -> Result<Option<i64>, FieldError> {
        let value = self.get(field);
        value
            .map(|value| integer(value, &self.name(field), least, most))
            .transpose()
    }

    /// An instant, RFC 3339.
    pub fn time(&self, field: &str) -> Result<Option<Timestamp>, FieldError> {
        let value = self.get(field);
        value
            .map(|value| time(value, &self.name(field)))
            .transpose()
    }

    /// A truth value.
    pub fn boolean(&self, field: &str) -> Result<Option<bool>, FieldError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let truth = value.as_bool();
        truth
            .map(Some)
            .ok_or_else(|| FieldError::new(self.name(field), "true or false", shown(value)))
    }

    /// A list, if it is there.
    pub fn list(&self, field: &str, most: usize) -> Result<Option<&'a [Value]>, FieldError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let list = value
            .as_array()
            .ok_or_else(|| FieldError::new(self.name(field), "a list", type_of(value)))?;
        if list.len() > most {
            return Err(FieldError::new(
                self.name(field),
                format!("at most {most} entries"),
                list.len(),
            ));
        }
        Ok(Some(list))
    }

    /// A list of lines of text.
    pub fn lines(
        &self,
        field: &str,
        entries: usize,
        most: usize,
    ) -> Result<Option<Vec<String>>, FieldError> {
        let Some(list) = self.list(field, entries)? else {
            return Ok(None);
        };
        let mut lines = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            let text = value
                .as_str()
                .filter(|text| text.len() <= most && is_line(text) && is_xml_text(text).is_ok());
            let expected = format!("text of 1 to {most} bytes without control characters");
            let name = format!("{}[{at}]", self.name(field));
            lines.push(
                text.ok_or_else(|| FieldError::new(name, expected, shown(value)))?
                    .to_owned(),
            );
        }
        Ok(Some(lines))
    }
}

/// The name of an unknown field or parameter as an error shows it.
pub fn shortened(name: &str) -> &str {
    if !is_line(name) {
        return "?";
    }
    let most = name.floor_char_boundary(UNKNOWN_BYTES);
    &name[..most]
}

/// Text of 1 to `most` bytes without control characters, which is called `name` in errors.
pub fn line<'a>(value: &'a Value, name: &str, most: usize) -> Result<&'a str, FieldError> {
    let text = text(value, name, most)?;
    if is_line(text) {
        return Ok(text);
    }
    let expected = "text without control characters, not empty";
    Err(FieldError::new(name, expected, "other text"))
}

/// Any text that XML can carry, of at most `most` bytes.
pub fn text<'a>(value: &'a Value, name: &str, most: usize) -> Result<&'a str, FieldError> {
    let text = value
        .as_str()
        .ok_or_else(|| FieldError::new(name, "text", type_of(value)))?;
    if text.len() > most {
        let found = format!("{} bytes", text.len());
        return Err(FieldError::new(
            name,
            format!("at most {most} bytes"),
            found,
        ));
    }
    if let Err((at, character)) = is_xml_text(text) {
        let found = format!("U+{:04X} as character {}", u32::from(character), at + 1);
        return Err(FieldError::new(
            name,
            "characters that XML can carry",
            found,
        ));
    }
    // It stands for what is filled in when a command goes out.
    if text.contains(crate::command::CLIENT_ID) {
        let found = "U+E000, which is reserved for the server";
        return Err(FieldError::new(name, "other characters", found));
    }
    Ok(text)
}

/// A whole number in that range.
pub fn integer(value: &Value, name: &str, least: i64, most: i64) -> Result<i64, FieldError> {
    let number = value
        .as_i64()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| {
        let expected = format!("a whole number from {least} to {most}");
        FieldError::new(name, expected, shown(value))
    })
}

/// An instant, RFC 3339.
pub fn time(value: &Value, name: &str) -> Result<Timestamp, FieldError> {
    let time = value.as_str().and_then(Timestamp::parse);
    time.ok_or_else(|| {
        let expected = "a time by RFC 3339, e.g. 2026-01-31T08:00:00Z";
        FieldError::new(name, expected, shown(value))
    })
}

/// A value's type in words.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether text may stand in a line: not empty, no control characters.
pub fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// A value as an error may show it: numbers and short text only. A secret never
/// comes here: its field is read as text, whose errors show none of it.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() <= 40 => format!("'{text}'"),
        Value::String(text) => format!("{} bytes of text", text.len()),
        other => type_of(other).to_owned(),
    }
}
