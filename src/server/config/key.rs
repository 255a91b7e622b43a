//! The keys of all settings, as the fields of [`Settings`] have them.

use std::sync::LazyLock;

use serde_json::Value;

use super::settings::Settings;
use super::tree::Node;

/// The table of text templates: it has no fixed names, and therefore no variable.
pub(super) const TEMPLATES: &str = "templates";

/// Every key, after its section and a dot if it is in one, in the order of the
/// fields.
pub(crate) static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut root = Node::default();
    // A section is what has fields in the defaults.
    if let Ok(Value::Object(defaults)) = serde_json::to_value(Settings::default()) {
        let is_section = |value: &Value| value.as_object().is_some_and(|table| !table.is_empty());
        for (name, _) in defaults.iter().filter(|(_, value)| is_section(value)) {
            root.insert(name, Node::default());
        }
    }
    // Reading the empty sections leaves the fields of each in its node.
    root.read();
    let keys = root.fields().iter().flat_map(|&name| {
        let section = root.find(name).map_or(&[][..], Node::fields);
        match section {
            [] => vec![name.to_owned()],
            fields => fields
                .iter()
                .map(|field| format!("{name}.{field}"))
                .collect(),
        }
    });
    keys.collect()
});

/// The environment variable of a key: `MODEGATE_LOG_FORMAT` for `log.format`.
pub(super) fn variable(key: &str) -> String {
    format!("MODEGATE_{}", key.to_uppercase().replace('.', "_"))
}
