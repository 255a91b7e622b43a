//! What is news, and what an event says of it.

use super::*;
use crate::event::{Event, EventType};
use crate::ids::DeviceId;

fn changed(evaluation: &Evaluation) -> Vec<String> {
    let changes = evaluation.changes.iter();
    let controls = changes.flat_map(|change| change.controls.iter());
    controls.map(|(id, _)| id.to_string()).collect()
}

#[test]
fn reading_again_is_no_news_and_costs_no_event() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    judged.read_all(NOW);
    let first = judged.judge(&set, &DeviceCompliance::default(), NOW);
    assert_eq!(changed(&first).len(), 12);
    let mut before = first.after;
    for day in 1..=365 {
        let now = NOW.plus_ms(day * DAY);
        judged.read_all(now);
        (judged.facts.last_session, judged.facts.last_maintenance) = (Some(now), Some(now));
        judged.facts.sessions += 1;
        let next = judged.judge(&set, &before, now);
        assert_eq!(next.changes, [], "on day {day}");
        before = next.after;
    }
    let verdict = verdict(&before, "grace");
    assert_eq!(verdict.since, NOW);
    let read_at = verdict.evidence.as_ref().unwrap().read_at;
    assert_eq!(read_at, NOW.plus_ms(365 * DAY));
}

/// The first verdicts of the shipped baseline, and no news for a year: what a device costs.
#[test]
fn a_device_costs_at_most_2_kb_of_log_when_nothing_flaps() {
    let set = BaselineSet::builtin().unwrap();
    let judged = Judged::new();
    let first = judged.judge(&set, &DeviceCompliance::default(), NOW);
    let bytes = |change: &Change| {
        let event = Event::of_compliance(NOW, DeviceId(uuid::Uuid::nil()), change);
        event.to_bytes().len()
    };
    let unread: usize = first.changes.iter().map(bytes).sum();
    assert!(unread <= 2_048, "{unread} bytes");
}

#[test]
fn another_value_is_news_only_where_values_are_listed() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    judged.read_all(NOW);
    let before = judged.judge(&set, &DeviceCompliance::default(), NOW).after;
    let restrictions = "MDM_Restrictions";
    judged.read(
        restrictions,
        "R.1",
        "UserAccountControlStatus",
        Value::Integer(0),
        NOW,
    );
    assert_eq!(
        changed(&judged.judge(&set, &before, NOW)),
        Vec::<String>::new()
    );
    let status = "MDM_SecurityStatus";
    judged.read(status, "S.1", "AntiVirusStatus", Value::Integer(1), NOW);
    let failing = judged.judge(&set, &before, NOW);
    assert_eq!(changed(&failing), ["grace"]);
    judged.read(status, "S.1", "AntiVirusStatus", Value::Integer(2), NOW);
    assert_eq!(changed(&judged.judge(&set, &failing.after, NOW)), ["grace"]);
}

#[test]
fn the_worst_control_counts_and_no_baseline_is_not_covered() {
    use ComplianceState::{Compliant, Exempt, InGrace, NotCompliant, Unknown};
    let order = [Compliant, Exempt, InGrace, Unknown, NotCompliant];
    assert!(order.is_sorted() && order == ComplianceState::ALL);
    let set = set_of(
        "[baseline]\nid = 'b'\nfamily = ['windows81']\ngroup = ['field']\nmax_age_days = 7\n\
         [[control]]\nid = 'one'\nread = 'MDM_SecurityStatus.AntiVirusStatus'\nis = [0]\ngrace_days = 1\n\
         [[control]]\nid = 'two'\nread = 'MDM_SecurityStatus.FirewallStatus'\nis = [0]\n",
    );
    let state = |one: Option<i128>, two: Option<i128>| {
        let mut judged = Judged::new();
        for (property, value) in [("AntiVirusStatus", one), ("FirewallStatus", two)] {
            let value = value.map_or(Value::Null, Value::Integer);
            judged.read("MDM_SecurityStatus", "S.1", property, value, NOW);
        }
        judged.judge(&set, &DeviceCompliance::default(), NOW).after
    };
    let cases = [
        (Some(0), Some(0), Compliant),
        (Some(1), Some(0), InGrace),
        (Some(1), None, Unknown),
        (None, Some(0), Unknown),
        (None, Some(1), NotCompliant),
        (Some(1), Some(1), NotCompliant),
    ];
    for (one, two, expected) in cases {
        let after = state(one, two);
        assert_eq!(after.state(), Some(expected), "{one:?} {two:?}");
        assert_eq!(after.is_compliant(None), expected == Compliant);
    }
    // Another group, another family: not covered, which is not compliant.
    let mut judged = Judged::new();
    judged.groups = vec!["office".to_owned()];
    let after = judged.judge(&set, &DeviceCompliance::default(), NOW);
    assert_eq!((after.after.state(), after.changes.len()), (None, 0));
    assert!(!after.after.is_compliant(None));
    assert_eq!((after.next_at, after.reads.len()), (None, 0));
}

