//! `modegate compliance …`: what it prints and how it ends.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use clap::Parser;

use super::{ComplianceCommand, run};
use modegate_core::compliance::BaselineSet;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: ComplianceCommand,
}

fn compliance(words: &[&str]) -> (u8, String) {
    let line = Line::try_parse_from([&["compliance"], words].concat()).unwrap();
    let mut out = Vec::new();
    let code = run(&line.command, &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

/// A directory with the shipped baseline, changed.
fn directory(change: impl Fn(String) -> String) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in BaselineSet::builtin_texts() {
        std::fs::write(dir.path().join(name), change(text)).unwrap();
    }
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn check_ends_with_0_or_1_and_runs_cases() {
    let (code, told) = compliance(&["check"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.starts_with("ok: 0 cases\nwindows81-starter: 16 controls, 0 exemptions, digest "));
    let faulty = directory(|text| text.replace("grace_days = 7", "grace = 7"));
    let (code, told) = compliance(&["check", text(faulty.path())]);
    assert_eq!((code, told.lines().count()), (1, 3), "{told}");
    assert!(
        told.contains(": expected one of id, read, fact, "),
        "{told}"
    );
    let (code, told) = compliance(&["check", text(faulty.path()), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, told["faults"].as_array().unwrap().len()), (1, 3));
    let good = directory(|text| text);
    let cases = good.path().join("cases");
    std::fs::create_dir(&cases).unwrap();
    let case = "[[case]]\nname = 'off'\nbaseline = 'windows81-starter'\ncontrol = 'av.on'\nvalue = 1\nexpect = ";
    std::fs::write(cases.join("c.toml"), format!("{case}'in_grace'\n")).unwrap();
    let (code, told) = compliance(&["check", text(good.path())]);
    assert!(code == 0 && told.starts_with("ok: 1 cases\n"), "{told}");
    std::fs::write(cases.join("c.toml"), format!("{case}'compliant'\n")).unwrap();
    let expected = "cases/c.toml: case 'off': expected compliant, found in_grace\n";
    assert_eq!(
        compliance(&["check", text(good.path())]),
        (1, expected.to_owned())
    );
    let (code, told) = compliance(&["check", text(&good.path().join("none"))]);
    assert!(code == 1 && told.contains("expected a directory"), "{told}");
}

#[test]
fn diff_ends_with_0_1_or_2() {
    let same = directory(|text| text);
    let none = compliance(&["diff", "builtin", text(same.path())]);
    assert_eq!(none, (0, "both ask the same\n".to_owned()));
    let other = directory(|text| text.replace("at_most = 1", "at_most = 2"));
    let expected = "windows81-starter uac.notifies: expects: is at most 1 -> is at most 2\n";
    let told = compliance(&["diff", "builtin", text(other.path())]);
    assert_eq!(told, (1, expected.to_owned()));
    let (code, told) = compliance(&["diff", "builtin", text(other.path()), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (code, &told["differences"][0]["control"]),
        (1, &"uac.notifies".into())
    );
    let faulty = directory(|text| text.replace("[baseline]", "[base]"));
    let (code, told) = compliance(&["diff", text(faulty.path()), "builtin"]);
    assert!(code == 2 && told.contains("found the key 'base'"), "{told}");
}

#[test]
fn explain_says_what_a_control_makes_of_a_device() {
    let last = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let (code, told) = compliance(&[&["explain", "--control"], &words[..]].concat());
        assert_eq!(code, 0, "{told}");
        told.lines().last().unwrap().to_owned()
    };
    for (words, expected) in [
        ("av.on --value 0", "compliant"),
        (
            "av.on --value 0 --value 1 --on 2026-11-29",
            "in_grace, until 2026-12-02T00:00:00.000Z",
        ),
        ("av.on --value 1 --same-for-days 3", "not_compliant"),
        ("av.on --value 0 --age-days 8", "unknown, reason stale"),
        ("av.on --answer null", "unknown, reason null"),
        ("av.on --value on", "unknown, reason unreadable"),
        (
            "password.compliant --mode Machine",
            "unknown, reason needs_user",
        ),
        (
            "password.compliant --mode Machine --mode Apps",
            "unknown, reason never_read",
        ),
        ("device.seen --last-session-days 8", "not_compliant"),
        ("os.version --value 6.3.9600", "compliant"),
        ("os.version --value 9600", "not_compliant"),
        ("encryption.required --value true", "compliant"),
        ("os.vendor-support --on 2023-01-10", "compliant"),
        ("av.on --family windows10", "not_covered"),
    ] {
        assert_eq!(last(words), expected, "{words}");
    }
    let accepted = directory(|text| {
        text + "[[exempt]]\ncontrol = 'os.vendor-support'\nuntil = 2020-01-31\nreason = 'r'\napproved_by = 'a'\n"
    });
    let of = text(accepted.path());
    let exempt = last(&format!(
        "os.vendor-support --on 2020-01-31 --family windows81 --baselines {of}"
    ));
    assert_eq!(exempt, "compliant");
    let (code, told) = compliance(&["explain", "--control", "none"]);
    assert!(
        code == 1 && told.starts_with("no control 'none'; there are: device.seen, "),
        "{told}"
    );
    let (code, told) = compliance(&["explain", "--control", "av.on", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["reason"]), (0, &"never_read".into()));
}
