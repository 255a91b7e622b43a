//! Policy files to a policy set, or every fault of all of them at once.

mod fields;
mod own;
mod rule;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::own::OwnEntry;
use super::rule::Rule;
use super::{PolicySet, floor};
use fields::{At, type_of};

/// The files compiled in from `policies/`.
pub const BUILTIN: [(&str, &str); 4] = [
    (
        "context.toml",
        include_str!("../../../policies/context.toml"),
    ),
    (
        "windows10.toml",
        include_str!("../../../policies/windows10.toml"),
    ),
    (
        "windows81.toml",
        include_str!("../../../policies/windows81.toml"),
    ),
    (
        "windows_phone81.toml",
        include_str!("../../../policies/windows_phone81.toml"),
    ),
];

/// Largest policy file, bytes: some thousand rules, and not a disk image by mistake.
const FILE_BYTES: u64 = 1024 * 1024;

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            file,
            line,
            column,
            expected,
            found,
        } = self;
        write!(
            f,
            "{file}:{line}:{column}: expected {expected}, found {found}"
        )
    }
}

impl PolicySet {
    /// The shipped set.
    pub fn builtin() -> Result<PolicySet, Vec<Fault>> {
        let files = BUILTIN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        PolicySet::from_texts(files)
    }

    /// A set of these files (name and text).
    pub fn from_texts(mut files: Vec<(String, String)>) -> Result<PolicySet, Vec<Fault>> {
        files.sort();
        let mut loader = Loader::default();
        for (name, text) in &files {
            loader.file(name, text);
        }
        if !loader.faults.is_empty() {
            return Err(loader.faults);
        }
        let digest = digest(&files);
        Ok(PolicySet::new(loader.rules, loader.own, digest, files))
    }

    /// The set of a folder's `*.toml` files; what lies in folders below
    /// (`cases/`, `optional/`) is not in force.
    pub fn from_dir(dir: &Path) -> Result<PolicySet, Vec<Fault>> {
        PolicySet::from_texts(read_dir(dir).map_err(|fault| vec![fault])?)
    }
}

/// Reads a folder's `*.toml` files.
pub fn read_dir(dir: &Path) -> Result<Vec<(String, String)>, Fault> {
    let fault = |path: &Path, expected: &str, found: String| Fault {
        file: path.display().to_string(),
        line: 1,
        column: 1,
        expected: expected.to_owned(),
        found,
    };
    let entries = std::fs::read_dir(dir)
        .map_err(|e| fault(dir, "a folder with policy files", e.to_string()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|e| fault(dir, "a readable folder", e.to_string()))?
            .path();
        if path.extension().is_none_or(|ending| ending != "toml") || path.is_dir() {
            continue;
        }
        let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if size > FILE_BYTES {
            return Err(fault(
                &path,
                &format!("at most {FILE_BYTES} bytes"),
                format!("{size} bytes"),
            ));
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|e| fault(&path, "a readable text file", e.to_string()))?;
        files.push((
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            text,
        ));
    }
    if files.is_empty() {
        return Err(fault(dir, "at least one file *.toml", "none".to_owned()));
    }
    Ok(files)
}

fn digest(files: &[(String, String)]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(floor::VERSION);
    for part in files.iter().flat_map(|(name, text)| [name, text]) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What is loaded so far.
#[derive(Default)]
struct Loader {
    rules: Vec<Rule>,
    own: Vec<OwnEntry>,
    faults: Vec<Fault>,
    /// Each id and where it was first seen.
    ids: HashMap<String, String>,
}

impl Loader {
    fn file(&mut self, name: &str, text: &str) {
        let at = At { name, text };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            self.fault(&at, offset, "TOML", error.message().to_owned());
        }
        for (key, value) in table.get_ref() {
            match &**key.get_ref() {
                "rule" => self.tables(&at, "[[rule]]", value, Loader::rule),
                "classify" => self.tables(&at, "[[classify]]", value, Loader::own),
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
        one: fn(&mut Loader, &At<'_>, usize, &DeTable<'_>),
    ) {
        let DeValue::Array(tables) = value.get_ref() else {
            let found = type_of(value.get_ref());
            return self.fault(at, value.span().start, format!("tables {what}"), found);
        };
        for table in tables {
            let start = table.span().start;
            match table.get_ref() {
                DeValue::Table(fields) => one(self, at, start, fields),
                other => self.fault(at, start, format!("a table {what}"), type_of(other)),
            }
        }
    }
}
