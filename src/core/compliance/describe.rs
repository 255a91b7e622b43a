//! Controls and their parts in words.

use std::fmt;

use super::{Exemption, Expectation, Question};
use crate::inventory::Value;

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::Reading { class, property } if class.starts_with("./") => {
                write!(f, "{class}/{property}")
            }
            Question::Reading { class, property } => write!(f, "{class}.{property}"),
            Question::Fact(fact) => f.write_str(fact.name()),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expectation::Is(values) => {
                let values: Vec<String> = values.iter().map(spelled).collect();
                write!(f, "is {}", values.join(" or "))
            }
            Expectation::AtLeast(bound) => write!(f, "is at least {}", spelled(bound)),
            Expectation::AtMost(bound) => write!(f, "is at most {}", spelled(bound)),
            Expectation::WithinDays(days) => write!(f, "is within {days} days"),
            Expectation::Holds(text) => write!(f, "holds '{text}'"),
        }
    }
}

impl Exemption {
    /// The last day on which it counts.
    pub fn last_day(&self) -> String {
        let day = self.until.plus_ms(-1).to_string();
        day.get(..10).unwrap_or(&day).to_owned()
    }
}

/// A value in words.
pub fn spelled(value: &Value) -> String {
    match value.json() {
        serde_json::Value::Null => value.state().to_owned(),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}
