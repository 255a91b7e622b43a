//! What is shipped, and what `compliance check`, `diff` and `explain` say.

use super::*;
use crate::compliance::cases;
use crate::compliance::check::check;
use crate::compliance::diff::{diff, text};
use crate::compliance::explain::explain;
use crate::compliance::scenario::Scenario;

fn files(below: &str) -> Vec<(String, String)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/compliance/");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(format!("{dir}{below}")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    files
}

#[test]
fn the_shipped_baselines_and_their_cases_are_good() {
    let report = check(files(""), &files("cases"), NOW);
    assert!(report.ok && report.warnings.is_empty(), "{report:#?}");
    assert!(report.cases >= 40);
    let builtin = BaselineSet::builtin().unwrap();
    assert_eq!(report.digest.as_deref(), Some(builtin.digest()));
    let ids: Vec<&str> = builtin.baselines()[0]
        .controls
        .iter()
        .map(|one| one.id.0.as_str())
        .collect();
    let paper = [
        "device.seen",
        "agent.maintenance",
        "os.version",
        "os.vendor-support",
        "update.base",
        "update.auto",
        "firewall.on",
        "av.on",
        "av.signatures",
        "encryption.required",
        "encryption.status",
        "password.compliant",
        "account.optional",
        "smartscreen.on",
        "uac.notifies",
        "password-sync.off",
    ];
    assert_eq!(ids, paper);
    // Each control has a case in which it complies, and one in which it does not.
    let cases = &files("cases")[0].1;
    for id in ids {
        let of: Vec<&str> = cases
            .split("[[case]]")
            .filter(|one| one.contains(&format!("control = \"{id}\"")))
            .collect();
        assert!(
            of.iter().any(|one| one.contains("expect = \"compliant\"")),
            "{id}"
        );
        let fails = ["not_compliant", "in_grace"];
        assert!(
            of.iter()
                .any(|one| fails.iter().any(|state| one.contains(state))),
            "{id}"
        );
    }
    // Both fit an auditor's question of what the digest covers.
    let digest = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(
        &files("")[0].1,
    ));
    assert_eq!(builtin.baselines()[0].digest.0, <[u8; 32]>::from(digest));
}

#[test]
fn a_case_that_does_not_come_out_says_what_did() {
    let set = BaselineSet::builtin().unwrap();
    let run = |case: &str| {
        let text = format!("[[case]]\nname = 'n'\nbaseline = 'windows81-starter'\n{case}");
        cases::run(&set, "c.toml", &text, NOW)
    };
    for (case, expected) in [
        (
            "control = 'av.on'\nvalue = 0\nexpect = 'unknown'\n",
            "expected unknown, found compliant",
        ),
        (
            "control = 'av.on'\nexpect = 'unknown'\nreason = 'stale'\n",
            "expected unknown (stale), found unknown (never_read)",
        ),
        (
            "control = 'av.off'\nexpect = 'unknown'\n",
            "no control 'av.off'; there are: device.seen",
        ),
        (
            "control = 'av.on'\nexpect = 'good'\n",
            "expected one of compliant, exempt, in_grace, unknown, not_compliant, not_covered, found 'good'",
        ),
        (
            "control = 'av.on'\nexpect = 'unknown'\nreason = 'old'\n",
            "expected a reason of never_read",
        ),
        (
            "control = 'av.on'\nvalue = 0\nanswer = 'null'\nexpect = 'unknown'\n",
            "expected one of value, values and answer",
        ),
        (
            "control = 'av.on'\nanswer = 'nil'\nexpect = 'unknown'\n",
            "expected null or absent, found 'nil'",
        ),
        (
            "control = 'av.on'\nvalue = 1.5\nexpect = 'unknown'\n",
            "expected a value, found float",
        ),
        (
            "control = 'av.on'\nmodes = ['Day']\nexpect = 'unknown'\n",
            "no mode 'Day'",
        ),
        (
            "control = 'av.on'\nfamily = 'vista'\nexpect = 'unknown'\n",
            "no family 'vista'",
        ),
    ] {
        let (ran, failed) = run(case);
        assert_eq!((ran, failed.len()), (1, 1), "{case}");
        assert!(
            failed[0].starts_with(&format!("c.toml: case 'n': {expected}")),
            "{failed:?}"
        );
    }
    let (ran, failed) = run("control = 'av.on'\nexpects = 'unknown'\n");
    assert_eq!((ran, failed.len()), (0, 1));
}

