//! What callers send, as types: each reads itself from JSON, names every fault by
//! the path of its field, and has its JSON Schema derived from the same definition.
//!
//! A derived `Deserialize` stops at the first fault. Every fault is reported,
//! so structs of fields are made by [`input!`](crate::app::input), which reads every
//! field before it looks whether one failed. A field that the struct does not have is a
//! fault too: its sender would believe that it counts.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::word::{Word, Words, all_words};
use modegate_core::device::CertificateDigest;
use modegate_core::fields::{self, FieldError, type_of};
use modegate_core::ids::DeviceId;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// Gives a type an inline schema.
macro_rules! inline_schema {
    ([$($generics:tt)*] $type:ty, $name:literal, $generator:ident => $schema:expr) => {
        impl<$($generics)*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// Something that callers send.
pub(crate) trait Input: Sized {
    /// What is expected where nothing stands.
    const EXPECTED: &'static str;
    /// Whether null is a value of its own; else it counts as nothing.
    const TAKES_NULL: bool = false;

    /// Reads what stands at `path`. `None` where something is wrong with it, which is
    /// then among `faults`.
    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self>;

    /// What it is where nothing stands.
    fn absent(path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        faults.push(FieldError::new(path, Self::EXPECTED, "nothing"));
        None
    }

    /// Adds the names of the fields that it is read from, where it is the field `name`.
    fn names(name: &'static str, into: &mut Vec<&'static str>) {
        into.push(name);
    }

    /// Reads a field of an object.
    fn from_field(
        of: &fields::Fields<'_>,
        name: &str,
        faults: &mut Vec<FieldError>,
    ) -> Option<Self> {
        match of.raw(name) {
            Some(value) if !value.is_null() || Self::TAKES_NULL => {
                Self::from_value(value, &of.name(name), faults)
            }
            _ => Self::absent(&of.name(name), faults),
        }
    }
}

/// Reads a whole body; every fault of it where there is one.
pub(crate) fn read<T: Input>(value: &Value) -> Result<T, Vec<FieldError>> {
    let mut faults = Vec::new();
    match T::from_value(value, "", &mut faults) {
        Some(input) if faults.is_empty() => Ok(input),
        _ => Err(faults),
    }
}

/// A struct of fields, which another struct may have among its own.
pub(crate) trait InputFields: Sized {
    /// Their names.
    fn names() -> Vec<&'static str>;

    /// Reads them.
    fn from_fields(fields: &fields::Fields<'_>, faults: &mut Vec<FieldError>) -> Option<Self>;
}

/// The fields of another struct among those of this one.
#[derive(Debug, Clone)]
pub(crate) struct Flat<T>(pub(crate) T);

inline_schema!([T: JsonSchema] Flat<T>, "Flat", generator => T::json_schema(generator));

impl<T: InputFields> Input for Flat<T> {
    const EXPECTED: &'static str = "an object";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let fields = or_collect(fields::Fields::from_value(value, path), faults)?;
        T::from_fields(&fields, faults).map(Flat)
    }

    fn names(_: &'static str, into: &mut Vec<&'static str>) {
        into.extend(T::names());
    }

    fn from_field(of: &fields::Fields<'_>, _: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        T::from_fields(of, faults).map(Flat)
    }
}

/// Keeps a fault, if it is one.
pub(crate) fn or_collect<T>(
    result: Result<T, FieldError>,
    faults: &mut Vec<FieldError>,
) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

/// Defines structs of fields that callers send.
macro_rules! input {
    ($($(#[$about:meta])* $vis:vis struct $name:ident {
        $($(#[$of_field:meta])* $field_vis:vis $field:ident: $kind:ty,)*
    })*) => {$(
        #[derive(Debug, Clone, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        $(#[$about])*
        $vis struct $name {
            $($(#[$of_field])* $field_vis $field: $kind,)*
        }

        impl $crate::app::input::InputFields for $name {
            fn names() -> Vec<&'static str> {
                let mut names = Vec::new();
                $(<$kind as $crate::app::input::Input>::names(stringify!($field), &mut names);)*
                names
            }

            fn from_fields(
                fields: &modegate_core::fields::Fields<'_>,
                faults: &mut Vec<modegate_core::fields::FieldError>,
            ) -> Option<Self> {
                // Each is read, whether or not one before it is wrong.
                $(let $field =
                    $crate::app::input::Input::from_field(fields, stringify!($field), faults);)*
                Some($name { $($field: $field?,)* })
            }
        }

        impl $crate::app::input::Input for $name {
            const EXPECTED: &'static str = "an object";

            fn from_value(
                value: &serde_json::Value,
                path: &str,
                faults: &mut Vec<modegate_core::fields::FieldError>,
            ) -> Option<Self> {
                let fields = modegate_core::fields::Fields::from_value(value, path);
                let fields = $crate::app::input::or_collect(fields, faults)?;
                let names = <Self as $crate::app::input::InputFields>::names();
                // First: what was meant may be what is missing.
                faults.extend(fields.unknown(&names));
                $crate::app::input::InputFields::from_fields(&fields, faults)
            }
        }
    )*};
}
pub(crate) use input;

impl<T: Input> Input for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const TAKES_NULL: bool = T::TAKES_NULL;

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        T::from_value(value, path, faults).map(Some)
    }

    fn absent(_: &str, _: &mut Vec<FieldError>) -> Option<Self> {
        Some(None)
    }
}

/// A field that null empties, distinct from one that is absent.
#[derive(Debug, Clone)]
pub(crate) enum Clearable<T> {
    /// Nothing stands there from now on.
    Clear,
    /// This does.
    Set(T),
}

impl<T> Clearable<T> {
    /// What stands there from now on.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Clearable::Clear => None,
            Clearable::Set(value) => Some(value),
        }
    }
}

impl<T: Input> Input for Clearable<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const TAKES_NULL: bool = true;

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        if value.is_null() {
            return Some(Clearable::Clear);
        }
        T::from_value(value, path, faults).map(Clearable::Set)
    }
}

