//! Questions to an inventory: `Class.Property OP value`.

use super::{Inventory, Value};
use crate::time::Timestamp;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Different,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `~`: holds the text, in any letter case.
    Holds,
}

/// One question. It is true of a device when it is true of any instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    class: String,
    property: String,
    comparison: Comparison,
    value: String,
}

/// What a question must look like.
pub const EXPECTED: &str = "Class.Property followed by =, !=, <, > or ~ and a value, e.g. Win32_LogicalDisk.FreeSpace<1000000000; \
                            the values null and absent ask for those";

impl Question {
    /// Reads `Class.Property OP value`; the tree `./DevDetail` counts as class.
    pub fn parse(text: &str) -> Option<Question> {
        let at = text.find(['=', '!', '<', '>', '~'])?;
        let (name, rest) = text.split_at(at);
        let (comparison, value) = [
            ("!=", Comparison::Different),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("~", Comparison::Holds),
        ]
        .iter()
        .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?)))?;
        let (class, property) = class_and_property(name.trim())?;
        let whole = text.len() <= 512;
        whole.then(|| Question {
            class,
            property,
            comparison,
            value: value.trim().to_owned(),
        })
    }

    /// Whether it is true of any instance.
    pub fn is_true_of(&self, inventory: &Inventory) -> bool {
        let classes = inventory
            .classes
            .iter()
            .filter(|(class, _)| class.eq_ignore_ascii_case(&self.class));
        let mut values = classes
            .flat_map(|(_, instances)| instances.values())
            .flat_map(|properties| properties.iter())
            .filter(|(property, _)| property.eq_ignore_ascii_case(&self.property))
            .map(|(_, entry)| &entry.value);
        values.any(|value| self.holds(value))
    }

    fn holds(&self, value: &Value) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self.comparison {
            Comparison::Holds => text_of(value)
                .to_lowercase()
                .contains(&self.value.to_lowercase()),
            Comparison::Equal => self.order(value) == Some(Equal),
            Comparison::Different => self.order(value) != Some(Equal),
            Comparison::Less => self.order(value) == Some(Less),
            Comparison::Greater => self.order(value) == Some(Greater),
        }
    }

    /// How the device's value stands to the question's.
    fn order(&self, value: &Value) -> Option<std::cmp::Ordering> {
        match value {
            Value::Null | Value::Absent => self
                .value
                .eq_ignore_ascii_case(value.state())
                .then_some(std::cmp::Ordering::Equal),
            Value::Bool(truth) => Some(truth.cmp(&self.value.to_ascii_lowercase().parse().ok()?)),
            Value::Integer(number) => Some(number.cmp(&self.value.parse().ok()?)),
            Value::Time(at) => Some(at.cmp(&Timestamp::parse(&self.value)?)),
            Value::LocalTime(text) => Some(text.as_str().cmp(&self.value)),
            Value::Text(text) => Some(versions(text, &self.value)),
        }
    }
}

fn text_of(value: &Value) -> String {
    match value.json() {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => value.state().to_owned(),
        other => other.to_string(),
    }
}

/// The two parts of `Class.Property` or `./Tree/path`; neither is empty.
pub(crate) fn class_and_property(name: &str) -> Option<(String, String)> {
    let (class, property) = if let Some(path) = name.strip_prefix("./") {
        let (root, rest) = path.split_once('/')?;
        (format!("./{root}"), rest.to_owned())
    } else {
        let (class, property) = name.split_once('.')?;
        (class.to_owned(), property.to_owned())
    };
    let whole = !class.is_empty() && class != "./" && !property.is_empty();
    whole.then_some((class, property))
}

/// Texts in order; such as are numbers parted by dots by these numbers, so that
/// 6.3.9600 comes before 10.0.10240.
fn versions(one: &str, other: &str) -> std::cmp::Ordering {
    match (version(one), version(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

/// The numbers of a text that consists of such, parted by dots.
pub(crate) fn version(text: &str) -> Option<Vec<u64>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}
