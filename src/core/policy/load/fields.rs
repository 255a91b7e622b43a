//! The fields of a table in a policy file, with the faults in them.

use toml::de::{DeTable, DeValue};

use super::{FAULTS, Fault, Loader};

/// Most values of one list.
const ENTRIES: usize = 1_000;

/// The file that is being read.
pub(super) struct At<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> At<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        At {
            name,
            text,
            lines: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The line of a place in the text, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|begin| *begin <= offset)
    }

    /// Line and column, both from 1, of a place in the text.
    fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let begin = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(begin..offset.min(self.text.len()));
        (line, before.unwrap_or("").chars().count() + 1)
    }
}

impl Loader {
    /// Whether there are so many faults that no more are looked for.
    pub(super) fn is_full(&self) -> bool {
        self.faults.len() >= FAULTS
    }

    pub(super) fn fault(
        &mut self,
        at: &At<'_>,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        if self.is_full() {
            return;
        }
        let (line, column) = at.line_column(offset);
        self.faults.push(Fault {
            file: at.name.to_owned(),
            line,
            column,
            expected: expected.into(),
            found: found.into(),
        });
    }
}

/// One table of a file, and the loader that collects what is in it.
pub(super) struct Table<'a> {
    pub(super) loader: &'a mut Loader,
    pub(super) at: &'a At<'a>,
    /// Where the table begins in the text.
    pub(super) start: usize,
    pub(super) fields: &'a DeTable<'a>,
}

impl Table<'_> {
    pub(super) fn fault(
        &mut self,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.loader.fault(self.at, offset, expected, found);
    }

    /// A fault for each key that is not one of `known`.
    pub(super) fn only_keys(&mut self, known: &[&str]) {
        for key in self.fields.keys().take(FAULTS) {
            let name = key.get_ref();
            if !known.contains(&&**name) {
                let expected = format!("one of {}", known.join(", "));
                self.fault(key.span().start, expected, format!("the key '{name}'"));
            }
        }
    }

    /// A text with its offset, where the key is there.
    pub(super) fn text(&mut self, key: &str) -> Option<(String, usize)> {
        let value = self.fields.get(key)?;
        let offset = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => Some((text.to_string(), offset)),
            other => {
                self.fault(offset, format!("text for '{key}'"), type_of(other));
                None
            }
        }
    }

    /// A text with its offset; a fault where the key is not there.
    pub(super) fn required(&mut self, key: &str) -> Option<(String, usize)> {
        if !self.fields.contains_key(key) {
            self.missing(key);
        }
        self.text(key)
    }

    /// The fault of a table without that key.
    pub(super) fn missing(&mut self, key: &str) {
        let expected = format!("the key '{key}'");
        self.fault(self.start, expected, "a table without it");
    }

    /// A list of texts with their offsets; `None` where the key is not there.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<(String, usize)>> {
        let value = self.fields.get(key)?;
        let offset = value.span().start;
        let DeValue::Array(entries) = value.get_ref() else {
            let expected = format!("a list of texts for '{key}'");
            self.fault(offset, expected, type_of(value.get_ref()));
            return Some(Vec::new());
        };
        if entries.len() > ENTRIES {
            let expected = format!("at most {ENTRIES} values for '{key}'");
            self.fault(offset, expected, entries.len().to_string());
        }
        if entries.is_empty() {
            let expected =
                format!("at least one value for '{key}' (leave the key out to match any)");
            self.fault(offset, expected, "an empty list");
        }
        let mut list = Vec::new();
        // Past it each would be a fault, and no more are told.
        for entry in entries.iter().take(ENTRIES + 1) {
            let offset = entry.span().start;
            match entry.get_ref() {
                DeValue::String(text) => list.push((text.to_string(), offset)),
                other => self.fault(offset, format!("text in '{key}'"), type_of(other)),
            }
        }
        Some(list)
    }

    /// Which of the `known` has that name.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        known: &[(&str, T)],
        (name, offset): (String, usize),
    ) -> Option<T> {
        let found = known.iter().find(|(known, _)| *known == name);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let expected = format!("one of {}", names.join(", "));
            self.fault(offset, expected, format!("'{name}'"));
        }
        found.map(|&(_, value)| value)
    }

    /// The places of the names in a list as bits; all bits where the key is not there.
    pub(super) fn bits(&mut self, key: &str, known: &[(&str, u32)]) -> u32 {
        let Some(list) = self.list(key) else {
            return u32::MAX;
        };
        list.into_iter()
            .filter_map(|name| self.one_of(known, name))
            .fold(0, |bits, place| bits | 1 << place)
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
