//! The tables of `docs/events.md`.

use super::{COMMON, Record, event, fields};
use crate::event::EventType;

/// The types with their fields, and every record with its fields, in Markdown.
pub fn tables() -> String {
    let mut text =
        "| type | what happened | fields besides the common ones |\n|---|---|---|\n".to_owned();
    let mut types = EventType::ALL;
    types.sort_by_key(|what| what.name());
    for what in types {
        let own: Vec<String> = fields(what)
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let about = what.about().trim().trim_end_matches('.');
        text += &format!("| `{}` | {about} | {} |\n", what.name(), own.join(", "));
    }
    let common: Vec<String> = COMMON.iter().map(|name| format!("`{name}`")).collect();
    text += &format!("\nEvents of every type have {}.\n", common.join(", "));
    let mut records = vec![event()];
    let mut next = 0;
    while let Some(record) = records.get(next).copied() {
        next += 1;
        text += &format!(
            "\n## {}\n\n{}\n\n| field | meaning |\n|---|---|\n",
            record.name, record.about
        );
        for field in record.fields {
            let see = field.record.map_or(String::new(), |of| {
                format!(" See [{}](#{}).", of.name, anchor(of))
            });
            text += &format!("| `{}` | {}.{see} |\n", field.name, field.about);
        }
        for of in record.fields.iter().filter_map(|field| field.record) {
            if !records.iter().any(|known| std::ptr::eq(*known, of)) {
                records.push(of);
            }
        }
    }
    text
}

/// The anchor of a record's heading.
fn anchor(record: &Record) -> String {
    record.name.to_lowercase().replace(' ', "-")
}
