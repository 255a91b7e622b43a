//! Policy files to a policy set, or every fault of all of them at once.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rule::{Effect, Rule};
use super::{PolicySet, RuleId, floor};
use crate::classify::{class_from_name, class_names};
use crate::context::{Family, Login, Mode, Platform};
use crate::kind::Kind;
use crate::wire::message::Verb;

/// The files compiled in from `policies/`.
pub const BUILTIN: [(&str, &str); 4] = [
    ("context.toml", include_str!("../../policies/context.toml")),
    (
        "windows10.toml",
        include_str!("../../policies/windows10.toml"),
    ),
    (
        "windows81.toml",
        include_str!("../../policies/windows81.toml"),
    ),
    (
        "windows_phone81.toml",
        include_str!("../../policies/windows_phone81.toml"),
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
        let mut loader = Loader {
            rules: Vec::new(),
            faults: Vec::new(),
            ids: HashMap::new(),
        };
        for (name, text) in &files {
            loader.file(name, text);
        }
        if !loader.faults.is_empty() {
            return Err(loader.faults);
        }
        let digest = digest(&files);
        Ok(PolicySet::new(loader.rules, digest, files))
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

struct Loader {
    rules: Vec<Rule>,
    faults: Vec<Fault>,
    /// Each id and where it was first seen.
    ids: HashMap<String, String>,
}

/// One file under way.
struct At<'a> {
    name: &'a str,
    text: &'a str,
}

impl At<'_> {
    fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

impl Loader {
    fn fault(
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

    fn file(&mut self, name: &str, text: &str) {
        let at = At { name, text };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            self.fault(&at, offset, "TOML", error.message().to_owned());
        }
        for (key, value) in table.get_ref() {
            match (&**key.get_ref(), value.get_ref()) {
                ("rule", DeValue::Array(rules)) => {
                    for rule in rules {
                        match rule.get_ref() {
                            DeValue::Table(fields) => self.rule(&at, rule.span().start, fields),
                            other => self.fault(
                                &at,
                                rule.span().start,
                                "a table [[rule]]",
                                type_of(other),
                            ),
                        }
                    }
                }
                ("rule", other) => {
                    self.fault(&at, value.span().start, "tables [[rule]]", type_of(other))
                }
                (unknown, _) => self.fault(
                    &at,
                    key.span().start,
                    "[[rule]]",
                    format!("the key '{unknown}'"),
                ),
            }
        }
    }

    fn rule(&mut self, at: &At<'_>, start: usize, fields: &DeTable<'_>) {
        const KEYS: [&str; 13] = [
            "id", "effect", "mode", "platform", "login", "family", "kind", "verb", "class",
            "group", "source", "says", "note",
        ];
        for key in fields
            .keys()
            .filter(|key| !KEYS.contains(&&**key.get_ref()))
        {
            let name = key.get_ref();
            self.fault(
                at,
                key.span().start,
                format!("one of {}", KEYS.join(", ")),
                format!("the key '{name}'"),
            );
        }
        let id = self.text(at, start, fields, "id", true);
        let effect = self.text(at, start, fields, "effect", true);
        for words in ["source", "says", "note"] {
            self.text(at, start, fields, words, false);
        }
        let says = fields
            .get("says")
            .and_then(|value| value.get_ref().as_str())
            .map(str::to_owned);
        let id = id.and_then(|(id, offset)| self.take_id(at, id, offset));
        let effect = effect.and_then(|(name, offset)| {
            let known = Effect::NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|&(_, effect)| effect);
            if known.is_none() {
                self.fault(
                    at,
                    offset,
                    "'deliver', 'withhold' or 'refuse'",
                    format!("'{name}'"),
                );
            }
            known
        });
        let modes = self.bits(at, fields, "mode", &Mode::ALL.map(|m| (m.name(), m as u32)));
        let platforms = self.bits(
            at,
            fields,
            "platform",
            &Platform::ALL.map(|p| (p.name(), p as u32)),
        );
        let logins = self.bits(
            at,
            fields,
            "login",
            &Login::ALL.map(|l| (l.name(), l as u32)),
        );
        let families = self.bits(
            at,
            fields,
            "family",
            &Family::ALL.map(|f| (f.name(), f as u32)),
        );
        let kinds = self.bits(at, fields, "kind", &Kind::ALL.map(|k| (k.name(), k as u32)));
        let verbs = self.bits(at, fields, "verb", &Verb::ALL.map(|v| (v.name(), v as u32)));
        let classes = self.classes(at, fields);
        let groups = self
            .list(at, fields, "group")
            .map(|list| list.into_iter().map(|(name, _)| name).collect());
        if let (Some(id), Some(effect)) = (id, effect) {
            let (line, _) = at.line_column(start);
            let file = at.name.to_owned();
            self.rules.push(Rule {
                id,
                effect,
                modes,
                platforms,
                logins,
                families,
                kinds,
                verbs,
                classes,
                groups,
                file,
                line,
                says,
            });
        }
    }

    fn take_id(&mut self, at: &At<'_>, id: String, offset: usize) -> Option<RuleId> {
        let plain = !id.is_empty()
            && id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if !plain {
            self.fault(
                at,
                offset,
                "1 to 64 letters, digits, '.', '-' or '_'",
                format!("'{id}'"),
            );
            return None;
        }
        let reserved = ["floor.", "default.", "queue.", "guard."];
        if let Some(prefix) = reserved.iter().find(|prefix| id.starts_with(**prefix)) {
            self.fault(
                at,
                offset,
                format!("an id that does not begin with '{prefix}', which is the server's"),
                format!("'{id}'"),
            );
            return None;
        }
        let (line, _) = at.line_column(offset);
        if let Some(earlier) = self.ids.insert(id.clone(), format!("{}:{line}", at.name)) {
            self.fault(
                at,
                offset,
                "an id of its own",
                format!("'{id}', which stands in {earlier} too"),
            );
            return None;
        }
        Some(RuleId::new(&id))
    }

    fn text(
        &mut self,
        at: &At<'_>,
        start: usize,
        fields: &DeTable<'_>,
        key: &str,
        required: bool,
    ) -> Option<(String, usize)> {
        let Some(value) = fields.get(key) else {
            if required {
                self.fault(at, start, format!("the key '{key}'"), "a rule without it");
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
    fn list(
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

    fn bits(&mut self, at: &At<'_>, fields: &DeTable<'_>, key: &str, known: &[(&str, u32)]) -> u32 {
        let Some(list) = self.list(at, fields, key) else {
            return u32::MAX;
        };
        let mut bits = 0;
        for (name, offset) in list {
            match known.iter().find(|(known, _)| *known == name) {
                Some((_, place)) => bits |= 1 << place,
                None => {
                    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                    self.fault(
                        at,
                        offset,
                        format!("one of {}", names.join(", ")),
                        format!("'{name}'"),
                    );
                }
            }
        }
        bits
    }

    fn classes(&mut self, at: &At<'_>, fields: &DeTable<'_>) -> Option<Vec<crate::kind::Class>> {
        let list = self.list(at, fields, "class")?;
        let mut classes = Vec::new();
        for (name, offset) in list {
            match class_from_name(&name) {
                Some(class) => classes.push(class),
                None => {
                    let near = class_names()
                        .find(|known| known.to_lowercase().contains(&name.to_lowercase()));
                    let hint =
                        near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
                    self.fault(
                        at,
                        offset,
                        format!("a class of the classification table{hint}"),
                        format!("'{name}'"),
                    );
                }
            }
        }
        Some(classes)
    }
}

fn type_of(value: &DeValue<'_>) -> String {
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