inline_schema!([T: JsonSchema] Clearable<T>, "Clearable", generator => {
    Option::<T>::json_schema(generator)
});

/// Text of `MIN` (default 1) to `MAX` bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<const MAX: usize, const MIN: usize = 1>(pub(crate) String);

inline_schema!([const MAX: usize, const MIN: usize] Line<MAX, MIN>, "Line", _generator => {
    json_schema!({"type": "string", "minLength": MIN, "maxLength": MAX})
});

impl<const MAX: usize, const MIN: usize> Input for Line<MAX, MIN> {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let line = or_collect(fields::line(value, path, MAX), faults)?;
        if line.len() < MIN {
            faults.push(FieldError::new(
                path,
                format!("at least {MIN} bytes"),
                line.len(),
            ));
            return None;
        }
        Some(Line(line.to_owned()))
    }
}

/// Any text that XML can carry, of at most `MAX` bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

inline_schema!([const MAX: usize] Text<MAX>, "Text", _generator => {
    json_schema!({"type": "string", "maxLength": MAX})
});

impl<const MAX: usize> Input for Text<MAX> {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let text = or_collect(fields::text(value, path, MAX), faults)?;
        Some(Text(text.to_owned()))
    }
}

/// A line of `MIN` to `MAX` bytes that is shown to nobody.
#[derive(Debug, Clone)]
pub(crate) struct SecretLine<const MAX: usize, const MIN: usize = 1>(pub(crate) Secret);

inline_schema!([const MAX: usize, const MIN: usize] SecretLine<MAX, MIN>, "SecretLine", _generator => {
    json_schema!({"type": "string", "minLength": MIN, "maxLength": MAX, "writeOnly": true})
});

impl<const MAX: usize, const MIN: usize> Input for SecretLine<MAX, MIN> {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let line = Line::<MAX, MIN>::from_value(value, path, faults)?;
        Some(SecretLine(Secret::new(line.0)))
    }
}

/// Text of at most `MAX` bytes that is shown to nobody.
#[derive(Debug, Clone)]
pub(crate) struct SecretText<const MAX: usize>(pub(crate) Secret);

inline_schema!([const MAX: usize] SecretText<MAX>, "SecretText", _generator => {
    json_schema!({"type": "string", "maxLength": MAX, "writeOnly": true})
});

impl<const MAX: usize> Input for SecretText<MAX> {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let text = or_collect(fields::text(value, path, MAX), faults)?;
        Some(SecretText(Secret::new(text)))
    }
}

/// `MIN` to `MAX` entries.
#[derive(Debug, Clone)]
pub(crate) struct List<T, const MAX: usize, const MIN: usize = 0>(pub(crate) Vec<T>);

/// Lines of text.
pub(crate) type Lines<const MAX: usize, const BYTES: usize, const MIN: usize = 0> =
    List<Line<BYTES>, MAX, MIN>;

impl<const MAX: usize, const BYTES: usize, const MIN: usize> Lines<MAX, BYTES, MIN> {
    /// The texts.
    pub(crate) fn texts(self) -> Vec<String> {
        self.0.into_iter().map(|line| line.0).collect()
    }
}

