#![allow(dead_code)]
use serde_json::json;

use super::*;

input! {
    struct Outer {
        name: Line<4>,
        note: Option<Clearable<Line<4>>>,
        list: Option<List<Inner, 2, 1>>,
    }

    struct Inner {
        count: Integer<1, 9>,
        flag: bool,
    }
}

fn faults(value: &Value) -> Vec<String> {
    let read = read::<Outer>(value).err().unwrap_or_default();
    read.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn every_fault_is_named_by_its_path() {
    let body = json!({"name": 7, "note": "too long", "list": [{"count": 0}, "x"]});
    let expected = ["name", "note", "list[0].count", "list[0].flag", "list[1]"];
    assert_eq!(faults(&body), expected);
    assert_eq!(faults(&json!({"list": []})), ["name", "list"]);
    assert_eq!(faults(&json!([])), ["body"]);
    let secret = read::<SecretLine<4>>(&json!("a secret that is long"));
    assert!(!format!("{secret:?}").contains("a secret"));
}

#[test]
fn absent_null_and_a_value_are_distinct_where_it_matters() {
    let note = |body: Value| match read::<Outer>(&body).map(|outer| outer.note) {
        Ok(None) => "absent",
        Ok(Some(Clearable::Clear)) => "clear",
        Ok(Some(Clearable::Set(_))) => "set",
        Err(_) => "fault",
    };
    assert_eq!(note(json!({"name": "n"})), "absent");
    assert_eq!(note(json!({"name": "n", "note": null})), "clear");
    assert_eq!(note(json!({"name": "n", "note": "x"})), "set");
    assert_eq!(note(json!({"name": null})), "fault");
    assert!(faults(&json!({"name": "n", "list": null})).is_empty());
}

#[test]
fn an_unknown_field_is_named_before_what_is_missing() {
    let body = json!({"nmae": "n", "list": [{"count": 1, "flag": true, "flags": 1}]});
    let read = read::<Outer>(&body).err().unwrap_or_default();
    let faults: Vec<String> = read.iter().map(ToString::to_string).collect();
    let expected = [
        "nmae: expected 'name', found an unknown field",
        "name: expected text, found nothing",
        "list[0].flags: expected 'flag', found an unknown field",
    ];
    assert_eq!(faults, expected);
}
