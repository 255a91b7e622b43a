//! The effective settings, one entry per key, without secrets.

use serde::Serialize;
use serde_json::Value;

use super::fault::SourceLocation;
use super::key::KEYS;
use super::settings::Settings;
use super::suggestion::NOT_IN_FILE;
use super::{Loaded, Origins};

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// The key's name, after its section and a dot.
    pub key: &'static str,
    /// Its value: null where nothing is set, `***` for a secret.
    pub value: Value,
    /// Where the value was given.
    pub origin: SourceLocation,
}

impl Loaded {
    /// Every key with its value and where that comes from, in the order of
    /// the documentation.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        entries(&self.settings, &self.origins)
    }
}

/// Every key with its value and where that comes from, in the order of the documentation.
pub(crate) fn entries(settings: &Settings, origins: &Origins) -> Vec<Entry> {
    let values = serde_json::to_value(settings).unwrap_or_default();
    let entry = |key: &'static String| Entry {
        key,
        value: values
            .pointer(&format!("/{}", key.replace('.', "/")))
            .cloned()
            .unwrap_or_default(),
        origin: origin(origins, key),
    };
    KEYS.iter().map(entry).collect()
}

/// Where a key's value comes from.
pub(super) fn origin(origins: &Origins, key: &str) -> SourceLocation {
    let given = origins.get(key).cloned();
    given.unwrap_or(SourceLocation::Default)
}

impl Entry {
    /// The entry as a line of the file, with its origin as a comment. Where
    /// nothing is set it is empty text, which means the same.
    pub(crate) fn line(&self) -> String {
        let value = match &self.value {
            Value::Null => toml::Value::from(""),
            value => toml::Value::try_from(value).unwrap_or_else(|_| toml::Value::from("")),
        };
        let line = format!("{} = {value}  # {}", self.key, self.origin);
        if self.key == NOT_IN_FILE {
            format!("# {line}")
        } else {
            line
        }
    }
}
