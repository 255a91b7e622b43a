//! The configuration file: TOML to values by key, with every fault of it at once.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};
use super::key::{KEYS, Key, NUMBERS, Shape, TEMPLATES};
use super::layer::{Given, Layer, Value};

/// Largest configuration file, bytes: templates may be long, but this is no
/// disk image named by mistake.
const FILE_BYTES: u64 = 1024 * 1024;

/// Reads and parses the file.
pub(super) fn read(path: &Path, faults: &mut Vec<Fault>) -> Layer {
    let name = path.display().to_string();
    let whole = |expected: String, found: String| {
        let place = Place::File {
            file: name.clone(),
            line: 1,
            column: 1,
        };
        Fault::new(place, expected, found)
    };
    match std::fs::metadata(path) {
        Ok(about) if about.len() > FILE_BYTES => {
            faults.push(whole(
                format!("at most {FILE_BYTES} bytes"),
                format!("{} bytes", about.len()),
            ));
            return Layer::new();
        }
        _ => {}
    }
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&name, &text, faults),
        Err(error) => {
            faults.push(whole("a readable text file".to_owned(), error.to_string()));
            Layer::new()
        }
    }
}

/// Parses the text of a file of that name.
pub(super) fn parse(name: &str, text: &str, faults: &mut Vec<Fault>) -> Layer {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        name,
        text,
        faults,
        layer: Layer::new(),
    };
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        reader.fault(offset, "TOML", error.message());
    }
    reader.top(table.get_ref());
    reader.layer
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    faults: &'a mut Vec<Fault>,
    layer: Layer,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place::File {
            file: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn fault(&mut self, offset: usize, expected: impl Into<String>, found: impl Into<String>) {
        let place = self.place(offset);
        self.faults.push(Fault::new(place, expected, found));
    }

    fn top(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let word: &str = name.get_ref();
            if word == TEMPLATES.name {
                self.key(&TEMPLATES, name, value);
            } else if is_section(word) {
                match value.get_ref() {
                    DeValue::Table(fields) => self.fields(word, fields),
                    other => {
                        let expected = format!("a section [{word}]");
                        self.fault(value.span().start, expected, type_of(other));
                    }
                }
            } else {
                self.field("", name, value);
            }
        }
    }

    fn fields(&mut self, section: &str, fields: &DeTable<'_>) {
        for (name, value) in fields {
            self.field(section, name, value);
        }
    }

    fn field(
        &mut self,
        section: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let known = |key: &&Key| key.in_file && key.parts().0 == section;
        let word: &str = name.get_ref();
        let key = KEYS.iter().filter(known).find(|key| key.parts().1 == word);
        match key {
            Some(key) => self.key(key, name, value),
            None => {
                let expected = expected_names(section, word);
                self.fault(name.span().start, expected, format!("the key '{word}'"));
            }
        }
    }

    fn key(
        &mut self,
        key: &'static Key,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let place = self.place(name.span().start);
        if let Some(value) = self.value(key, value) {
            self.layer.insert(key.name, Given { value, place });
        }
    }

    fn value(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let offset = value.span().start;
        match (key.shape, value.get_ref()) {
            (Shape::Text, DeValue::String(text)) => Some(Value::Text(text.to_string())),
            (Shape::Boolean, DeValue::Boolean(flag)) => Some(Value::Boolean(*flag)),
            (Shape::Integer(least, most), DeValue::Integer(number)) => {
                let known = u32::from_str_radix(number.as_str(), number.radix())
                    .ok()
                    .filter(|number| (least..=most).contains(number));
                if known.is_none() {
                    self.fault(offset, key.expected, number.as_str());
                }
                known.map(Value::Integer)
            }
            (Shape::List, DeValue::Array(entries)) => {
                let mut list = Vec::new();
                for entry in entries {
                    match entry.get_ref() {
                        DeValue::String(text) => {
                            list.push((text.to_string(), self.place(entry.span().start)));
                        }
                        // Read as text: what a list is of, its key says.
                        DeValue::Integer(number)
                            if key.expected == NUMBERS && number.radix() == 10 =>
                        {
                            let text = number.as_str().to_owned();
                            list.push((text, self.place(entry.span().start)));
                        }
                        other => self.fault(entry.span().start, "text", type_of(other)),
                    }
                }
                Some(Value::List(list))
            }
            (Shape::Texts, DeValue::Table(fields)) => {
                let mut texts = Vec::new();
                for (name, value) in fields {
                    let place = self.place(name.span().start);
                    match value.get_ref() {
                        DeValue::String(text) => {
                            texts.push((name.get_ref().to_string(), text.to_string(), place));
                        }
                        other => self.fault(value.span().start, "text", type_of(other)),
                    }
                }
                Some(Value::Texts(texts))
            }
            (Shape::List, other) => {
                let expected = format!("a list of {}", key.expected);
                self.fault(offset, expected, type_of(other));
                None
            }
            (_, other) => {
                self.fault(offset, key.expected, type_of(other));
                None
            }
        }
    }
}

fn is_section(word: &str) -> bool {
    KEYS.iter().any(|key| key.parts().0 == word)
}

/// What could stand there: the nearest name where one is near, else all.
fn expected_names(section: &str, word: &str) -> String {
    if section.is_empty() && word == "key" {
        return "the key in key_file or in the variable MODEGATE_KEY, never in this file"
            .to_owned();
    }
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter(|key| key.in_file && key.parts().0 == section)
        .map(|key| key.parts().1)
        .collect();
    if section.is_empty() {
        names.extend(
            KEYS.iter()
                .map(|key| key.parts().0)
                .filter(|s| !s.is_empty()),
        );
        names.push(TEMPLATES.name);
        names.dedup();
    }
    let plain = word.replace('-', "_").to_lowercase();
    match names.iter().find(|name| near(name, &plain)) {
        Some(name) => format!("'{name}'"),
        None => format!("one of {}", names.join(", ")),
    }
}

/// Whether one slip (a letter too many, too few or wrong) is all that differs.
fn near(name: &str, word: &str) -> bool {
    let (name, word): (Vec<char>, Vec<char>) = (name.chars().collect(), word.chars().collect());
    let same = name.iter().zip(&word).take_while(|(a, b)| a == b).count();
    let (a, b) = (&name[same..], &word[same..]);
    a.len().abs_diff(b.len()) <= 1
        && (a.is_empty() || b.is_empty() || a[1..] == b[1..] || a[1..] == *b || *a == b[1..])
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
