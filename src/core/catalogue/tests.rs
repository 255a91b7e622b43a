#![allow(clippy::unwrap_used)]

use super::check::{check_licence, is_download, is_id, version_of_package};
use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const PACKAGE: &str = "52314Publisher.TestWNS_1.1.0.0_x86__t6e9vsyjkrw9w";

fn release(version: &str) -> Release {
    Release {
        version: Version::parse(version).unwrap(),
        package_full_name: Some(PACKAGE.into()),
        urls: vec!["https://apps.contoso.test/erp.appx".into()],
        dependencies: vec![Dependency {
            package_full_name: PACKAGE.into(),
            urls: vec!["https://apps.contoso.test/vc.appx".into()],
        }],
        licence: Some(Secret::new("<Licence/>")),
        action: "upgrade".into(),
        options: 34,
        job_data: None,
    }
}

fn app(versions: &[&str]) -> App {
    let mut app = App {
        id: "erp".into(),
        name: "ERP".into(),
        description: None,
        groups: vec!["sales".into()],
        releases: Vec::new(),
        created_at: NOW,
        changed_at: NOW,
        requires: None,
    };
    for version in versions {
        assert!(app.put(release(version)));
    }
    app
}

#[test]
fn a_version_fills_the_placeholders_of_a_template() {
    let app = app(&["1.1.0.0"]);
    let values = app.release(None).unwrap().values();
    let value = |name: &str| values.iter().find(|(of, _)| *of == name).unwrap().1.clone();
    assert_eq!(value("options"), "34");
    assert_eq!(value("dependencies"), PACKAGE);
    assert_eq!(
        value("dependency_urls"),
        "https://apps.contoso.test/vc.appx"
    );
    assert_eq!(value("licence"), "<Licence/>");
    assert!(app.is_for(&["x".into(), "sales".into()]) && !app.is_for(&["x".into()]));
    assert!(!format!("{app:?}").contains("Licence/"));
}

#[test]
fn versions_are_numbers_and_the_highest_is_the_usual_one() {
    let mut app = app(&["1.10", "1.9.0.0", "2.0"]);
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
    assert!(app.put(release("1.10.0.0")));
    assert_eq!(app.releases.len(), 3, "it took the place of the same one");
    for more in 3..VERSIONS {
        assert!(app.put(release(&format!("{more}.1"))));
    }
    assert!(!app.put(release("99.1")), "there is room for so many");
}

#[test]
fn ids_urls_licences_and_packages_are_checked() {
    for (id, good) in [
        ("a-b.c~1", true),
        ("a/b", false),
        ("..", false),
        ("", false),
    ] {
        assert_eq!(is_id(id), good, "{id}");
    }
    for (url, good) in [
        ("https://apps.contoso.test/erp.appx?sv=1&x=%3B", true),
        ("http://apps.contoso.test/x", false),
        ("https://u:p@ok.test/x", false),
        ("https://ok.test/a;b", false),
        ("https://ok.test/a b", false),
        ("https://ok.test/a#b", false),
    ] {
        assert_eq!(is_download(url), good, "{url}");
    }
    assert!(check_licence("<Licence/>").is_ok());
    assert!(check_licence("<a>").is_err() && check_licence("<!DOCTYPE a><a/>").is_err());
    assert_eq!(version_of_package(PACKAGE), Version::parse("1.1.0.0"));
    assert_eq!(version_of_package("x"), None);
}

#[test]
fn the_catalogue_takes_so_many_apps() {
    assert_eq!(check_room(APPS - 1), Ok(()));
    assert!(check_room(APPS).is_err());
}
