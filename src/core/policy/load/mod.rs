//! Policy files to a policy set, or every fault of all of them at once.

mod custom_class;
mod rule;

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::custom_class::CustomClassEntry;
use super::rule::Rule;
use super::{PolicySet, floor};
use crate::limits;
pub use crate::toml_file::Fault;
use crate::toml_file::{At, Faults, parse, tables};

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
        if !loader.faults.0.is_empty() {
            return Err(loader.faults.0);
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
    faults: Faults,
    /// Each id and where it was first seen.
    ids: HashMap<String, String>,
}

impl AsMut<Faults> for Loader {
    fn as_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }
}

impl Loader {
    fn file(&mut self, name: &str, text: &str) {
        let at = At::new(name, text);
        let table = parse(&at, &mut self.faults);
        for (key, value) in table.get_ref() {
            let room = (
                self.rules.len() + self.custom_classes.len(),
                limits::POLICY_ENTRIES,
            );
            match &**key.get_ref() {
                "rule" => tables(self, &at, ("[[rule]]", value), room, |table| table.rule()),
                "classify" => {
                    tables(self, &at, ("[[classify]]", value), room, |table| {
                        table.custom_class();
                    });
                }
                unknown => self.faults.fault(
                    &at,
                    key.span().start,
                    "[[rule]] or [[classify]]",
                    format!("the key '{unknown}'"),
                ),
            }
        }
    }
}
