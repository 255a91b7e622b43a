//! Events as lines of CSV (RFC 4180). A spreadsheet takes a cell that begins with `=`, `+`,
//! `-` or `@` for a formula: an apostrophe in front makes it text (CWE-1236).

use std::io::{self, Write};

use modegate_core::event::{Event, ExchangeRecord};
use modegate_core::tlog::Entry;

const COLUMNS: [&str; 18] = [
    "entry",
    "at",
    "actor",
    "device",
    "seq",
    "type",
    "command",
    "kind",
    "mode",
    "platform",
    "login",
    "session",
    "status",
    "delivered",
    "withheld",
    "policy_set",
    "count",
    "detail",
];

pub(crate) fn header(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}\r\n", COLUMNS.join(","))
}

/// One entry. One that is redacted, or that this version cannot read, has its number and that.
pub(super) fn line(out: &mut dyn Write, number: u64, entry: Entry<'_>) -> io::Result<()> {
    let event = entry.json().map(Event::from_bytes);
    let cells = match event {
        Some(Ok(event)) => cells(number, &event),
        Some(Err(_)) => only(number, "unreadable"),
        None => only(number, "redacted"),
    };
    write_cells(out, &cells)
}

/// One event as somebody may see it, who may know of a part of it only.
pub(crate) fn event_line(out: &mut dyn Write, number: u64, event: &Event) -> io::Result<()> {
    write_cells(out, &cells(number, event))
}

/// That there are more entries: from which number back, and where.
pub(crate) fn more_line(out: &mut dyn Write, number: u64, at: &str) -> io::Result<()> {
    let mut cells = only(number, "more");
    cells[COLUMNS.len() - 1] = at.to_owned();
    write_cells(out, &cells)
}

fn write_cells(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

fn only(number: u64, what: &str) -> [String; COLUMNS.len()] {
    let mut cells = [const { String::new() }; COLUMNS.len()];
    cells[0] = number.to_string();
    cells[5] = what.to_owned();
    cells
}

fn cells(number: u64, event: &Event) -> [String; COLUMNS.len()] {
    let exchange = event.exchange.as_ref();
    let of = |text: fn(&ExchangeRecord) -> String| exchange.map(text).unwrap_or_default();
    [
        number.to_string(),
        event.at.to_string(),
        event.actor.clone(),
        event.device.map_or_else(String::new, |id| id.to_string()),
        event.seq.to_string(),
        event.what.name().to_owned(),
        event
            .command
            .map_or_else(String::new, |seq| seq.to_string()),
        event
            .kind
            .map_or_else(String::new, |kind| kind.name().to_owned()),
        of(|exchange| exchange.mode.name().to_owned()),
        of(|exchange| exchange.platform.name().to_owned()),
        of(|exchange| exchange.login.name().to_owned()),
        of(|exchange| exchange.session.to_string()),
        of(|exchange| exchange.status.to_string()),
        of(delivered),
        of(|exchange| {
            let withheld = exchange.withheld.iter();
            let count: usize = withheld.map(|group| group.commands.len()).sum();
            count.to_string()
        }),
        of(|exchange| exchange.policy_set.clone()),
        event
            .count
            .map_or_else(String::new, |count| count.to_string()),
        event.detail.clone().unwrap_or_default(),
    ]
}

/// What went out: `COMMAND KIND`, separated by semicolons.
fn delivered(exchange: &ExchangeRecord) -> String {
    let delivered = exchange.delivered.iter();
    let all: Vec<String> = delivered
        .map(|entry| format!("{} {}", entry.command, entry.kind.name()))
        .collect();
    all.join("; ")
}

/// A text as a cell.
pub(in crate::audit) fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    match text.contains([',', '"', '\r', '\n', ';']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use modegate_core::event::EventType;
    use modegate_core::time::Timestamp;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("a=1", "a=1"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_line_has_as_many_cells_as_the_header() {
        let mut event = Event::new(Timestamp(0), "api:=a", None, EventType::ServerStarted);
        event.seq = 7;
        event.actor = "=a".to_owned();
        let (json, mut out) = (event.to_bytes(), Vec::new());
        header(&mut out).unwrap();
        line(&mut out, 3, Entry::Unsalted { json: &json }).unwrap();
        line(&mut out, 4, Entry::Unsalted { json: b"{}" }).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines
                .iter()
                .all(|line| line.split(',').count() == COLUMNS.len())
        );
        assert!(lines[1].starts_with("3,1970-01-01T00:00:00.000Z,'=a,,7,server.started,"));
        assert!(lines[2].starts_with("4,,,,,unreadable,"));
    }
}
