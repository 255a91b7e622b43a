//! Tables for spreadsheets: a directory with `report.csv` (every fact), `devices.csv` and one
//! file for each table. Times are RFC 3339, durations milliseconds.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::{Form, command, file};
use crate::audit::export::csv::cell;
use modegate_core::audit::report::{Column, DEVICES, Report, Row, Value};

pub(super) fn write(report: &Report, directory: &Path) -> io::Result<()> {
    fs::create_dir(directory)?;
    file(&directory.join("report.csv"), |to| facts(report, to))?;
    file(&directory.join("devices.csv"), |to| {
        table(DEVICES, report.devices(), to)
    })?;
    for one in report.all_sections().flat_map(|section| &section.tables) {
        let path = directory.join(format!("{}.csv", one.id));
        file(&path, |to| table(one.columns, one.rows.iter().cloned(), to))?;
    }
    file(&directory.join("checkpoint"), |to| {
        to.write_all(report.basis.checkpoint.as_bytes())
    })
}

/// Every fact, and of each table how many rows it has and how many are listed.
fn facts(report: &Report, to: &mut impl Write) -> io::Result<()> {
    line(to, ["section", "fact", "label", "value", "unit"].map(cell))?;
    let text = |cells: [&str; 5]| cells.map(cell);
    let made_by = [
        ("program", "Program", report.basis.program.clone()),
        (
            "command",
            "Command that makes it again",
            command(report, Form::Csv),
        ),
    ];
    for (id, label, value) in made_by {
        line(to, text(["summary", id, label, &value, ""]))?;
    }
    for section in report.all_sections() {
        for fact in &section.facts {
            let unit = fact.value.unit().unwrap_or_default();
            let [section, id, label] = [section.id, fact.id, fact.label].map(cell);
            line(to, [section, id, label, exact(&fact.value), cell(unit)])?;
        }
        for table in &section.tables {
            let listed = table.rows.len().to_string();
            let total = table.total.to_string();
            for (what, value) in [("total", total), ("listed", listed)] {
                let id = format!("{}.{what}", table.id);
                line(to, text([section.id, &id, table.title, &value, "rows"]))?;
            }
        }
    }
    Ok(())
}

pub(super) fn table(
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    to: &mut impl Write,
) -> io::Result<()> {
    line(to, columns.iter().map(|column| cell(column.id)))?;
    for row in rows {
        line(to, row.iter().map(exact))?;
    }
    Ok(())
}

fn line(to: &mut impl Write, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
    let cells: Vec<String> = cells.into_iter().collect();
    write!(to, "{}\r\n", cells.join(","))
}

/// A cell with a value to the last digit. No text in it is a formula.
fn exact(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Time(at) => at.to_string(),
        Value::Duration(ms) => ms.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) | Value::Code(text) => cell(text),
    }
}
