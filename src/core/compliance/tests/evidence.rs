//! Missing evidence is never compliant.

use proptest::prelude::*;

use super::*;

/// An answer of any type, compliant ones among them.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Absent),
        any::<bool>().prop_map(Value::Bool),
        (0_i128..4).prop_map(Value::Integer),
        (-40_i64..10).prop_map(|days| Value::Time(NOW.plus_ms(days * DAY))),
        Just(Value::LocalTime("2026-09-20T00:00:00".to_owned())),
        prop::sample::select(vec!["KB1", "KB0", "6.3.9600", "6.2", "x"])
            .prop_map(|text| Value::Text(text.to_owned())),
    ]
}

/// The properties that [`BASELINE`] reads, and another.
const PROPERTIES: [(&str, &str); 9] = [
    ("Win32_QuickFixEngineering", "HotFixID"),
    ("MDM_Restrictions", "SmartScreenEnabled"),
    ("MDM_SecurityStatus", "AntiVirusStatus"),
    ("Win32_OperatingSystem", "Version"),
    ("MDM_Restrictions", "UserAccountControlStatus"),
    ("./DevDetail", "SwV"),
    ("Win32_OperatingSystem", "InstallDate"),
    ("MDM_SecurityStatusUser", "PasswordStatus"),
    ("MDM_SecurityStatus", "FirewallStatus"),
];

/// A device whose answers are any, read at any time around now, with any facts.
pub(super) fn any_device() -> impl Strategy<Value = Judged> {
    let reading = (
        0..PROPERTIES.len(),
        0..3_u8,
        any_value(),
        -20 * 24_i64..3 * 24,
    );
    let facts = (
        prop::option::of(-20 * 24_i64..3 * 24),
        prop::option::of(-20 * 24_i64..3 * 24),
        any::<bool>(),
        any::<bool>(),
    );
    (prop::collection::vec(reading, 0..24), facts).prop_map(|(readings, facts)| {
        let mut judged = Judged::new();
        for (which, instance, value, hours) in readings {
            let (class, property) = PROPERTIES[which];
            let instance = match class.starts_with("./") {
                true => String::new(),
                false => format!("I.{instance}"),
            };
            let at = NOW.plus_ms(hours * DAY / 24);
            judged.read(class, &instance, property, value, at);
        }
        let (session, maintenance, has_met_user, is_gone) = facts;
        let at = |hours: i64| NOW.plus_ms(hours * DAY / 24);
        judged.facts.last_session = session.map(at);
        judged.facts.last_maintenance = maintenance.map(at);
        judged.facts.has_met_user = has_met_user;
        judged.facts.unenrolled_at = is_gone.then_some(NOW);
        judged
    })
}

