#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::super::input::read;
use super::*;
use modegate_core::secret::Secret;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const PACKAGE: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";

/// The app that a body makes; else the first field that is wrong.
fn made(value: &Value) -> Result<App, String> {
    let new: NewApp = read(value).map_err(|faults| faults[0].field.clone())?;
    new.app("given".to_owned(), NOW)
        .map_err(|error| error.field)
}

fn amend(app: &App, value: &Value, now: Timestamp) -> Result<App, String> {
    let change: AppChange = read(value).map_err(|faults| faults[0].field.clone())?;
    change.amended(app, now).map_err(|error| error.field)
}

#[test]
fn an_app_is_read_whole() {
    let app = made(&json!({
        "id": "erp", "name": "ERP", "groups": ["sales"], "package_full_name": PACKAGE,
        "urls": ["https://apps.contoso.test/erp.appx?sv=1&x=%3B"],
        "dependencies": [PACKAGE, {"package_full_name": PACKAGE, "urls": ["https://apps.contoso.test/vc.appx"]}],
        "licence": "<Licence/>", "action": "upgrade", "options": ["development_mode", "install_all_resources"],
    }))
    .unwrap();
    let release = app.release(None).unwrap();
    assert_eq!(
        (app.id.as_str(), release.version.as_str()),
        ("erp", "1.1.0.0")
    );
    assert_eq!(release.options, 34);
    assert_eq!(release.dependencies.len(), 2);
    assert_eq!(
        release.dependencies[1].urls,
        ["https://apps.contoso.test/vc.appx"]
    );
    assert_eq!(
        release.licence.as_ref().map(Secret::reveal),
        Some("<Licence/>")
    );
    assert_eq!(
        (app.groups[0].as_str(), release.action.as_str()),
        ("sales", "upgrade")
    );
}

#[test]
fn what_is_wrong_is_named() {
    let good = json!({"name": "n", "version": "1.0"});
    let rows: Vec<(&str, Value, &str)> = vec![
        ("name", json!(""), "name"),
        ("name", Value::Null, "name"),
        ("id", json!("a/b"), "id"),
        ("id", json!(".."), "id"),
        ("id", json!("a".repeat(129)), "id"),
        ("version", json!("1.2.3.4.5"), "version"),
        ("version", json!("01"), "version"),
        ("version", json!("65536"), "version"),
        ("version", json!(1), "version"),
        ("version", Value::Null, "version"),
        ("package_full_name", json!("x"), "package_full_name"),
        ("package_full_name", json!(PACKAGE), "version"),
        ("urls", json!(["http://apps.contoso.test/x"]), "urls[0]"),
        (
            "urls",
            json!(["https://ok.test/x", "https://u:p@ok.test/x"]),
            "urls[1]",
        ),
        ("urls", json!(["https://ok.test/a;b"]), "urls[0]"),
        ("urls", json!(["https://ok.test/a b"]), "urls[0]"),
        ("urls", json!("https://ok.test/"), "urls"),
        ("dependencies", json!(["no"]), "dependencies[0]"),
        ("dependencies", json!([1]), "dependencies[0]"),
        (
            "dependencies",
            json!([{"package_full_name": PACKAGE, "urls": ["x"]}]),
            "dependencies[0].urls[0]",
        ),
        ("licence", json!("<a>"), "licence"),
        ("licence", json!("<!DOCTYPE a><a/>"), "licence"),
        ("action", json!("remove"), "action"),
        ("action", json!(-1), "action"),
        ("options", json!(["all"]), "options[0]"),
        ("options", json!(4_294_967_296_u64), "options"),
        ("groups", json!([""]), "groups[0]"),
        ("versions", json!([]), "versions"),
        ("description", json!(5), "description"),
    ];
    assert!(made(&good).is_ok());
    for (field, value, named) in rows {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(made(&body).unwrap_err(), named, "{field}: {value}");
    }
}

#[test]
fn every_fault_of_an_app_is_told_at_once() {
    let body =
        json!({"id": "a/b", "urls": ["x", 1], "versions": [{"version": "a", "action": true}]});
    let faults = read::<NewApp>(&body).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let expected = [
        "id",
        "name",
        "versions[0].version",
        "versions[0].action",
        "urls[0]",
        "urls[1]",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_change_adds_a_version_or_takes_its_place() {
    let app = made(&json!({"name": "n", "versions": [
        {"version": "1.10", "job_data": "ten"}, {"version": "1.9.0.0"}, {"version": "2.0"},
    ]}))
    .unwrap();
    let later = NOW.plus_ms(1);
    let more = amend(&app, &json!({"version": "3.0", "name": "m"}), later).unwrap();
    assert_eq!((more.releases.len(), more.name.as_str()), (4, "m"));
    let same = amend(&more, &json!({"version": "1.10.0.0", "options": 1}), later).unwrap();
    assert_eq!(same.releases.len(), 4);
    assert_eq!(same.releases[1].job_data, None);
    let only = amend(&same, &json!({"versions": [{"version": "9"}]}), later).unwrap();
    assert_eq!((only.releases.len(), only.changed_at), (1, later));
    for (body, field) in [
        (json!({"id": "other"}), "id"),
        (
            json!({"versions": [{"version": "1"}, {"version": "1.0"}]}),
            "versions[1].version",
        ),
        (
            json!({"version": "1", "versions": [{"version": "2"}]}),
            "version",
        ),
        (json!({"urls": []}), "version"),
        (json!({"versions": []}), "versions"),
    ] {
        assert_eq!(amend(&app, &body, later).unwrap_err(), field, "{body}");
    }
}
