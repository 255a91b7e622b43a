//! Texts of the wire as typed values.
//!
//! Which Format MDMAgent gives to which CIM type is unknown, so a value is read by the
//! type that its class reference gives the property. Where none is known, its type
//! comes from its Format if that says it, else from the look of the text, but never a
//! number: a serial number of digits stays text. A value that is not of its type stays
//! text too.

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::{Address, Reading};
use crate::limits;
use crate::time::Timestamp;
use crate::wmi::{self, CimType};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// The property has no value (Format `null`, or Status 500 to a Get).
    Null,
    /// The device has no such node (404).
    Absent,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// An instant.
    Time(Timestamp),
    /// A time of day and date without an offset: RFC 3339 without zone.
    LocalTime(String),
    /// Anything else.
    Text(String),
}

impl Value {
    /// As text; none for both null and absent, whose names [`Value::state`] tells.
    pub fn text(&self) -> Option<String> {
        match self {
            Value::Null | Value::Absent => None,
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Time(at) => Some(at.to_string()),
            Value::LocalTime(text) | Value::Text(text) => Some(text.clone()),
        }
    }

    /// As JSON: null for both null and absent, whose names [`Value::state`] tells.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Value::Null | Value::Absent => serde_json::Value::Null,
            Value::Bool(truth) => (*truth).into(),
            Value::Integer(number) => i64::try_from(*number).map_or_else(
                |_| u64::try_from(*number).map_or_else(|_| number.to_string().into(), Into::into),
                Into::into,
            ),
            Value::Time(at) => at.to_string().into(),
            Value::LocalTime(text) | Value::Text(text) => text.as_str().into(),
        }
    }

    /// The type's name in the API.
    pub fn state(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Absent => "absent",
            Value::Bool(_) => "boolean",
            Value::Integer(_) => "number",
            Value::Time(_) => "time",
            Value::LocalTime(_) => "local_time",
            Value::Text(_) => "text",
        }
    }
}

/// The value in an answer to the Get of a property, and its text where the value
/// does not show it.
pub(super) fn read(reading: &Reading<'_>) -> Option<(Value, Option<String>)> {
    let (status, data) = (reading.status, reading.data);
    match (status, data) {
        (404, None) => return Some((Value::Absent, None)),
        (500, None) => return Some((Value::Null, None)),
        (0 | 200..=299, Some(_)) => {}
        _ => return None,
    }
    let format = reading.format.unwrap_or("chr").trim().to_ascii_lowercase();
    if format == "null" {
        return Some((Value::Null, None));
    }
    let text = cut(data?);
    let Address {
        class, property, ..
    } = reading.address;
    let value = match wmi::cim_type(class, property) {
        Some(cim) => typed(cim, text.trim()),
        None => guessed(&format, text.trim()),
    };
    Some(match value {
        Some(value) if value.json().as_str() == Some(text) => (value, None),
        Some(value) => (value, Some(text.to_owned())),
        None => (Value::Text(text.to_owned()), None),
    })
}

/// At most as much as is kept, at a character's end.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(limits::INVENTORY_VALUE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A text as a value of that type. Numbers are not held to the range of theirs: an
/// HRESULT may come signed.
fn typed(cim: CimType, text: &str) -> Option<Value> {
    match cim {
        CimType::Boolean => bit(text),
        CimType::DateTime => cim_time(text).or_else(|| iso_time(text)),
        CimType::String => None,
        _ => number(text),
    }
}

/// A text as a value of the type that it looks like.
fn guessed(format: &str, text: &str) -> Option<Value> {
    match format {
        "int" => number(text),
        "bool" => bit(text),
        "chr" | "date" | "time" | "" => truth(text)
            .or_else(|| cim_time(text))
            .or_else(|| iso_time(text)),
        _ => None,
    }
}

fn bit(text: &str) -> Option<Value> {
    match text {
        "1" => Some(Value::Bool(true)),
        "0" => Some(Value::Bool(false)),
        text => truth(text),
    }
}

fn truth(text: &str) -> Option<Value> {
    if text.eq_ignore_ascii_case("true") {
        return Some(Value::Bool(true));
    }
    text.eq_ignore_ascii_case("false")
        .then_some(Value::Bool(false))
}

fn number(text: &str) -> Option<Value> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i128::from_str_radix(hex, 16).ok().map(Value::Integer);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number =
        !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit());
    is_number
        .then(|| text.parse().ok().map(Value::Integer))
        .flatten()
}

/// WMI's own form, `yyyymmddHHMMSS.mmmmmm±UUU`, UUU in minutes from UTC;
/// asterisks stand for what is not told.
fn cim_time(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    if bytes.len() != 25 || !text.is_ascii() || bytes[14] != b'.' {
        return None;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<i16>().ok();
    let date = civil::Date::new(
        part(0, 4)?,
        i8::try_from(part(4, 6)?).ok()?,
        i8::try_from(part(6, 8)?).ok()?,
    )
    .ok()?;
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let time = civil::Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()?;
    let local = date.to_datetime(time);
    let sign = match bytes[21] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if &text[22..25] == "***" {
        return Some(Value::LocalTime(local.to_string()));
    }
    let offset = i32::from(part(22, 25)?) * sign * 60;
    let zone = jiff::tz::Offset::from_seconds(offset).ok()?;
    let at = zone.to_timestamp(local).ok()?;
    Some(Value::Time(Timestamp(at.as_millisecond())))
}

/// The instant that a device tells in either form; `None` for anything else.
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match cim_time(text).or_else(|| iso_time(text))? {
        Value::Time(at) => Some(at),
        _ => None,
    }
}

/// ISO 8601 with date and time; without an offset it is a local time.
fn iso_time(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 16
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b' ');
    if !shaped {
        return None;
    }
    if let Some(at) = Timestamp::parse(text) {
        return Some(Value::Time(at));
    }
    let local: civil::DateTime = text.parse().ok()?;
    Some(Value::LocalTime(local.to_string()))
}
