//! What one source says: the environment or the flags, as values by key. The
//! file has a module of its own.

use std::collections::BTreeMap;

use super::fault::{Fault, Place, Warning};
use super::key::{KEYS, Key, Shape};

/// A value of the right shape, not yet understood.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Boolean(bool),
    Integer(u32),
    /// Each entry with its place.
    List(Vec<(String, Place)>),
    /// Each name with its text and place.
    Texts(Vec<(String, String, Place)>),
}

/// A value and where it was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub value: Value,
    pub place: Place,
}

/// What one source says, by the names of keys.
pub(super) type Layer = BTreeMap<&'static str, Given>;

/// Flags as they were given, by the names of keys. Values are text: they are
/// understood together with the rest, so that all faults are told at once.
#[derive(Debug, Clone, Default)]
pub struct Flags(Vec<(&'static Key, Vec<String>)>);

impl Flags {
    /// Adds the values of a key's flag; none means that it was not given.
    /// A name that is no key's is passed over.
    pub fn set(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        if let (Some(key), false) = (super::key::find(name), values.is_empty()) {
            self.0.push((key, values));
        }
    }
}

pub(super) fn from_flags(flags: &Flags, faults: &mut Vec<Fault>) -> Layer {
    let mut layer = Layer::new();
    for (key, values) in &flags.0 {
        let place = Place::Flag {
            flag: key.flag.unwrap_or(key.name).to_owned(),
        };
        let value = match key.shape {
            Shape::List => Some(Value::List(
                values
                    .iter()
                    .map(|value| (value.clone(), place.clone()))
                    .collect(),
            )),
            // Where a flag stands twice the last one holds, as usual.
            _ => values
                .last()
                .and_then(|text| value_of_text(key, text, &place, faults)),
        };
        if let Some(value) = value {
            layer.insert(key.name, Given { value, place });
        }
    }
    layer
}

/// Reads the variables `MODEGATE_…`; one that is no key's is warned of.
pub(super) fn from_environment(
    variables: &[(String, String)],
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Warning>,
) -> Layer {
    let mut layer = Layer::new();
    for (variable, text) in variables {
        // Not settings: where they are, and the key that takes over.
        let others = ["MODEGATE_CONFIG", crate::serve::keys::NEXT_VARIABLE];
        if !variable.starts_with("MODEGATE_") || others.contains(&variable.as_str()) {
            continue;
        }
        let place = Place::Environment {
            variable: variable.clone(),
        };
        let Some(key) = KEYS.iter().find(|key| key.variable() == *variable) else {
            warnings.push(Warning {
                place,
                warning: "no setting has this variable: it does nothing".to_owned(),
            });
            continue;
        };
        if let Some(value) = value_of_text(key, text, &place, faults) {
            layer.insert(key.name, Given { value, place });
        }
    }
    layer
}

fn value_of_text(key: &Key, text: &str, place: &Place, faults: &mut Vec<Fault>) -> Option<Value> {
    let value = match key.shape {
        Shape::Text => Some(Value::Text(text.to_owned())),
        Shape::Boolean => match text {
            "true" => Some(Value::Boolean(true)),
            "false" => Some(Value::Boolean(false)),
            _ => None,
        },
        Shape::Integer(least, most) => text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .map(Value::Integer),
        Shape::List => Some(Value::List(
            text.split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .map(|entry| (entry.to_owned(), place.clone()))
                .collect(),
        )),
        Shape::Texts => None,
    };
    if value.is_none() {
        faults.push(Fault::new(place.clone(), key.expected, found(key, text)));
    }
    value
}

/// What was found, for a fault: never where it may hold a secret.
pub(super) fn found(key: &Key, text: &str) -> String {
    if key.hidden {
        format!("{} characters", text.chars().count())
    } else {
        format!("'{text}'")
    }
}
