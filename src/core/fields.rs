//! Reading the fields of a JSON object, with the field named where one is wrong.

use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use crate::suggestion::nearest;
use crate::time::Timestamp;
use modegate_wire::encode::is_xml_text;

/// Unknown fields of one object that are named.
const UNKNOWN: usize = 8;
/// Longest name of an unknown field that is shown, bytes.
const UNKNOWN_BYTES: usize = 64;
/// How much of a value is shown, bytes.
const SHOWN_BYTES: usize = 40;

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
    /// The id of what it conflicts with, if that is something that the caller may see.
    pub conflicts_with: Option<String>,
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
            conflicts_with: None,
        }
    }

    /// The same, which conflicts with what has this id.
    #[must_use]
    pub fn conflicting(self, id: impl fmt::Display) -> Self {
        FieldError {
            conflicts_with: Some(id.to_string()),
            ..self
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
    // The text itself may be a secret.
    let control = text.chars().enumerate().find(|(_, one)| one.is_control());
    let found = control.map_or("empty text".to_owned(), |(at, one)| {
        format!("U+{:04X} as character {}", u32::from(one), at + 1)
    });
    Err(FieldError::new(name, expected, found))
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

/// A value as an error may show it: numbers, and the beginning of text. A secret never
/// comes here: its field is read as text, whose errors show none of it.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        other => type_of(other).to_owned(),
    }
}

/// A URL as an error may show it: its scheme, host and port. User, path, query and fragment
/// may hold a secret. Of text that is no URL and may have a user in it, the length.
pub fn shown_url(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        let start = text.find("://").map_or(0, |at| at + "://".len());
        let host = text.get(start..).unwrap_or_default();
        let end = host.find(['/', '\\', '?', '#']);
        return match end.and_then(|end| text.get(..start + end)) {
            _ if text.contains('@') => format!("{} bytes that are no URL", text.len()),
            Some(shown) => quoted(&format!("{shown}…")),
            None => quoted(text),
        };
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    let user = if has_user { "***@" } else { "" };
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let host = url.host_str().unwrap_or_default();
    let path = if url.path().len() > 1 { "/…" } else { "" };
    let query = if url.query().is_some() { "?…" } else { "" };
    let fragment = if url.fragment().is_some() { "#…" } else { "" };
    let scheme = url.scheme();
    format!("'{scheme}://{user}{host}{port}{path}{query}{fragment}'")
}

/// Text as an error may show it: in quotes, of a longer one the beginning and the
/// length, control characters escaped. Never for a secret.
pub fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN_BYTES);
    let (beginning, rest) = text.split_at(end);
    let mut shown = String::with_capacity(end + 2);
    for one in beginning.chars() {
        match one.is_control() {
            true => shown.extend(one.escape_default()),
            false => shown.push(one),
        }
    }
    match rest.is_empty() {
        true => format!("'{shown}'"),
        false => format!("'{shown}…' ({} bytes)", text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        for (text, shown) in [
            ("http://a.test", "'http://a.test'"),
            (
                "https://a.test:8443/hook?key=s3cret#s3cret",
                "'https://a.test:8443/…?…#…'",
            ),
            ("https://u:s3cret@a.test/", "'https://***@a.test'"),
            ("https://u:s3/cret@a.test/x", "26 bytes that are no URL"),
            ("a.test/s3cret", "'a.test…'"),
            ("https://[1/s3cret", "'https://[1…'"),
            ("hello", "'hello'"),
        ] {
            assert_eq!(shown_url(text), shown, "{text}");
        }
    }
}
