//! `docs/statements.md`: each statement has a number and a state, and what it names is there.

use std::collections::BTreeMap;

use crate::tree::{MEMBERS, root};

const PAGE: &str = "docs/statements.md";

/// What a row's state asks of its other cells.
enum Duty {
    /// A module and a test.
    Shown,
    /// Some text: why it is so, and what exists already.
    Reason,
}

fn duty(state: &str) -> Option<Duty> {
    match state {
        "works" | "simulated" => Some(Duty::Shown),
        "operator" | "unknown" | "background" => Some(Duty::Reason),
        _ => None,
    }
}

/// The cells of a row that begins with a number such as `004-12`.
fn cells(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> = line
        .strip_prefix("| ")?
        .strip_suffix(" |")?
        .split(" | ")
        .collect();
    let (document, nth) = cells[0].split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(document) && is_number(nth)).then_some(cells)
}

/// The texts in backticks.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether a text in backticks is a test's name: a path that begins with a module.
fn is_test_name(span: &str) -> bool {
    span.contains("::") && span.starts_with(|c: char| c.is_ascii_lowercase())
}

/// The directory of a crate's modules and the modules' names.
fn modules(path: &str) -> (String, Vec<&str>) {
    let parts: Vec<&str> = path.split("::").collect();
    let member = parts[0].strip_prefix("modegate_");
    match member.filter(|member| MEMBERS.contains(member)) {
        Some(member) => (format!("src/{member}"), parts[1..].to_vec()),
        None => ("tests/suite".to_owned(), parts),
    }
}

/// Whether there is a test function of that name in that module.
fn test_exists(path: &str) -> bool {
    let (dir, mut parts) = modules(path);
    let function = parts.pop().unwrap_or_default();
    let mut files = vec![parts.join("/")];
    // Unit tests stand in their module's file, or in one beside it.
    if let [parents @ .., "tests"] = &parts[..] {
        let parent = parents.join("/");
        files.extend([parent.clone(), format!("{parent}_tests")]);
    }
    let texts = files.iter().flat_map(|file| {
        let names = [format!("{dir}/{file}.rs"), format!("{dir}/{file}/mod.rs")];
        names.map(|name| std::fs::read_to_string(root().join(name)).unwrap_or_default())
    });
    let mut texts = texts.filter(|text| !text.is_empty());
    texts.any(|text| has_test(&text, function))
}

fn has_test(text: &str, function: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_it = |line: &&str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line
            .strip_prefix("fn ")
            .and_then(|rest| rest.split_once('('));
        name.is_some_and(|(name, _)| name == function)
    };
    let found = lines.iter().position(is_it);
    found.is_some_and(|at| {
        let attributes = lines[..at].iter().rev();
        let mut attributes = attributes.take_while(|line| line.starts_with(['#', '/']));
        attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// What is wrong with one row.
fn faults(cells: &[&str]) -> Vec<String> {
    let &[_, statement, state, module, shown] = cells else {
        return vec![format!("expected 5 cells, found {}", cells.len())];
    };
    let Some(duty) = duty(state) else {
        return vec![format!("'{state}' is no state")];
    };
    let mut faults = Vec::new();
    if [statement, module, shown]
        .iter()
        .any(|cell| cell.trim().is_empty())
    {
        faults.push("an empty cell".to_owned());
    }
    for path in spans(module).filter(|path| !root().join(path).exists()) {
        faults.push(format!("no such module: {path}"));
    }
    let tests: Vec<&str> = spans(shown).filter(|span| is_test_name(span)).collect();
    for test in tests.iter().filter(|test| !test_exists(test)) {
        faults.push(format!("no such test: {test}"));
    }
    match duty {
        Duty::Shown if spans(module).next().is_none() => faults.push("no module".to_owned()),
        Duty::Shown if tests.is_empty() => faults.push("no test".to_owned()),
        Duty::Reason if !shown.contains(' ') => faults.push("no reason".to_owned()),
        _ => {}
    }
    faults
}

#[test]
fn every_statement_says_where_it_is_and_what_shows_it() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let mut wrong = Vec::new();
    for row in page.lines().filter_map(cells) {
        let number = row[0];
        wrong.extend(
            faults(&row)
                .into_iter()
                .map(|why| format!("{number}: {why}")),
        );
    }
    assert!(wrong.is_empty(), "{PAGE}: {wrong:#?}");
}

#[test]
fn statements_are_numbered_without_a_gap() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let mut counts = BTreeMap::new();
    for row in page.lines().filter_map(cells) {
        let document = row[0].split_once('-').unwrap().0.to_owned();
        let count = counts.entry(document.clone()).or_insert(0);
        *count += 1;
        assert_eq!(row[0], format!("{document}-{count:02}"), "{PAGE}");
    }
    let documents: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(
        documents,
        ["000", "001", "002", "003", "004", "005"],
        "{PAGE}"
    );
}

#[test]
fn what_a_row_lacks_is_a_fault() {
    let test = "`tidy_is_no_module::of_the_suite`";
    let good = "`sync::gating::apps_gets_the_install_but_no_wns_configuration`";
    let unit = "`modegate_core::push::token::tests::requests_are_as_documented`";
    let rows = [
        (
            format!("| 004-01 | s | works | `src/core` | {good}, {unit} |"),
            0,
        ),
        (
            format!("| 004-01 | s | works | `src/nowhere` | {good} |"),
            1,
        ),
        (format!("| 004-01 | s | works | `src/core` | {test} |"), 1),
        (
            "| 004-01 | s | works | `src/core` | words alone |".to_owned(),
            1,
        ),
        (format!("| 004-01 | s | works | – | {good} |"), 1),
        (format!("| 004-01 | s | perhaps | `src/core` | {good} |"), 1),
        ("| 004-01 | s | unknown | – | – |".to_owned(), 1),
        (
            format!("| 004-01 | s | unknown | – | a reason, and {test} |"),
            1,
        ),
        ("| 004-01 | s | open | – | a reason |".to_owned(), 1),
        ("| 004-01 | s | background | – | a reason |".to_owned(), 0),
        ("| 004-01 | s | background | – |".to_owned(), 1),
    ];
    for (row, expected) in rows {
        let found = faults(&cells(&row).unwrap());
        assert_eq!(found.len(), expected, "{row}: {found:?}");
    }
    assert!(cells("| no. | statement | state | where | shown by |").is_none());
}
