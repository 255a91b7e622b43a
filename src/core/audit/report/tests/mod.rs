//! Each audit on a small log that is written here: what it counts, what it lists, and that a
//! log in which nothing happened gives nothing.

mod audits;
mod bounds;
mod periods;
mod records;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::*;
use crate::audit::verify::{Outcome, Report as Verified};
use crate::event::Event;

/// The time at which a story begins: 2023-11-14T22:13:20Z.
const START: i64 = 1_700_000_000_000;
/// A minute, milliseconds.
const MINUTE: i64 = 60_000;

/// A log that is told event by event.
struct Story {
    at: i64,
    seqs: BTreeMap<Option<u128>, u64>,
    events: Vec<Event>,
}

impl Story {
    fn new() -> Self {
        Story {
            at: START,
            seqs: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// Time passes.
    fn wait(&mut self, minutes: i64) -> &mut Self {
        self.at += minutes * MINUTE;
        self
    }

    /// An event: its type, and the fields that differ from the usual.
    fn event(&mut self, device: Option<u128>, what: &str, fields: Json) -> &mut Self {
        let seq = self.seqs.entry(device).or_default();
        *seq += 1;
        let mut event = json!({
            "v": 2, "seq": seq, "at": self.at, "actor": "server", "type": what,
        });
        if let Some(device) = device {
            event["device"] = json!(Uuid::from_u128(device));
        }
        merge(&mut event, fields);
        self.events.push(serde_json::from_value(event).unwrap());
        self
    }

    /// An exchange of a device in a session and a mode.
    fn exchange(&mut self, device: u128, (session, mode): (u32, &str), fields: Json) -> &mut Self {
        let login = if mode == "Machine" { "None" } else { "User" };
        let mut exchange = json!({
            "session": session, "session_id": "1", "message": 1,
            "query": format!("mode={mode}&Platform=WoA"), "mode": mode, "platform": "WoA",
            "login": login, "policy_set": "a".repeat(64), "status": 200,
        });
        merge(&mut exchange, fields);
        let fields = json!({ "actor": "device", "exchange": exchange });
        self.event(Some(device), "exchange", fields)
    }

    fn report(&self, period: &str) -> Report {
        report(&self.events, period.parse().unwrap())
    }
}

fn merge(into: &mut Json, fields: Json) {
    for (name, value) in fields.as_object().unwrap() {
        into[name] = value.clone();
    }
}

fn basis(period: Period) -> Basis {
    Basis {
        program: "modegate test".into(),
        command: "modegate audit report EXPORT".into(),
        period,
        verified: Verified {
            outcome: Outcome::Good,
            origin: Some("example/log/1".into()),
            size: 0,
            root: None,
            first: 0,
            checked: 0,
            devices: 0,
            redacted: 0,
            unsealed: 0,
            epochs: 0,
            keys: Vec::new(),
            witnesses: Vec::new(),
            findings: Vec::new(),
            resumed: None,
        },
        trusts_witnesses: false,
        older: Vec::new(),
        checkpoint: "a note".into(),
    }
}

fn report(events: &[Event], period: Period) -> Report {
    let mut reporter = Reporter::new(basis(period));
    for (number, event) in (0..).zip(events) {
        if let Some(digest) = reporter.lacks(event) {
            reporter.provide(digest, None);
        }
        reporter.take(number, event);
    }
    reporter.finish()
}

impl Report {
    fn fact(&self, section: &str, fact: &str) -> Json {
        let found = self
            .section(section)
            .facts
            .iter()
            .find(|one| one.id == fact);
        let found = found.unwrap_or_else(|| panic!("{section} has no {fact}"));
        serde_json::to_value(&found.value).unwrap()
    }

    fn section(&self, id: &str) -> &Section {
        self.all_sections()
            .find(|section| section.id == id)
            .unwrap()
    }

    /// The rows of a table as objects.
    fn rows(&self, id: &str) -> Vec<Json> {
        let mut tables = self.all_sections().flat_map(|section| &section.tables);
        let table = serde_json::to_value(tables.find(|table| table.id == id).unwrap()).unwrap();
        table["rows"].as_array().unwrap().clone()
    }
}

/// What these sections say of a story, in order.
fn facts(report: &Report, wanted: &[(&str, &str)]) -> Vec<Json> {
    let wanted = wanted.iter();
    wanted
        .map(|(section, fact)| report.fact(section, fact))
        .collect()
}

#[test]
fn names_are_unique_and_columns_fit() {
    let report = Story::new().report("..");
    let mut sections = BTreeSet::new();
    let mut tables = BTreeSet::new();
    for section in report.all_sections() {
        assert!(sections.insert(section.id), "{}", section.id);
        assert!(section.first_fact().is_some(), "{}", section.id);
        let mut facts = BTreeSet::new();
        assert!(section.facts.iter().all(|fact| facts.insert(fact.id)));
        for table in &section.tables {
            assert!(tables.insert(table.id), "{}", table.id);
            let mut columns = BTreeSet::new();
            for column in table.columns {
                assert!(columns.insert(column.id), "{}: {}", table.id, column.id);
            }
            assert!(
                table
                    .rows
                    .iter()
                    .all(|row| row.len() == table.columns.len())
            );
        }
    }
}

#[test]
fn an_empty_log_calls_for_nothing() {
    let report = Story::new().report("..");
    let calling = report.all_sections().filter(|section| section.attention);
    assert_eq!(
        calling.map(|section| section.id).collect::<Vec<_>>(),
        [""; 0]
    );
    assert_eq!(report.device_count(), 0);
}
