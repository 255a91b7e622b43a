//! Policy files to a policy set, or every fault of all of them at once.

mod custom_class;
mod fields;
mod rule;

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::custom_class::CustomClassEntry;
use super::rule::Rule;
use super::{PolicySet, floor};
use crate::limits;
use fields::{At, Table, type_of};

/// Faults that are told of one set; no more are looked for.
const FAULTS: usize = 100;

/// The files compiled in from `policies/`.
pub const BUILTIN: [(&str, &str); 4] = [
    (
        "context.toml",
        include_str!("../../../../policies/context.toml"),
    ),
    (
        "windows10.toml",
        include_str!("../../../../policies/windows10.toml"),
    ),
    (
        "windows81.toml",
        include_str!("../../../../policies/windows81.toml"),
    ),
    (
        "windows_phone81.toml",
        include_str!("../../../../policies/windows_phone81.toml"),
    ),
];

/// What is wrong with a policy file, and where.
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

impl PolicySet {
    /// The shipped set.
    pub fn builtin() -> Result<PolicySet, Vec<Fault>> {
        PolicySet::from_texts(PolicySet::builtin_texts())
    }

    /// The files of the shipped set (name and text).
    pub fn builtin_texts() -> Vec<(String, String)> {
        BUILTIN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    /// A set of these files (name and text); else its faults, up to a hundred.
    pub fn from_texts(mut files: Vec<(String, String)>) -> Result<PolicySet, Vec<Fault>> {
        files.sort();
        let mut loader = Loader::default();
        for (name, text) in &files {
            loader.file(name, text);
        }
        if !loader.faults.is_empty() {
            return Err(loader.faults);
        }
        let digest = digest_of(floor::VERSION, &files);
        Ok(PolicySet::new(
            loader.rules,
            loader.custom_classes,
            digest,
            files,
        ))
    }
}

/// The digest of a policy set: of the floor that it was loaded over, and of its files, name
/// and text, each behind its length.
pub fn digest_of(floor: &str, files: &[(String, String)]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(floor);
    for part in files.iter().flat_map(|(name, text)| [name, text]) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    HEXLOWER.encode(&hasher.finalize())
}

/// What is loaded so far.
#[derive(Default)]
struct Loader {
    rules: Vec<Rule>,
    custom_classes: Vec<CustomClassEntry>,
    faults: Vec<Fault>,
    /// Each id and where it was first seen.
    ids: HashMap<String, String>,
}

impl Loader {
    fn file(&mut self, name: &str, text: &str) {
        let at = At::new(name, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors.iter().take(FAULTS) {
            let offset = error.span().map_or(0, |span| span.start);
            self.fault(&at, offset, "TOML", error.message().to_owned());
        }
        for (key, value) in table.get_ref() {
            match &**key.get_ref() {
                "rule" => self.tables(&at, "[[rule]]", value, |table| table.rule()),
                "classify" => self.tables(&at, "[[classify]]", value, |table| table.custom_class()),
                unknown => self.fault(
                    &at,
                    key.span().start,
                    "[[rule]] or [[classify]]",
                    format!("the key '{unknown}'"),
                ),
            }
        }
    }

    /// Each table of an array of tables.
    fn tables(
        &mut self,
        at: &At<'_>,
        what: &str,
        value: &Spanned<DeValue<'_>>,
        read: fn(&mut Table<'_>),
    ) {
        let DeValue::Array(tables) = value.get_ref() else {
            let found = type_of(value.get_ref());
            return self.fault(at, value.span().start, format!("tables {what}"), found);
        };
        for table in tables {
            let start = table.span().start;
            if self.is_full() {
                return;
            }
            if self.rules.len() + self.custom_classes.len() >= limits::POLICY_ENTRIES {
                let expected = format!("at most {} tables in all files", limits::POLICY_ENTRIES);
                return self.fault(at, start, expected, "one more");
            }
            match table.get_ref() {
                DeValue::Table(fields) => read(&mut Table {
                    loader: self,
                    at,
                    start,
                    fields,
                }),
                other => self.fault(at, start, format!("a table {what}"), type_of(other)),
            }
        }
    }
}
