//! What one source says, as a tree that serde reads. Every value knows its
//! place, so that a fault can name it.
//!
//! serde stops at the first fault. A value with a fault is therefore marked and
//! passed over when the tree is read again, until nothing is left to report.
//! `figment` and `config` report no line and column and one fault at a time;
//! `serde_path_to_error` names the key of one fault, but not its place.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, btree_map};
use std::fmt::Display;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::{Fault, SourceLocation};
use super::settings::Settings;
use super::suggestion::nearest;

/// Most faults of one source that are reported: what has more is no configuration.
const MOST_FAULTS: usize = 1_000;

/// A value with its place.
#[derive(Debug)]
pub(super) struct Node {
    /// Where its key stands.
    pub key: SourceLocation,
    /// Where the value itself stands.
    pub place: SourceLocation,
    pub value: Value,
    is_faulty: Cell<bool>,
    /// The fields of the struct that it was last read as.
    fields: Cell<&'static [&'static str]>,
}

/// A value as its source has it.
#[derive(Debug)]
pub(super) enum Value {
    Text(String),
    /// Text of a variable or a flag: the setting's type decides what it is. As a
    /// list it has commas between its entries.
    Untyped(String, OnceCell<Vec<Node>>),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// Something that no setting is, described.
    Other(&'static str),
}

impl Value {
    pub(super) fn untyped(text: impl Into<String>) -> Self {
        Value::Untyped(text.into(), OnceCell::new())
    }
}

impl Default for Node {
    /// An empty table.
    fn default() -> Self {
        Node::new(SourceLocation::Default, Value::Table(BTreeMap::new()))
    }
}

impl Node {
    /// A value that stands where its key does.
    pub(super) fn new(place: SourceLocation, value: Value) -> Self {
        Node {
            key: place.clone(),
            place,
            value,
            is_faulty: Cell::new(false),
            fields: Cell::default(),
        }
    }

    /// Sets the value of a key such as `log.format`.
    pub(super) fn insert(&mut self, key: &str, node: Node) {
        let Value::Table(fields) = &mut self.value else {
            return;
        };
        match key.split_once('.') {
            Some((section, key)) => fields
                .entry(section.to_owned())
                .or_default()
                .insert(key, node),
            None => drop(fields.insert(key.to_owned(), node)),
        }
    }

    /// Takes the value of a key at the top out.
    pub(super) fn remove(&mut self, key: &str) -> Option<Node> {
        match &mut self.value {
            Value::Table(fields) => fields.remove(key),
            _ => None,
        }
    }

    /// The value of a key such as `log.format`.
    pub(super) fn find(&self, key: &str) -> Option<&Node> {
        let Value::Table(fields) = &self.value else {
            return None;
        };
        match key.split_once('.') {
            Some((section, key)) => fields.get(section)?.find(key),
            None => fields.get(key),
        }
    }

    /// Takes over what a stronger source says.
    pub(super) fn overlay(&mut self, stronger: Node) {
        if stronger.is_faulty.get() {
            return;
        }
        if let Value::Table(own) = &mut self.value
            && let Value::Table(fields) = stronger.value
        {
            for (name, node) in fields {
                match own.entry(name) {
                    btree_map::Entry::Occupied(mut own) => own.get_mut().overlay(node),
                    btree_map::Entry::Vacant(free) => drop(free.insert(node)),
                }
            }
        } else {
            *self = stronger;
        }
    }

    /// The settings of this tree, the default in place of what is wrong, and
    /// every fault.
    pub(super) fn read(&self) -> (Settings, Vec<Fault>) {
        let mut faults = Vec::new();
        while faults.len() < MOST_FAULTS {
            match Settings::deserialize(self) {
                Ok(settings) => return (settings, faults),
                Err(Failure {
                    expected,
                    found,
                    place,
                    ..
                }) => {
                    let place = place.unwrap_or(SourceLocation::Default);
                    faults.push(Fault::new(place, expected, found.unwrap_or_default()));
                }
            }
        }
        (Settings::default(), faults)
    }

