//! The keys of all settings, as the fields of [`Settings`] have them.

use std::sync::LazyLock;

use serde_json::Value;

use super::settings::Settings;
use super::tree::Node;

/// Keys without a variable: the table of text templates has no fixed names, and the roles of
/// `web.oidc` are tables themselves.
pub(super) const WITHOUT_VARIABLE: [&str; 2] = ["templates", "web.oidc.role"];

/// Every key, after its sections and a dot behind each, in the order of the fields.
pub(crate) static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut root = Node::default();
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    insert_sections(&mut root, "", &defaults);
    // Reading the empty sections leaves the fields of each in its node.
    root.read();
    let mut keys = Vec::new();
    collect(&root, "", &mut keys);
    keys
});

/// Inserts an empty table for each section: what has fields in the defaults.
fn insert_sections(root: &mut Node, above: &str, defaults: &Value) {
    let fields = defaults.as_object().into_iter().flatten();
    for (name, value) in fields {
        if value.as_object().is_some_and(|table| !table.is_empty()) {
            let key = format!("{above}{name}");
            root.insert(&key, Node::default());
            insert_sections(root, &format!("{key}."), value);
        }
    }
}

fn collect(section: &Node, above: &str, keys: &mut Vec<String>) {
    for name in section.fields() {
        let key = format!("{above}{name}");
        match section.find(name) {
            Some(inner) if !inner.fields().is_empty() => collect(inner, &format!("{key}."), keys),
            _ => keys.push(key),
        }
    }
}

/// The environment variable of a key: `MODEGATE_LOG_FORMAT` for `log.format`.
pub(super) fn variable(key: &str) -> String {
    format!("MODEGATE_{}", key.to_uppercase().replace('.', "_"))
}