#[test]
fn an_exemption_that_is_over_is_warned_of() {
    let over =
        "[[exempt]]\ncontrol = 'bool'\nuntil = 2026-09-01\nreason = 'r'\napproved_by = 'a'\n";
    let report = check(
        vec![("x.toml".to_owned(), format!("{BASELINE}{over}"))],
        &[],
        NOW,
    );
    assert!(report.ok);
    let line = BASELINE.lines().count() + 1;
    let expected = format!("x.toml:{line}: the exemption of 'bool' is over: it has no effect");
    assert_eq!(report.warnings, [expected]);
}

#[test]
fn a_diff_names_each_part_that_differs() {
    let old = set_of(BASELINE);
    assert_eq!(text(&diff(&old, &old)), "both ask the same\n");
    let reordered = BASELINE.replacen("[[control]]", "[[control]]\nnote = 'x'", 1);
    assert_eq!(diff(&old, &set_of(&reordered)), []);
    let changed = BASELINE
        .replace("max_age_days = 7", "group = [\"field\"]\nmax_age_days = 14")
        .replace("is = [0]\ngrace_days = 3", "is = [0, 3]\ngrace_days = 30")
        .replace("[[control]]\nid = \"bool\"", "[[control]]\nid = \"other\"");
    let exempt = "[[exempt]]\ncontrol = \"most\"\ngroup = [\"lab\"]\nuntil = 2027-06-30\nreason = \"old apps\"\napproved_by = \"CISO\"\n";
    let new = set_of(&format!("{changed}{exempt}"));
    let expected = "\
        all: group: none -> field\n\
        all: max_age_days: 7 -> 14\n\
        all bool: control: MDM_Restrictions.SmartScreenEnabled is true -> none\n\
        all grace: expects: is 0 -> is 0 or 3\n\
        all grace: grace_days: 3 -> 30\n\
        all other: control: none -> MDM_Restrictions.SmartScreenEnabled is true\n\
        all most: exemption: none -> until 2027-06-30 for lab, approved by CISO: old apps\n";
    assert_eq!(text(&diff(&old, &new)), expected);
    let none = BaselineSet::from_texts(Vec::new(), NOW).unwrap();
    assert_eq!(
        text(&diff(&old, &none)),
        "all: baseline: 12 controls -> none\n"
    );
}

#[test]
fn an_exemption_for_some_groups_exempts_no_others() {
    let exempt = "[[exempt]]\ncontrol = \"bool\"\ngroup = [\"lab\"]\nuntil = 2027-06-30\nreason = \"r\"\napproved_by = \"a\"\n";
    let set = set_of(&format!("{BASELINE}{exempt}"));
    let (baseline, control) = cases::find(&set, None, "bool").unwrap();
    let state = |group: &str| {
        let device = Scenario {
            groups: vec![group.to_owned()],
            answers: vec![Value::Bool(false)],
            ..Scenario::new(NOW)
        };
        device.verdict(baseline, control).unwrap().state()
    };
    assert_eq!(state("lab"), ComplianceState::Exempt);
    assert_eq!(state("field"), ComplianceState::NotCompliant);
}

#[test]
fn an_explanation_says_where_a_control_is_read_and_what_it_makes_of_a_device() {
    let set = BaselineSet::builtin().unwrap();
    let of = |control: &str, modes: &[Mode]| {
        let (baseline, control) = cases::find(&set, None, control).unwrap();
        let modes = modes.to_vec();
        explain(
            baseline,
            control,
            &Scenario {
                modes,
                ..Scenario::new(NOW)
            },
        )
    };
    let user = of("password.compliant", &[Mode::Machine]);
    assert_eq!(user.read_in, ["Maintenance", "Apps"]);
    assert_eq!((user.state, user.reason), ("unknown", Some("needs_user")));
    let inventory = of("av.on", &[Mode::Machine]);
    assert_eq!(inventory.read_in, ["Machine", "Maintenance", "Apps"]);
    assert_eq!(
        (inventory.state, inventory.reason),
        ("unknown", Some("never_read"))
    );
    let fact = of("device.seen", &[Mode::Machine]);
    assert_eq!(
        (fact.read_in.len(), fact.state, fact.max_age_days),
        (0, "compliant", None)
    );
    let several = BASELINE.replace("id = \"all\"", "id = \"more\"");
    let files = vec![
        ("a.toml".to_owned(), BASELINE.to_owned()),
        ("b.toml".to_owned(), several),
    ];
    let two = BaselineSet::from_texts(files, NOW).unwrap();
    assert!(
        cases::find(&two, None, "bool")
            .unwrap_err()
            .contains("several")
    );
    assert_eq!(
        cases::find(&two, Some("more"), "bool").unwrap().0.id.0,
        "more"
    );
    assert!(
        cases::find(&two, Some("none"), "bool")
            .unwrap_err()
            .contains("all, more")
    );
}
