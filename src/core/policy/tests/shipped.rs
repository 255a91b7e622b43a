//! The shipped files, those that are off, and the cases beside them.

use std::path::PathBuf;

use super::*;
use crate::policy::cases;
use crate::policy::diff::{diff, text};

/// The TOML files of a directory below `policies/`, name and text.
fn texts(below: &str) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(policies().join(below)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            texts.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    texts
}

fn policies() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies"))
}

#[test]
fn the_cases_beside_the_policies_come_out() {
    let report = check::check(texts(""), &texts("cases"));
    assert!(report.ok, "{report:#?}");
    assert!(report.cases >= 15 && report.warnings.is_empty());
}

/// What each file that is off as shipped changes: a file without a line here
/// fails the test.
const OPTIONAL: [(&str, &str); 3] = [
    (
        "apps-installs-only.toml",
        "decided otherwise:
  deliver (81.with-the-user) -> withhold (optional.apps-installs-only)
    windows81; Apps; platform WoA; login user or others or absent: user_read, setting, certificate, profile, sideloading, lock
  deliver (81.channel-read) -> withhold (optional.apps-installs-only)
    windows81; Apps; platform WoA; login user or others or absent: channel_read
decided alike, by another rule:
  withhold (context.nobody-logged-on) -> withhold (optional.apps-installs-only)
    windows81; Apps; login none: user_read, channel_read, setting, certificate, profile, sideloading, lock
  withhold (context.other-platform) -> withhold (optional.apps-installs-only)
    windows81; Apps; platform other; login user or others or absent: user_read, channel_read, setting, certificate, profile, sideloading, lock
",
    ),
    (
        "login-status-without-mode.toml",
        "decided otherwise:
  withhold (default.withhold) -> deliver (optional.login-status-without-mode)
    windows81; Unspecified; platform WoA; login user: app_status, app_install, user_read, channel_read, setting, certificate, profile, sideloading, lock, wns_configuration
",
    ),
    (
        "update-configuration-in-apps.toml",
        "decided otherwise:
  withhold (default.withhold) -> deliver (optional.update-configuration-in-apps)
    windows81; Apps; platform WoA; login user or others or absent: wns_configuration
",
    ),
];

#[test]
fn each_optional_file_changes_what_it_says() {
    let mut files = texts("optional");
    files.sort();
    assert_eq!(files.len(), OPTIONAL.len());
    for (file, (name, changes)) in files.into_iter().zip(OPTIONAL) {
        assert_eq!(file.0, name);
        let mut all = builtin().files().to_vec();
        all.push(file);
        let set = PolicySet::from_texts(all).unwrap();
        assert_eq!(text(&diff(&builtin(), &set)), changes, "{name}");
        assert_eq!(warning::warnings(&set), [], "{name}");
    }
}

#[test]
fn cases_name_groups_and_apps_and_know_own_classifications() {
    let rules = "[[rule]]\nid = \"kiosk\"\neffect = \"refuse\"\ngroup = [\"kiosk\"]\napp = [\"game\"]\n\
        [[classify]]\nloc_uri = \"./Vendor/Game/*\"\nverb = [\"Exec\"]\nkind = \"app_install\"\n";
    let mut files = builtin().files().to_vec();
    files.push(("mine.toml".to_owned(), rules.to_owned()));
    let set = PolicySet::from_texts(files).unwrap();
    let case = |more: &str, expect: &str| {
        format!(
            "[[case]]\nname = \"{more}\"\nmode = \"Apps\"\nverb = \"Exec\"\nloc_uri = \"./Vendor/Game/x\"\n{}\nexpect = \"{expect}\"\n",
            more.replace(';', "\n")
        )
    };
    let cases = [
        case("", "deliver"),
        case("app = 'game'", "deliver"),
        case("groups = ['kiosk']", "deliver"),
        case("groups = ['x', 'kiosk'];app = 'other'", "deliver"),
        case("groups = ['x', 'kiosk'];app = 'game'", "refuse"),
        case("groups = ['kiosk'];app = 'game' ", "deliver"),
    ];
    let (ran, failed) = cases::run(&set, "c.toml", &cases.concat());
    assert_eq!(ran, 6);
    let [failed] = failed.as_slice() else {
        panic!("{failed:#?}");
    };
    assert!(
        failed.ends_with("expected deliver, decided refuse by kiosk"),
        "{failed}"
    );
}
