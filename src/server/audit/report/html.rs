//! The report as one page: no script, nothing from elsewhere, and a style for A4.

use std::io::{self, Write};

use super::words::{plain, words};
use super::{Form, command};
use modegate_core::audit::report::{Column, DEVICES, Fact, Report, Row, Section, Table, Value};

const STYLE: &str = include_str!("style.css");

/// Most rows of a list on the page: the other forms have more.
const ROWS: usize = 100;
/// Longest word that is not broken, characters.
const WORD: usize = 24;
/// Most devices on the page.
const DEVICE_ROWS: usize = 500;

pub(super) fn write(report: &Report, to: &mut impl Write) -> io::Result<()> {
    let title = title(report);
    write!(
        to,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    )?;
    first_page(report, to)?;
    for one in &report.sections {
        section(one, to)?;
    }
    devices(report, to)?;
    last_page(report, to)?;
    write!(to, "</body>\n</html>\n")
}

fn title(report: &Report) -> String {
    let origin = report.basis.verified.origin.as_deref().unwrap_or_default();
    escaped(&format!("Audit report of {origin}"))
}

fn first_page(report: &Report, to: &mut impl Write) -> io::Result<()> {
    let summary = &report.summary;
    let basis = &report.basis;
    write!(
        to,
        "<header>\n<p class=\"kind\">Audit report</p>\n<h1>{}</h1>\n",
        escaped(basis.verified.origin.as_deref().unwrap_or_default())
    )?;
    let fact = |id: &str| summary.facts.iter().find(|fact| fact.id == id);
    let value = |id: &str| fact(id).map_or(String::new(), |fact| shown(&fact.value));
    let whole = fact("whole").is_some_and(|fact| fact.value == Value::Flag(true));
    let note = if whole {
        " (the whole log)"
    } else {
        ", not included"
    };
    let state = if summary.attention { "look" } else { "good" };
    write!(
        to,
        "<p class=\"period\">{} to {}{note}</p>\n\
         <p class=\"verdict {state}\">Verified: <strong>{}</strong>. {} entries up to size {}.</p>\n</header>\n",
        value("from"),
        value("to"),
        value("outcome"),
        value("checked"),
        value("size"),
    )?;
    writeln!(to, "<p>{}</p>", prose(summary.shows))?;
    note_not_proved(summary, to)?;
    facts(&summary.facts, to)?;
    for one in &summary.tables {
        table(one, to)?;
    }
    write!(to, "<h3>Made by</h3>\n<dl class=\"facts\">\n")?;
    for (label, value) in [
        ("Program", basis.program.clone()),
        ("Command that makes it again", command(report, Form::Html)),
    ] {
        writeln!(
            to,
            "<dt>{label}</dt><dd><code>{}</code></dd>",
            escaped(&value)
        )?;
    }
    writeln!(to, "</dl>")?;
    overview(report, to)
}

/// What each section found, in one table.
fn overview(report: &Report, to: &mut impl Write) -> io::Result<()> {
    write!(
        to,
        "<section id=\"overview\" class=\"page\">\n<h2>Overview</h2>\n\
         <p>One line per section. <b>Look</b> marks what somebody should look at; it is no verdict.</p>\n\
         <table>\n<thead><tr><th>Section</th><th>Found</th><th class=\"n\">Value</th><th>Mark</th></tr></thead>\n<tbody>\n"
    )?;
    for one in &report.sections {
        let fact = one.first_fact();
        let label = fact.map_or("", |fact| fact.label);
        let value = fact.map_or(String::new(), |fact| shown(&fact.value));
        let mark = if one.attention {
            "<b class=\"mark\">Look</b>"
        } else {
            "–"
        };
        writeln!(
            to,
            "<tr><td><a href=\"#{}\">{}</a></td><td>{}</td><td class=\"n\">{value}</td><td>{mark}</td></tr>",
            one.id,
            escaped(one.title),
            escaped(label)
        )?;
    }
    write!(to, "</tbody>\n</table>\n</section>\n")
}

fn section(one: &Section, to: &mut impl Write) -> io::Result<()> {
    write!(
        to,
        "<section id=\"{}\">\n<h2>{}</h2>\n<p>{}</p>\n",
        one.id,
        escaped(one.title),
        prose(one.shows)
    )?;
    note_not_proved(one, to)?;
    facts(&one.facts, to)?;
    for table_of in &one.tables {
        table(table_of, to)?;
    }
    writeln!(to, "</section>")
}

fn note_not_proved(one: &Section, to: &mut impl Write) -> io::Result<()> {
    let text = prose(one.does_not_prove);
    writeln!(to, "<p class=\"not\"><b>Not proven:</b> {text}</p>")
}

fn facts(facts: &[Fact], to: &mut impl Write) -> io::Result<()> {
    writeln!(to, "<dl class=\"facts\">")?;
    for fact in facts {
        let (label, value) = (escaped(fact.label), shown(&fact.value));
        writeln!(to, "<dt>{label}</dt><dd>{value}</dd>")?;
    }
    writeln!(to, "</dl>")
}

