//! The fields of a table in a policy file, with the faults in them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, Loader};

/// One file under way.
pub(super) struct At<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl At<'_> {
    /// Line and column, both from 1, of a place in the text.
    pub(super) fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

impl Loader {
    pub(super) fn fault(
        &mut self,
        at: &At<'_>,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let (line, column) = at.line_column(offset);
        self.faults.push(Fault {
            file: at.name.to_owned(),
            line,
            column,
            expected: expected.into(),
            found: found.into(),
        });
    }

    /// A fault for each key that is not one of `known`.
    pub(super) fn only_keys(&mut self, at: &At<'_>, fields: &DeTable<'_>, known: &[&str]) {
        for key in fields
            .keys()
            .filter(|key| !known.contains(&&**key.get_ref()))
        {
            let name = key.get_ref();
            self.fault(
                at,
                key.span().start,
                format!("one of {}", known.join(", ")),
                format!("the key '{name}'"),
            );
        }
    }

    pub(super) fn text(
        &mut self,
        at: &At<'_>,
        start: usize,
        fields: &DeTable<'_>,
        key: &str,
        required: bool,
    ) -> Option<(String, usize)> {
        let Some(value) = fields.get(key) else {
            if required {
                self.fault(at, start, format!("the key '{key}'"), "a table without it");
            }
            return None;
        };
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), value.span().start)),
            other => {
                self.fault(
                    at,
                    value.span().start,
                    format!("text for '{key}'"),
                    type_of(other),
                );
                None
            }
        }
    }

    /// A list of texts with their offsets; `None` where the key is not there.
    pub(super) fn list(
        &mut self,
        at: &At<'_>,
        fields: &DeTable<'_>,
        key: &str,
    ) -> Option<Vec<(String, usize)>> {
        let value: &Spanned<DeValue<'_>> = fields.get(key)?;
        let offset = value.span().start;
        let DeValue::Array(entries) = value.get_ref() else {
            self.fault(
                at,
                offset,
                format!("a list of texts for '{key}'"),
                type_of(value.get_ref()),
            );
            return Some(Vec::new());
        };
        if entries.is_empty() {
            self.fault(
                at,
                offset,
                format!("at least one value for '{key}' (leave the key out to match any)"),
                "an empty list",
            );
        }
        let mut list = Vec::new();
        for entry in entries {
            match entry.get_ref() {
                DeValue::String(text) => list.push((text.to_string(), entry.span().start)),
                other => self.fault(
                    at,
                    entry.span().start,
                    format!("text in '{key}'"),
                    type_of(other),
                ),
            }
        }
        Some(list)
    }

    pub(super) fn bits(
        &mut self,
        at: &At<'_>,
        fields: &DeTable<'_>,
        key: &str,
        known: &[(&str, u32)],
    ) -> u32 {
        let Some(list) = self.list(at, fields, key) else {
            return u32::MAX;
        };
        let mut bits = 0;
        for (name, offset) in list {
            if let Some((_, place)) = known.iter().find(|(known, _)| *known == name) {
                bits |= 1 << place;
            } else {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                self.fault(
                    at,
                    offset,
                    format!("one of {}", names.join(", ")),
                    format!("'{name}'"),
                );
            }
        }
        bits
    }
}

/// A value's type, in words.
pub(super) fn type_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
    .to_owned()
}
