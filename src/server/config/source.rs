//! The sources of settings: a file (TOML), the environment, the flags.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, SourceLocation, Warning};
use super::key::{KEYS, WITHOUT_VARIABLE, variable};
use super::suggestion::NOT_IN_FILE;
use super::tree::{Node, Value};

/// Largest configuration file, bytes: templates may be long, but this is no
/// disk image named by mistake.
const FILE_BYTES: u64 = 1024 * 1024;
/// Where the configuration file is; not a setting.
const CONFIG_VARIABLE: &str = "MODEGATE_CONFIG";
/// The key that takes over while `MODEGATE_KEY` is changed; not a setting.
pub(crate) const NEXT_KEY_VARIABLE: &str = "MODEGATE_KEY_NEXT";

/// Flags as they were given. Values are text: they are read together with the
/// rest, so that all faults are reported at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags(Vec<(String, String, String)>);

impl Flags {
    /// Adds the text that a flag (with its dashes) has for a key; a list has
    /// commas between its entries.
    pub(crate) fn set(&mut self, key: &str, flag: &str, text: String) {
        self.0.push((key.to_owned(), flag.to_owned(), text));
    }
}

/// What the flags say.
pub(super) fn from_flags(flags: &Flags) -> Node {
    let mut root = Node::default();
    for (key, flag, text) in &flags.0 {
        let flag = flag.clone();
        let node = Node::new(SourceLocation::Flag { flag }, Value::untyped(text));
        root.insert(key, node);
    }
    root
}

/// The process's environment, as far as it is for this program.
pub(crate) fn environment() -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            // What is no UTF-8 becomes text that no setting takes.
            let value = value.to_string_lossy().into_owned();
            name.starts_with("MODEGATE_").then_some((name, value))
        })
        .collect();
    variables.sort();
    variables
}

/// What the variables `MODEGATE_…` say; one that belongs to no key is ignored
/// with a warning.
pub(super) fn from_environment(
    variables: &[(String, String)],
    warnings: &mut Vec<Warning>,
) -> Node {
    let mut root = Node::default();
    for (name, text) in variables {
        let is_ours = name.starts_with("MODEGATE_");
        if !is_ours || [CONFIG_VARIABLE, NEXT_KEY_VARIABLE].contains(&name.as_str()) {
            continue;
        }
        let place = SourceLocation::Environment {
            variable: name.clone(),
        };
        let key = KEYS.iter().find(|key| variable(key) == *name);
        match key.filter(|key| !WITHOUT_VARIABLE.contains(&key.as_str())) {
            Some(key) => root.insert(key, Node::new(place, Value::untyped(text))),
            None => warnings.push(Warning {
                place,
                warning: "no setting has this variable: it is ignored".to_owned(),
            }),
        }
    }
    root
}

/// What the file says.
pub(super) fn from_file(path: &Path, faults: &mut Vec<Fault>) -> Node {
    let name = path.display().to_string();
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    let read = if size > FILE_BYTES {
        Err(("at most 1 MiB", format!("{size} bytes")))
    } else {
        std::fs::read_to_string(path).map_err(|error| ("a readable text file", error.to_string()))
    };
    let (expected, found) = match read {
        Ok(text) => return parse(&name, &text, faults),
        Err(wrong) => wrong,
    };
    let place = Text {
        name: &name,
        text: "",
    }
    .location(0);
    faults.push(Fault::new(place, expected, found));
    Node::default()
}

/// What the text of a file of that name says.
pub(super) fn parse(name: &str, text: &str, faults: &mut Vec<Fault>) -> Node {
    let file = Text { name, text };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = file.location(error.span().map_or(0, |span| span.start));
        faults.push(Fault::new(place, "TOML", error.message()));
    }
    let mut root = Node::new(file.location(0), file.table(table.get_ref()));
    if let Some(node) = root.remove(NOT_IN_FILE) {
        let expected = "the key in key_file or in the variable MODEGATE_KEY, never in this file";
        faults.push(Fault::new(node.key, expected, "the key 'key'"));
    }
    root
}

/// The text of a file.
struct Text<'a> {
    name: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn location(&self, offset: usize) -> SourceLocation {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        SourceLocation::File {
            file: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        let fields = table.iter().map(|(name, value)| {
            let mut node = self.node(value);
            node.key = self.location(name.span().start);
            (name.get_ref().to_string(), node)
        });
        Value::Table(fields.collect())
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let read = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => Value::Other("an integer of more than 64 bits"),
                }
            }
            DeValue::Float(_) => Value::Other("a float"),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(entries) => {
                Value::List(entries.iter().map(|entry| self.entry(entry)).collect())
            }
            DeValue::Table(fields) => self.table(fields),
        };
        Node::new(self.location(value.span().start), read)
    }

    /// An entry of a list. A number may be written as text there.
    fn entry(&self, value: &Spanned<DeValue<'_>>) -> Node {
        match self.node(value) {
            Node {
                value: Value::Text(text),
                place,
                ..
            } => Node::new(place, Value::untyped(text)),
            node => node,
        }
    }
}