/// Whether a value complies with a control of [`BASELINE`], written down again by itself.
fn complies(control: &str, value: &Value) -> bool {
    match (control, value) {
        ("any", Value::Text(text)) => text == "KB1",
        ("bool", value) => *value == Value::Bool(true),
        ("grace", value) => *value == Value::Integer(0),
        ("least", Value::Text(text)) => text == "6.3.9600",
        ("most", Value::Integer(number)) => *number <= 1,
        ("holds", Value::Text(text)) => text.contains("9600"),
        ("within", Value::Time(at)) => (0..=30 * DAY).contains(&NOW.ms_since(*at)),
        ("user", value) => *value == Value::Integer(2),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever a device answered and whenever: what is compliant rests on readings that are
    /// young enough, not of the future, and comply.
    #[test]
    fn nothing_leads_from_missing_evidence_to_compliant(judged in any_device()) {
        let set = set_of(BASELINE);
        let after = judged.judge(&set, &DeviceCompliance::default(), NOW).after;
        let is_young = |at: Timestamp| (-60_000..=7 * DAY).contains(&NOW.ms_since(at));
        for control in &set.baselines()[0].controls {
            let verdict = &after.baselines[&set.baselines()[0].id].controls[&control.id];
            if verdict.state() != ComplianceState::Compliant {
                prop_assert!(verdict.finding != Finding::Compliant);
                continue;
            }
            prop_assert!(verdict.evidence.is_some());
            let id = control.id.0.as_str();
            let is_due = match (&control.question, id) {
                (Question::Reading { class, property }, _) => {
                    let instances = judged.inventory.classes.get(class);
                    let instances: Vec<_> = instances.into_iter().flatten().collect();
                    let is_good = |(_, read): &(&String, &BTreeMap<String, Entry>)| {
                        let entry = read.get(property);
                        entry.is_some_and(|one| is_young(one.read_at) && complies(id, &one.value))
                    };
                    match control.every {
                        true => !instances.is_empty() && instances.iter().all(is_good),
                        false => instances.iter().any(is_good),
                    }
                }
                (_, "fact.session") => judged.facts.last_session.is_some_and(is_young),
                (_, "fact.maintenance") => judged.facts.last_maintenance.is_some_and(|at| {
                    (-60_000..=14 * DAY).contains(&NOW.ms_since(at))
                }),
                (_, "fact.enrolled") => {
                    judged.facts.last_session.is_some() && judged.facts.unenrolled_at.is_none()
                }
                _ => false,
            };
            prop_assert!(is_due, "{id}: {verdict:?}");
        }
    }

    /// Taking evidence away, or a value out of it, never makes a device better.
    #[test]
    fn less_evidence_is_never_better(judged in any_device(), taken in any::<prop::sample::Index>()) {
        let set = set_of(BASELINE);
        let none = DeviceCompliance::default();
        let before = judged.judge(&set, &none, NOW).after;
        let classes = judged.inventory.classes.iter();
        let places: Vec<(String, String, String)> = classes
            .flat_map(|(class, instances)| instances.iter().map(move |one| (class, one)))
            .flat_map(|(class, (instance, read))| read.keys().map(move |property| {
                (class.clone(), instance.clone(), property.clone())
            }))
            .collect();
        if places.is_empty() {
            return Ok(());
        }
        let (class, instance, property) = taken.get(&places);
        for value in [Value::Null, Value::Absent] {
            let mut less = judged.clone();
            let instances = less.inventory.classes.get_mut(class).unwrap();
            let entry = instances.get_mut(instance).unwrap().get_mut(property).unwrap();
            entry.value = value;
            let after = less.judge(&set, &none, NOW).after;
            for (id, state) in states(&after) {
                let was = states(&before)[&id];
                let is_better = state == ComplianceState::Compliant && was != state;
                prop_assert!(!is_better, "{id}: {was:?} -> {state:?}");
            }
        }
    }
}

#[test]
fn each_way_to_lack_evidence_has_its_reason() {
    let set = set_of(BASELINE);
    let none = DeviceCompliance::default();
    let mut judged = Judged::new();
    let of = |judged: &Judged, control: &str| said(&judged.judge(&set, &none, NOW).after, control);
    assert_eq!(of(&judged, "grace"), "unknown (never_read)");
    assert_eq!(of(&judged, "user"), "unknown (never_read)");
    judged.facts.has_met_user = false;
    assert_eq!(of(&judged, "user"), "unknown (needs_user)");
    judged.facts.last_maintenance = None;
    assert_eq!(of(&judged, "fact.maintenance"), "unknown (needs_user)");
    let status = "MDM_SecurityStatus";
    for (value, at, expected) in [
        (Value::Integer(0), NOW, "compliant"),
        (Value::Integer(1), NOW, "in_grace"),
        (Value::Null, NOW, "unknown (null)"),
        (Value::Absent, NOW, "unknown (absent)"),
        (Value::Text("0x".into()), NOW, "unknown (unreadable)"),
        (Value::Integer(0), NOW.plus_ms(-7 * DAY), "compliant"),
        (
            Value::Integer(0),
            NOW.plus_ms(-7 * DAY - 1),
            "unknown (stale)",
        ),
        (Value::Integer(0), NOW.plus_ms(60_000), "compliant"),
        (Value::Integer(0), NOW.plus_ms(60_001), "unknown (stale)"),
        (Value::Integer(1), NOW.plus_ms(60_001), "unknown (stale)"),
    ] {
        judged.read(status, "S.1", "AntiVirusStatus", value.clone(), at);
        assert_eq!(of(&judged, "grace"), expected, "{value:?} {at}");
    }
}

#[test]
fn an_instance_of_which_nothing_was_read_is_not_passed_over() {
    let set = set_of(BASELINE);
    let none = DeviceCompliance::default();
    let mut judged = Judged::new();
    let of = |judged: &Judged| said(&judged.judge(&set, &none, NOW).after, "grace");
    let status = "MDM_SecurityStatus";
    judged.read(status, "S.1", "AntiVirusStatus", Value::Integer(0), NOW);
    judged.read(status, "S.2", "FirewallStatus", Value::Integer(0), NOW);
    assert_eq!(of(&judged), "unknown (never_read)");
    judged.read(status, "S.2", "AntiVirusStatus", Value::Integer(1), NOW);
    assert_eq!(of(&judged), "in_grace");
    judged.read(status, "S.2", "AntiVirusStatus", Value::Integer(0), NOW);
    assert_eq!(of(&judged), "compliant");
}

#[test]
fn a_class_that_names_no_instance_is_absent_and_never_compliant() {
    let set = set_of(BASELINE);
    let none = DeviceCompliance::default();
    let mut judged = Judged::new();
    let mut list = |at: Timestamp| {
        for class in ["MDM_SecurityStatus", "Win32_QuickFixEngineering"] {
            let listed = (at, CommandSeq(1));
            judged.inventory.listed.insert(class.to_owned(), listed);
        }
        judged.judge(&set, &none, NOW).after
    };
    let now = list(NOW);
    assert_eq!(said(&now, "grace"), "unknown (absent)");
    assert_eq!(said(&now, "any"), "unknown (absent)");
    let command = verdict(&now, "grace").evidence.as_ref().unwrap().command;
    assert_eq!(command, Some(CommandSeq(1)));
    assert_eq!(said(&list(NOW.plus_ms(-8 * DAY)), "any"), "unknown (stale)");
}

#[test]
fn a_class_that_the_device_lacks_is_absent_until_it_names_instances() {
    let set = set_of(BASELINE);
    let none = DeviceCompliance::default();
    let mut judged = Judged::new();
    let of = |judged: &Judged| said(&judged.judge(&set, &none, NOW).after, "grace");
    let status = "MDM_SecurityStatus";
    judged.read(status, "", "", Value::Absent, NOW.plus_ms(-2_000));
    assert_eq!(of(&judged), "unknown (absent)");
    judged.read(status, "S.1", "AntiVirusStatus", Value::Integer(0), NOW);
    assert_eq!(of(&judged), "unknown (absent)");
    let listed = (NOW.plus_ms(-1_000), CommandSeq(2));
    judged.inventory.listed.insert(status.to_owned(), listed);
    assert_eq!(of(&judged), "compliant");
}