#[test]
fn controls_and_baselines_that_go_are_on_record() {
    let head = "[baseline]\nid = 'b'\nfamily = ['windows81']\nmax_age_days = 7\n";
    let control = |id: &str| format!("[[control]]\nid = '{id}'\nfact = 'enrolled'\nis = [true]\n");
    let both = set_of(&format!("{head}{}{}", control("one"), control("two")));
    let one = set_of(&format!("{head}{}", control("one")));
    let none = BaselineSet::from_texts(Vec::new(), NOW).unwrap();
    let judged = Judged::new();
    let first = judged.judge(&both, &DeviceCompliance::default(), NOW);
    let later = NOW.plus_ms(DAY);
    let second = judged.judge(&one, &first.after, later);
    assert_eq!(second.changes.len(), 1);
    assert_eq!(second.changes[0].ended, [ControlId("two".into())]);
    assert_eq!(second.changes[0].controls, []);
    assert_eq!(verdict(&second.after, "one").since, NOW);
    let third = judged.judge(&none, &second.after, later);
    assert_eq!(third.changes[0].ended, [ControlId("one".into())]);
    assert_eq!(third.after.state(), None);
}

#[test]
fn an_event_says_what_the_verdict_rests_on_and_is_explained() {
    let set = set_of(BASELINE);
    let mut judged = Judged::new();
    judged.read_all(NOW);
    let long = "x".repeat(65) + "9600";
    judged.read("./DevDetail", "", "SwV", Value::Text(long.clone()), NOW);
    let mut first = judged.judge(&set, &DeviceCompliance::default(), NOW);
    let commands = first.unnamed();
    assert_eq!(commands.len(), 8);
    first.name_events(
        &commands
            .iter()
            .map(|one| (*one, 100 + u64::from(one.0)))
            .collect(),
    );
    assert_eq!(first.unnamed().len(), 0);
    let event = Event::of_compliance(NOW, DeviceId(uuid::Uuid::nil()), &first.changes[0]);
    assert_eq!(event.what, EventType::ComplianceChanged);
    assert_eq!(Event::from_bytes(&event.to_bytes()).unwrap(), event);
    let json: serde_json::Value = serde_json::from_slice(&event.to_bytes()).unwrap();
    assert_eq!(
        crate::audit::event_types::unexplained(&json),
        Vec::<String>::new()
    );
    let controls = json["compliance"]["controls"].as_array().unwrap();
    let of = |id: &str| controls.iter().find(|one| one["control"] == id).unwrap();
    let expected = serde_json::json!({
        "control": "grace", "state": "compliant", "since": NOW.0, "value": 0,
        "read_at": NOW.0, "command": 5, "event": 105,
    });
    assert_eq!(*of("grace"), expected);
    assert!(!String::from_utf8(event.to_bytes()).unwrap().contains(&long));
    assert_eq!(of("holds")["value_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(of("fact.vendor")["state"], "not_compliant");
    // The event is carried on while the command is the same.
    let next = judged.judge(&set, &first.after, NOW.plus_ms(DAY));
    assert_eq!(next.unnamed().len(), 0);
    for event in [
        Event::of_baselines(NOW, "operator", &set),
        Event::of_snapshot(
            NOW,
            crate::event::SnapshotRecord::new(
                &set.baselines()[0],
                NOW,
                &Snapshot::default().head(),
            ),
        ),
    ] {
        let json: serde_json::Value = serde_json::from_slice(&event.to_bytes()).unwrap();
        assert_eq!(
            crate::audit::event_types::unexplained(&json),
            Vec::<String>::new()
        );
        assert_eq!(Event::from_bytes(&event.to_bytes()).unwrap(), event);
    }
}