inline_schema!([T: JsonSchema, const MAX: usize, const MIN: usize] List<T, MAX, MIN>, "List", generator => {
    let items = generator.subschema_for::<T>();
    let mut schema = json_schema!({"type": "array", "maxItems": MAX, "items": items});
    if MIN > 0 {
        schema.insert("minItems".to_owned(), MIN.into());
    }
    schema
});

impl<T: Input, const MAX: usize, const MIN: usize> Input for List<T, MAX, MIN> {
    const EXPECTED: &'static str = "a list";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let Some(list) = value.as_array() else {
            faults.push(FieldError::new(path, "a list", type_of(value)));
            return None;
        };
        if !(MIN..=MAX).contains(&list.len()) {
            let expected = format!("{MIN} to {MAX} entries");
            faults.push(FieldError::new(path, expected, list.len()));
            return None;
        }
        let read: Vec<Option<T>> = list
            .iter()
            .enumerate()
            .map(|(at, value)| T::from_value(value, &format!("{path}[{at}]"), faults))
            .collect();
        read.into_iter().collect::<Option<Vec<T>>>().map(List)
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Integer<const MIN: i64, const MAX: i64>(pub(crate) i64);

inline_schema!([const MIN: i64, const MAX: i64] Integer<MIN, MAX>, "Integer", _generator => {
    json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX})
});

impl<const MIN: i64, const MAX: i64> Input for Integer<MIN, MAX> {
    const EXPECTED: &'static str = "a whole number";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        or_collect(fields::integer(value, path, MIN, MAX), faults).map(Integer)
    }
}

impl Input for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let wrong = || FieldError::new(path, "true or false", fields::shown(value));
        or_collect(value.as_bool().ok_or_else(wrong), faults)
    }
}

/// An instant, RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Timestamp);

inline_schema!([] Time, "Time", _generator => json_schema!({"type": "string", "format": "date-time"}));

impl Input for Time {
    const EXPECTED: &'static str = "a time";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        or_collect(fields::time(value, path), faults).map(Time)
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<T: Words> Input for Word<T> {
    const EXPECTED: &'static str = "a word";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let line = or_collect(fields::line(value, path, 64), faults)?;
        let known = T::ALL.iter().find(|one| one.word() == line);
        let wrong = || {
            let expected = format!("one of {}", all_words::<T>().join(", "));
            FieldError::new(path, expected, fields::quoted(line))
        };
        or_collect(known.copied().ok_or_else(wrong), faults).map(Word)
    }
}

/// A value that is sent as a line of text.
pub(crate) trait Parse: Sized {
    /// Longest line, bytes.
    const MAX: usize;

    /// The value; else what is expected.
    fn parse(line: &str) -> Result<Self, String>;

    /// A line that is none, as errors show it.
    fn shown(line: &str) -> String {
        fields::quoted(line)
    }

    /// What the line may be.
    fn schema() -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": Self::MAX})
    }
}

/// A line of text, read as what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parsed<T>(pub(crate) T);

inline_schema!([T: Parse] Parsed<T>, "Parsed", _generator => T::schema());

impl<T: Parse> Input for Parsed<T> {
    const EXPECTED: &'static str = "text";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        let line = or_collect(fields::line(value, path, T::MAX), faults)?;
        let wrong = |expected| FieldError::new(path, expected, T::shown(line));
        or_collect(T::parse(line).map_err(wrong), faults).map(Parsed)
    }
}

impl Parse for CertificateDigest {
    const MAX: usize = 128;

    fn parse(line: &str) -> Result<Self, String> {
        CertificateDigest::from_hex(line).ok_or_else(|| "64 hexadecimal digits".to_owned())
    }
}

impl Parse for DeviceId {
    const MAX: usize = 64;

    fn parse(line: &str) -> Result<Self, String> {
        line.parse().map_err(|_| "a device id".to_owned())
    }
}

/// An object that is looked at later.
#[derive(Debug, Clone)]
pub(crate) struct Object(pub(crate) Value);

inline_schema!([] Object, "Object", _generator => json_schema!({"type": "object"}));

impl Input for Object {
    const EXPECTED: &'static str = "an object";

    fn from_value(value: &Value, path: &str, faults: &mut Vec<FieldError>) -> Option<Self> {
        or_collect(fields::Fields::from_value(value, path), faults)?;
        Some(Object(value.clone()))
    }
}

#[cfg(test)]
mod tests;
