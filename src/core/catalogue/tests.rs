#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const PACKAGE: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";

fn made(value: &Value) -> Result<App, String> {
    new(value, "given", NOW).map_err(|error| error.field)
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
    let values = release.values();
    let value = |name: &str| values.iter().find(|(of, _)| *of == name).unwrap().1.clone();
    assert_eq!(value("options"), "34");
    assert_eq!(value("dependencies"), format!("{PACKAGE};{PACKAGE}"));
    assert_eq!(
        value("dependency_urls"),
        "https://apps.contoso.test/vc.appx"
    );
    assert_eq!(value("licence"), "<Licence/>");
    assert!(app.is_for(&["x".into(), "sales".into()]) && !app.is_for(&["x".into()]));
    assert!(!format!("{app:?}").contains("Licence/"));
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
fn versions_are_numbers_and_the_highest_is_the_usual_one() {
    let app = made(&json!({"name": "n", "versions": [
        {"version": "1.10", "job_data": "ten"}, {"version": "1.9.0.0"}, {"version": "2.0"},
    ]}))
    .unwrap();
    let order: Vec<&str> = app
        .releases
        .iter()
        .map(|one| one.version.as_str())
        .collect();
    assert_eq!(order, ["1.9.0.0", "1.10", "2.0"]);
    assert_eq!(app.release(None).unwrap().version.as_str(), "2.0");
    let same = Version::parse("1.10.0").unwrap();
    assert_eq!(app.release(Some(&same)).unwrap().version.as_str(), "1.10");
    assert_eq!(app.release(Version::parse("3").as_ref()), None);

    // A change adds a version or takes its place, and leaves the rest.
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
        assert_eq!(
            amend(&app, &body, later).unwrap_err().field,
            field,
            "{body}"
        );
    }
}

#[test]
fn the_catalogue_takes_so_many_apps() {
    assert_eq!(check_room(APPS - 1), Ok(()));
    assert!(check_room(APPS).is_err());
}
