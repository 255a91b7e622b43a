//! Every kind of control by every kind of value, age, mode and exemption, as a text that is
//! committed: `UPDATE_GOLDEN=1 cargo test -p modegate-core golden_table` writes it.

use std::fmt::Write as _;

use super::*;
use crate::compliance::scenario::Scenario;

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/golden/compliance-verdicts.txt"
);

/// What a control may be answered: by its name, a good and a bad answer.
fn answers(control: &str) -> Vec<(&'static str, Vec<Value>)> {
    let text = |text: &str| Value::Text(text.to_owned());
    let (good, bad, wrong) = match control {
        "any" => (text("KB1"), text("KB0"), Value::Integer(1)),
        "bool" => (Value::Bool(true), Value::Bool(false), text("on")),
        "grace" => (Value::Integer(0), Value::Integer(1), text("zero")),
        "least" => (text("10.0.10240"), text("6.2.9200"), text("six")),
        "most" => (Value::Integer(0), Value::Integer(2), Value::Bool(false)),
        "holds" => (text("6.3.9600"), text("6.2.9200"), Value::Integer(9600)),
        "within" => (
            Value::Time(NOW.plus_ms(-DAY)),
            Value::Time(NOW.plus_ms(-31 * DAY)),
            Value::LocalTime("2026-09-20T00:00:00".to_owned()),
        ),
        "user" => (Value::Integer(2), Value::Integer(1), text("2")),
        _ => return vec![("fact", Vec::new())],
    };
    vec![
        ("good", vec![good.clone()]),
        ("bad", vec![bad.clone()]),
        ("good+bad", vec![good.clone(), bad]),
        ("good+null", vec![good, Value::Null]),
        ("null", vec![Value::Null]),
        ("absent", vec![Value::Absent]),
        ("wrong-type", vec![wrong]),
        ("unread", Vec::new()),
    ]
}

const MODES: [(&str, &[Mode]); 4] = [
    ("never-seen", &[]),
    ("machine", &[Mode::Machine]),
    ("machine+maintenance", &[Mode::Machine, Mode::Maintenance]),
    ("apps", &[Mode::Apps]),
];

/// The baseline with each control exempt until that day.
fn exempt(until: &str) -> BaselineSet {
    let set = set_of(BASELINE);
    let ids = set.baselines()[0]
        .controls
        .iter()
        .map(|control| &control.id);
    let exemptions = ids.map(|id| {
        format!(
            "[[exempt]]\ncontrol = \"{id}\"\nuntil = {until}\nreason = \"r\"\napproved_by = \"a\"\n"
        )
    });
    set_of(&format!("{BASELINE}{}", exemptions.collect::<String>()))
}

fn rows(text: &mut String, (exemption, set): (&str, &BaselineSet)) {
    let baseline = &set.baselines()[0];
    for control in &baseline.controls {
        for (answer, answers) in answers(&control.id.0) {
            for age_days in [0, 7, 8] {
                for (modes, list) in MODES {
                    let scenario = Scenario {
                        answers: answers.clone(),
                        age_days,
                        modes: list.to_vec(),
                        last_session_days: age_days,
                        last_maintenance_days: 2 * age_days,
                        ..Scenario::new(NOW)
                    };
                    let verdict = scenario.verdict(baseline, control).unwrap();
                    let (state, beneath) = (verdict.state(), verdict.state_beneath());
                    let reason = verdict.reason().map_or("-", Reason::name);
                    let (id, state, beneath) = (&control.id, state.name(), beneath.name());
                    let asked = format!("{id} {answer} {age_days}d {modes} {exemption}");
                    let _ = writeln!(text, "{asked}: {state} {beneath} {reason}");
                }
            }
        }
    }
}

#[test]
fn golden_table() {
    let mut text =
        "# control, answer, age of answer and of the latest session (of Maintenance twice \
        that), modes seen, exemption: state, state beneath it, reason. Made by \
        `UPDATE_GOLDEN=1 cargo test -p modegate-core golden_table`.\n"
            .to_owned();
    let sets = [
        ("none", set_of(BASELINE)),
        ("exempt", exempt("2026-12-31")),
        ("exemption-over", exempt("2026-09-01")),
    ];
    for (exemption, set) in &sets {
        rows(&mut text, (*exemption, set));
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let golden = std::fs::read_to_string(PATH).unwrap();
    for (is, expected) in text.lines().zip(golden.lines()) {
        assert_eq!(is, expected);
    }
    assert_eq!(text.lines().count(), golden.lines().count());
}