fn table(one: &Table, to: &mut impl Write) -> io::Result<()> {
    let title = escaped(one.title);
    if one.rows.is_empty() {
        return writeln!(to, "<p class=\"none\">{title}: none.</p>");
    }
    let rows = one.rows.iter().take(ROWS);
    let listed = rows.len() as u64;
    writeln!(to, "<h3>{title}</h3>")?;
    rows_of(one.columns, rows.cloned(), to)?;
    cut(listed, one.total, to)
}

/// Says so where not everything is listed.
fn cut(listed: u64, total: u64, to: &mut impl Write) -> io::Result<()> {
    if listed == total {
        return Ok(());
    }
    let (listed, total) = (words(&listed.into()), words(&total.into()));
    writeln!(
        to,
        "<p class=\"cut\">The first {listed} of {total}. The JSON and CSV forms list more.</p>"
    )
}

/// A table. Where the first column has long codes that repeat, each stands once above its rows.
fn rows_of(
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    to: &mut impl Write,
) -> io::Result<()> {
    let mut rows = rows.peekable();
    let groups = rows.peek().is_some_and(|row| is_long(row.first()));
    let shown_columns = &columns[usize::from(groups)..];
    let first = columns.first().filter(|_| groups);
    let wide = if columns.len() > 8 {
        " class=\"wide\""
    } else {
        ""
    };
    write!(to, "<table{wide}>\n<thead><tr>")?;
    let numbers = rows.peek().cloned().unwrap_or_default();
    for (column, value) in shown_columns.iter().zip(&numbers[usize::from(groups)..]) {
        write!(to, "<th{}>{}</th>", class(value), escaped(column.title))?;
    }
    write!(to, "</tr></thead>\n<tbody>\n")?;
    let mut group = None;
    for mut row in rows {
        if let Some(column) = first {
            let value = row.remove(0);
            if group.as_ref() != Some(&value) {
                writeln!(
                    to,
                    "<tr class=\"group\"><th colspan=\"{}\">{}: {}</th></tr>",
                    shown_columns.len(),
                    escaped(column.title),
                    shown(&value)
                )?;
                group = Some(value);
            }
        }
        write!(to, "<tr>")?;
        for value in &row {
            write!(to, "<td{}>{}</td>", class(value), shown(value))?;
        }
        writeln!(to, "</tr>")?;
    }
    write!(to, "</tbody>\n</table>\n")
}

fn is_long(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Code(code)) if code.len() >= 64)
}

fn devices(report: &Report, to: &mut impl Write) -> io::Result<()> {
    write!(
        to,
        "<section id=\"devices\" class=\"page landscape\">\n<h2>Devices</h2>\n\
         <p>Every device on record by the end of the period, retired ones included, in the order of its ids. \
         The numbers under the names of modes are sessions of the period that named them. \
         Names, users and serial numbers are not in the log: the operator keeps them by these ids.</p>\n"
    )?;
    if report.device_count() > 0 {
        rows_of(DEVICES, report.devices().take(DEVICE_ROWS), to)?;
    }
    let total = report.device_count();
    cut(total.min(DEVICE_ROWS) as u64, total as u64, to)?;
    writeln!(to, "</section>")
}

/// The checkpoint, so that a print that is kept is a witness.
fn last_page(report: &Report, to: &mut impl Write) -> io::Result<()> {
    write!(
        to,
        "<section id=\"checkpoint\" class=\"page landscape\">\n<h2>Checkpoint</h2>\n\
         <p>These lines state the size and the root of the log from which this report was made, signed by its audit key. \
         Whoever keeps this page outside the operator's reach is a witness: a log that was rewritten below this size \
         cannot go on from them. Put the lines into a file, each as it stands and with a line feed at its end, \
         and run <code>modegate audit verify EXPORT --key VKEY --against FILE</code>.</p>\n\
         <pre>{}</pre>\n\
         <dl class=\"facts sign\"><dt>Received on</dt><dd></dd><dt>By</dt><dd></dd></dl>\n</section>\n",
        escaped_lines(&report.basis.checkpoint)
    )
}

/// A value in words, escaped; codes in a face in which letters can be told apart.
fn shown(value: &Value) -> String {
    let text = markup(&words(value));
    match value {
        Value::Code(_) => format!("<code>{text}</code>"),
        Value::Text(_) => format!("<bdi>{text}</bdi>"),
        _ => text,
    }
}

fn class(value: &Value) -> &'static str {
    let breaks = |word: &str| word.chars().count() > WORD;
    match value {
        Value::Text(text) if !text.split(' ').any(breaks) => " class=\"w\"",
        Value::Number(_) | Value::Duration(_) => " class=\"n\"",
        Value::Time(_) => " class=\"t\"",
        _ => "",
    }
}

/// Words of this program: what stands between grave accents is code.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

fn escaped(text: &str) -> String {
    markup(&plain(text))
}

/// Several lines, which stay so.
fn escaped_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escaped).collect();
    lines.join("\n")
}

/// A text without markup: also in an attribute between quotation marks.
fn markup(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
