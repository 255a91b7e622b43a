//! Reviewed files in TOML (policies, baselines): their tables and fields, with every fault in
//! them and its place.

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Faults that are told of one set of files; no more are looked for.
pub(crate) const FAULTS: usize = 100;

/// What is wrong with a reviewed file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}:{line}:{column}: expected {expected}, found {found}")]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: String,
    /// What does.
    pub found: String,
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl AsMut<Faults> for Faults {
    fn as_mut(&mut self) -> &mut Faults {
        self
    }
}

/// Most values of one list.
const ENTRIES: usize = 1_000;

/// Whether it is an id: 1 to 64 letters, digits, `.`, `-` or `_`.
pub(crate) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

/// What an id looks like.
pub(crate) const ID: &str = "1 to 64 letters, digits, '.', '-' or '_'";

/// The file that is being read.
pub(crate) struct At<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> At<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        At {
            name,
            text,
            lines: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The line of a place in the text, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
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

impl Faults {
    /// Whether there are so many faults that no more are looked for.
    fn is_full(&self) -> bool {
        self.0.len() >= FAULTS
    }

    pub(crate) fn fault(
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
        self.0.push(Fault {
            file: at.name.to_owned(),
            line,
            column,
            expected: expected.into(),
            found: found.into(),
        });
    }
}

/// Reads a file's text as TOML; what of it is none is told.
pub(crate) fn parse<'a>(at: &At<'a>, faults: &mut Faults) -> Spanned<DeTable<'a>> {
    let (table, errors) = DeTable::parse_recoverable(at.text);
    for error in errors.iter().take(FAULTS) {
        let offset = error.span().map_or(0, |span| span.start);
        faults.fault(at, offset, "TOML", error.message().to_owned());
    }
    table
}

/// Reads each table of an array of tables; of `most`, and `had` were read before.
pub(crate) fn tables<L: AsMut<Faults>>(
    loader: &mut L,
    at: &At<'_>,
    (what, value): (&str, &Spanned<DeValue<'_>>),
    (had, most): (usize, usize),
    read: impl Fn(&mut Table<'_, L>),
) {
    let DeValue::Array(tables) = value.get_ref() else {
        let found = type_of(value.get_ref());
        let expected = format!("tables {what}");
        return loader
            .as_mut()
            .fault(at, value.span().start, expected, found);
    };
    for (read_before, table) in tables.iter().enumerate() {
        let start = table.span().start;
        if loader.as_mut().is_full() {
            return;
        }
        if had + read_before >= most {
            let expected = format!("at most {most} tables in all files");
            return loader.as_mut().fault(at, start, expected, "one more");
        }
        match table.get_ref() {
            DeValue::Table(fields) => read(&mut Table {
                loader,
                at,
                start,
                fields,
            }),
            other => {
                let expected = format!("a table {what}");
                loader.as_mut().fault(at, start, expected, type_of(other));
            }
        }
    }
}

/// One table of a file, and the loader that collects what is in it.
pub(crate) struct Table<'a, L> {
    pub(crate) loader: &'a mut L,
    pub(crate) at: &'a At<'a>,
    /// Where the table begins in the text.
    pub(crate) start: usize,
    pub(crate) fields: &'a DeTable<'a>,
}

impl<L: AsMut<Faults>> Table<'_, L> {
    pub(crate) fn fault(
        &mut self,
        offset: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.loader.as_mut().fault(self.at, offset, expected, found);
    }

    /// A fault for each key that is not one of `known`.
    pub(crate) fn only_keys(&mut self, known: &[&str]) {
        for key in self.fields.keys().take(FAULTS) {
            let name = key.get_ref();
            if !known.contains(&&**name) {
                let expected = format!("one of {}", known.join(", "));
                self.fault(key.span().start, expected, format!("the key '{name}'"));
            }
        }
    }

    /// A text with its offset, where the key is there.
    pub(crate) fn text(&mut self, key: &str) -> Option<(String, usize)> {
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

    /// A value that `read` takes, with its offset, where the key is there.
    pub(crate) fn value<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<(T, usize)> {
        let value = self.fields.get(key)?;
        let offset = value.span().start;
        let taken = read(value.get_ref());
        if taken.is_none() {
            let expected = format!("{expected} for '{key}'");
            self.fault(offset, expected, shown(value.get_ref()));
        }
        taken.map(|taken| (taken, offset))
    }

    /// A text with its offset; a fault where the key is not there.
    pub(crate) fn required(&mut self, key: &str) -> Option<(String, usize)> {
        if !self.fields.contains_key(key) {
            self.missing(key);
        }
        self.text(key)
    }

    /// The fault of a table without that key.
    pub(crate) fn missing(&mut self, key: &str) {
        let expected = format!("the key '{key}'");
        self.fault(self.start, expected, "a table without it");
    }

    /// A list of texts with their offsets; `None` where the key is not there.
    pub(crate) fn list(&mut self, key: &str) -> Option<Vec<(String, usize)>> {
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
    pub(crate) fn one_of<T: Copy>(
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
    pub(crate) fn bits(&mut self, key: &str, known: &[(&str, u32)]) -> u32 {
        let Some(list) = self.list(key) else {
            return u32::MAX;
        };
        list.into_iter()
            .filter_map(|name| self.one_of(known, name))
            .fold(0, |bits, place| bits | 1 << place)
    }
}

/// A number as it stands there, a value of another type by that.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => number.to_string(),
        other => type_of(other),
    }
}

/// A value's type, in words.
pub(crate) fn type_of(value: &DeValue<'_>) -> String {
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
