//! What a report consists of: sections with facts and tables, whose values have types. What
//! they look like is up to whoever renders them.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::ids::DeviceId;
use crate::time::Timestamp;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing is known, or there is none.
    None,
    /// How many.
    Number(u64),
    /// When. In JSON as text (RFC 3339, UTC).
    Time(Timestamp),
    /// How long, milliseconds.
    Duration(i64),
    /// Whether.
    Flag(bool),
    /// Words: of the program, or of whoever wrote what the log has. Nothing in it is trusted.
    Text(String),
    /// An id, a digest or a key: to be compared letter by letter.
    Code(String),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Value::Number(number as u64)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Flag(flag)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Value::Time(at)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<DeviceId> for Value {
    fn from(id: DeviceId) -> Self {
        Value::Code(id.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::None, Into::into)
    }
}

impl Value {
    /// The unit that it is given in, where it has one.
    pub fn unit(&self) -> Option<&'static str> {
        matches!(self, Value::Duration(_)).then_some("ms")
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::None => serializer.serialize_unit(),
            Value::Number(number) => serializer.serialize_u64(*number),
            Value::Time(at) => serializer.collect_str(at),
            Value::Duration(ms) => serializer.serialize_i64(*ms),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Text(text) | Value::Code(text) => serializer.serialize_str(text),
        }
    }
}

/// One value with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name, which stays.
    pub id: &'static str,
    /// What it says, for people.
    pub label: &'static str,
    /// The value.
    pub value: Value,
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("label", self.label)?;
        map.serialize_entry("value", &self.value)?;
        if let Some(unit) = self.value.unit() {
            map.serialize_entry("unit", unit)?;
        }
        map.end()
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name, which stays. One that ends in `_ms` has milliseconds.
    pub id: &'static str,
    /// What it says, for people.
    pub title: &'static str,
}

/// A row: as many values as there are columns.
pub type Row = Vec<Value>;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name, which stays and no other table of the report has.
    pub id: &'static str,
    /// What it lists.
    pub title: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// Its rows, or the first of them.
    pub rows: Vec<Row>,
    /// How many rows there would be if all were listed.
    pub total: u64,
}

/// A row as an object: the columns' names with the values.
pub(crate) struct RowObject<'a>(pub(crate) &'static [Column], pub(crate) &'a Row);

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.0.iter().map(|column| column.id);
        serializer.collect_map(columns.zip(self.1))
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<RowObject<'_>> = self
            .rows
            .iter()
            .map(|row| RowObject(self.columns, row))
            .collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("title", self.title)?;
        map.serialize_entry("columns", self.columns)?;
        map.serialize_entry("total", &self.total)?;
        map.serialize_entry("rows", &rows)?;
        map.end()
    }
}

/// One audit, or another part of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its name, which stays and no other section of the report has.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// What it does not prove.
    pub does_not_prove: &'static str,
    /// The fact to be looked at first, by its name; empty where there is none.
    pub headline: &'static str,
    /// Whether what was found calls for somebody to look at it.
    pub attention: bool,
    /// Its facts.
    pub facts: Vec<Fact>,
    /// Its tables.
    pub tables: Vec<Table>,
}

impl Section {
    /// A section without content.
    pub(super) fn new(
        id: &'static str,
        title: &'static str,
        shows: &'static str,
        does_not_prove: &'static str,
    ) -> Self {
        Section {
            id,
            title,
            shows,
            does_not_prove,
            headline: "",
            attention: false,
            facts: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// The fact to be looked at first.
    pub fn first_fact(&self) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == self.headline)
    }

    /// With this fact.
    #[must_use]
    pub(super) fn fact(
        mut self,
        id: &'static str,
        label: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        let value = value.into();
        self.facts.push(Fact { id, label, value });
        self
    }

    /// With the fact to be looked at first, and whether it calls for attention.
    #[must_use]
    pub(super) fn headline(mut self, id: &'static str, attention: bool) -> Self {
        (self.headline, self.attention) = (id, attention);
        self
    }

    /// With this table.
    #[must_use]
    pub(super) fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }
}

/// Declares the columns of a table: `id "title"`.
macro_rules! columns {
    ($($id:ident $title:literal),+ $(,)?) => {
        &[$($crate::audit::report::Column { id: stringify!($id), title: $title }),+]
    };
}
pub(crate) use columns;

/// Most rows of a list.
pub const LISTED: usize = 1_000;

/// Rows of which the first [`LISTED`] are kept and all are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed<T> {
    first: Vec<T>,
    total: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Listed {
            first: Vec::new(),
            total: 0,
        }
    }
}

impl<T> Listed<T> {
    pub(super) fn push(&mut self, one: T) {
        if self.first.len() < LISTED {
            self.first.push(one);
        }
        self.total += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Those that are kept.
    pub(super) fn first(&self) -> &[T] {
        &self.first
    }

    pub(super) fn table(
        &self,
        id: &'static str,
        title: &'static str,
        columns: &'static [Column],
        row: impl Fn(&T) -> Row,
    ) -> Table {
        Table {
            id,
            title,
            columns,
            rows: self.first.iter().map(row).collect(),
            total: self.total,
        }
    }
}

/// A table that lists everything there is.
pub(super) fn whole(
    id: &'static str,
    title: &'static str,
    columns: &'static [Column],
    rows: impl IntoIterator<Item = Row>,
) -> Table {
    let rows: Vec<Row> = rows.into_iter().collect();
    let total = rows.len() as u64;
    Table {
        id,
        title,
        columns,
        rows,
        total,
    }
}