    /// What was found where another type was expected. Text of the file is not
    /// repeated: it may be a secret in the wrong place.
    fn describe(&self) -> String {
        let kind = match &self.value {
            Value::Untyped(text, _) => return format!("'{text}'"),
            Value::Text(_) => "text",
            Value::Integer(_) => "an integer",
            Value::Boolean(_) => "a boolean",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        };
        kind.to_owned()
    }

    /// The fields of the struct that this was read as; none if it was not.
    pub(super) fn fields(&self) -> &'static [&'static str] {
        self.fields.get()
    }
}

/// Why a value cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}")]
pub(super) struct Failure {
    expected: String,
    /// `None` where the value is of another type.
    found: Option<String>,
    /// Whether it is reported where the key stands: an unknown key, a wrong text.
    at_key: bool,
    place: Option<SourceLocation>,
}

impl Failure {
    /// Attributes it to this value, unless it is attributed to one within.
    fn at(mut self, node: &Node) -> Self {
        if self.place.is_none() {
            let place = if self.at_key { &node.key } else { &node.place };
            self.place = Some(place.clone());
            self.found.get_or_insert_with(|| node.describe());
            node.is_faulty.set(true);
        }
        self
    }
}

impl Error for Failure {
    fn custom<T: Display>(expected: T) -> Self {
        Failure {
            expected: expected.to_string(),
            found: None,
            at_key: false,
            place: None,
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let (at_key, found) = match found {
            Unexpected::Str(text) => (true, format!("'{text}'")),
            Unexpected::Signed(number) => (false, number.to_string()),
            other => (true, other.to_string()),
        };
        Failure {
            found: Some(found),
            at_key,
            ..Failure::custom(expected)
        }
    }

    fn unknown_field(field: &str, fields: &'static [&'static str]) -> Self {
        Failure {
            found: Some(format!("the key '{field}'")),
            at_key: true,
            ..Failure::custom(nearest(field, fields))
        }
    }
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Text(text) | Value::Untyped(text, _) => visitor.visit_str(text),
            _ => Err(Failure::custom("text")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Boolean(boolean) => visitor.visit_bool(*boolean),
            Value::Untyped(text, _) if text == "true" => visitor.visit_bool(true),
            Value::Untyped(text, _) if text == "false" => visitor.visit_bool(false),
            _ => Err(Failure::custom("true or false")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let number = match &self.value {
            Value::Integer(number) => Some(*number),
            Value::Untyped(text, _) => text.parse::<u32>().ok().map(i64::from),
            _ => None,
        };
        visitor.visit_i64(number.ok_or_else(|| Failure::custom("a number"))?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let entry = |text: &str| Node::new(self.place.clone(), Value::untyped(text.trim()));
        let entries = match &self.value {
            Value::List(entries) => entries,
            Value::Untyped(text, entries) => entries.get_or_init(|| {
                let texts = text.split(',').filter(|text| !text.trim().is_empty());
                texts.map(entry).collect()
            }),
            _ => return Err(Failure::custom("a list")),
        };
        visitor.visit_seq(Entries(entries.iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Table(fields) => visitor.visit_map(Fields {
                fields: fields.iter(),
                current: None,
            }),
            _ => Err(Failure::custom("a table")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.fields.set(fields);
        match &self.value {
            Value::Table(_) => self.deserialize_map(visitor),
            _ => Err(Failure::custom("a section of settings")),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct tuple tuple_struct enum identifier ignored_any
    }
}

/// The entries of a list that have no fault.
struct Entries<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Entries<'_> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let Some(node) = self.0.find(|node| !node.is_faulty.get()) else {
            return Ok(None);
        };
        let entry = seed.deserialize(node).map_err(|failure| failure.at(node));
        entry.map(Some)
    }
}

/// The fields of a table that have no fault.
struct Fields<'a> {
    fields: btree_map::Iter<'a, String, Node>,
    current: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((name, node)) = self.fields.find(|(_, node)| !node.is_faulty.get()) else {
            return Ok(None);
        };
        self.current = Some(node);
        let key = seed.deserialize(StrDeserializer::new(name));
        key.map(Some).map_err(|failure: Failure| failure.at(node))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some(node) = self.current.take() else {
            return Err(Failure::custom("a key before its value"));
        };
        seed.deserialize(node).map_err(|failure| failure.at(node))
    }
}
