//! A diff for people: what was and is decided, and below it where.

use std::fmt::Write;

use super::{CellDiff, Outcome};
use crate::context::{Family, Login, Mode, Platform};
use crate::policy::space::classes;

/// The diff as text: first what changes the verdict, then what is decided alike
/// by another rule.
pub fn text(cells: &[CellDiff]) -> String {
    if cells.is_empty() {
        return "both decide everything alike\n".to_owned();
    }
    let mut text = String::new();
    let changes = |cell: &CellDiff| cell.was.verdict != cell.now.verdict;
    for (heading, wanted) in [
        ("decided otherwise:", true),
        ("decided alike, by another rule:", false),
    ] {
        let cells: Vec<&CellDiff> = cells.iter().filter(|c| changes(c) == wanted).collect();
        if cells.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{heading}");
        for ((was, now), cells) in classes(cells, |cell| (&cell.was, &cell.now)) {
            let _ = writeln!(text, "  {} -> {}", outcome(was), outcome(now));
            for cell in cells {
                let _ = writeln!(text, "    {}", line(cell));
            }
        }
    }
    text
}

fn outcome(outcome: &Outcome) -> String {
    format!("{} ({})", outcome.verdict.name(), outcome.rule)
}

/// Where it differs; an attribute that does not matter is left out.
fn line(cell: &CellDiff) -> String {
    let mut parts = vec![
        list(&cell.families, Family::name, ", "),
        list(&cell.modes, Mode::name, ", "),
    ];
    if cell.platforms.len() < Platform::ALL.len() {
        parts.push(format!(
            "platform {}",
            list(&cell.platforms, Platform::name, " or ")
        ));
    }
    if cell.logins.len() < Login::ALL.len() {
        parts.push(format!("login {}", list(&cell.logins, Login::name, " or ")));
    }
    for (what, names) in [("group", &cell.groups), ("app", &cell.apps)] {
        if !names.is_empty() {
            let names: Vec<&str> = names
                .iter()
                .map(|name| name.as_deref().unwrap_or("(any other or none)"))
                .collect();
            parts.push(format!("{what} {}", names.join(" or ")));
        }
    }
    let scopes: Vec<String> = cell.scopes.iter().map(ToString::to_string).collect();
    format!("{}: {}", parts.join("; "), scopes.join(", "))
}

fn list<T: Copy>(values: &[T], name: fn(T) -> &'static str, between: &str) -> String {
    let names: Vec<&str> = values.iter().map(|&value| name(value)).collect();
    names.join(between)
}
