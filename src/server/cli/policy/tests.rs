//! `modegate policy …`: what it prints and how it ends.
#![allow(clippy::unwrap_used)]

use std::io::{self, Write};
use std::path::Path;

use clap::Parser;

use modegate_core::policy::PolicySet;

use super::{PolicyCommand, run};

fn builtin() -> PolicySet {
    PolicySet::builtin().unwrap()
}

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: PolicyCommand,
}

fn policy(words: &[&str]) -> (u8, String) {
    let line = Line::try_parse_from([&["policy"], words].concat()).unwrap();
    let mut out = Vec::new();
    let code = run(&line.command, &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

/// A directory with the shipped files and one more.
fn directory(more: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in builtin().files() {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    std::fs::write(dir.path().join("mine.toml"), more).unwrap();
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const KIOSK: &str = "[[rule]]\nid = \"kiosk\"\neffect = \"refuse\"\ngroup = [\"kiosk\"]\napp = [\"game\"]\n\
    [[rule]]\nid = \"radio\"\neffect = \"withhold\"\nverb = [\"Delete\"]\nclass = [\"MDM_Restrictions\"]\n\
    [[rule]]\nid = \"never\"\neffect = \"deliver\"\nverb = [\"Copy\"]\nkind = [\"lock\"]\n";

#[test]
fn diff_ends_with_0_1_or_2() {
    let kiosk = directory(KIOSK);
    let same = directory("# nothing\n");
    assert_eq!(policy(&["diff", "builtin", text(same.path())]).0, 0);
    let (code, told) = policy(&["diff", "builtin", text(kiosk.path())]);
    assert_eq!(code, 1, "{told}");
    let (code, told) = policy(&["diff", "builtin", text(kiosk.path()), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["old"]), (1, &builtin().digest().into()));
    assert!(!told["differences"].as_array().unwrap().is_empty());
    let faulty = directory("[[rules]]\n");
    let (code, told) = policy(&["diff", text(faulty.path()), text(kiosk.path())]);
    assert_eq!(code, 2);
    assert!(
        told.starts_with("mine.toml:1:3: expected [[rule]]"),
        "{told}"
    );
    let (code, told) = policy(&["diff", text(faulty.path()), "builtin", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["faults"][0]["line"]), (2, &1.into()));
}

#[test]
fn check_carries_its_warnings_as_fields() {
    let kiosk = directory(KIOSK);
    let (code, told) = policy(&["check", text(kiosk.path()), "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let expected = serde_json::json!([{
        "kind": "dead_rule",
        "rule": "never",
        "file": "mine.toml",
        "line": 11,
        "by": [],
        "message": "rule 'never' matches nothing: no command has such a verb, kind and class",
    }]);
    assert_eq!((code, &told["warnings"]), (0, &expected));
    let (_, told) = policy(&["check", text(kiosk.path())]);
    assert!(
        told.starts_with("warning: mine.toml:11: rule 'never' matches nothing"),
        "{told}"
    );
}

#[test]
fn explain_takes_group_app_verb_and_class() {
    let kiosk = directory(KIOSK);
    let explain = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let fixed = [
            "explain",
            "--policies",
            text(kiosk.path()),
            "--mode",
            "Apps",
            "--kind",
        ];
        policy(&[&fixed[..], &words].concat())
    };
    let cases = [
        (
            "app_install",
            "deliver: app_install in Apps on windows81\n  by 81.app-install ",
        ),
        ("app_install --group kiosk", "deliver: "),
        (
            "app_install --group x --group kiosk --app game",
            "refuse: app_install in Apps on windows81\n  by kiosk (mine.toml:1)",
        ),
        ("setting", "deliver: "),
        (
            "setting --class MDM_Restrictions --verb Delete",
            "withhold: setting in Apps on windows81\n  by radio (mine.toml:6)",
        ),
        ("setting --class other --verb Delete", "deliver: "),
    ];
    for (words, begins) in cases {
        let (code, told) = explain(words);
        assert_eq!(code, 0, "{words}");
        assert!(told.starts_with(begins), "{words}\n{told}");
        let varies =
            told.contains("this is Replace of other; other commands of this kind are decided");
        assert_eq!(varies, words == "setting", "{words}\n{told}");
    }
    let (code, told) = explain("lock --verb Get");
    assert_eq!(
        (code, told.as_str()),
        (
            1,
            "no command of kind lock has that verb and class; there are: MDM_Client (Exec); other (Exec)\n"
        )
    );
}

/// An output that somebody closed.
struct Closed(io::ErrorKind);

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_closes_the_output_early_gets_the_exit_code_all_the_same() {
    let kiosk = directory(KIOSK);
    for (words, code) in [
        (vec!["check"], 0),
        (vec!["diff", "builtin", text(kiosk.path())], 1),
        (vec!["explain", "--mode", "Apps", "--kind", "lock"], 0),
    ] {
        let line = Line::try_parse_from([&["policy"], &words[..]].concat()).unwrap();
        let closed = run(&line.command, &mut Closed(io::ErrorKind::BrokenPipe));
        assert_eq!(closed.unwrap(), code, "{words:?}");
        let full = run(&line.command, &mut Closed(io::ErrorKind::StorageFull));
        assert!(full.is_err(), "{words:?}");
    }
}
