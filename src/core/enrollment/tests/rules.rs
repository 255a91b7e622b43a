use super::builtin;
use crate::context::Family;
use crate::enrollment::rules::cases::check;
use crate::enrollment::rules::{Admission, Applicant, Denial, EnrollmentRules};

fn load(text: &str) -> Result<EnrollmentRules, Vec<String>> {
    let files = vec![("a.toml".to_owned(), text.to_owned())];
    EnrollmentRules::from_texts(files)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn anna(admission: Admission) -> Applicant {
    Applicant {
        user: "Anna@Contoso.com".into(),
        claimed_groups: vec!["staff".into()],
        family: Family::Windows81,
        admission,
        devices: 0,
    }
}

#[test]
fn the_shipped_rules_load_and_do_what_their_cases_say() {
    let text = include_str!("../../../../policies/enrollment/cases/default.toml");
    let cases = [("default.toml".to_owned(), text.to_owned())];
    let report = check(EnrollmentRules::builtin_texts(), &cases);
    assert!(report.ok && report.cases == 5, "{report:?}");
    assert_eq!(builtin().count(), 1);
    let wrong = text.replacen("expect = \"allow\"", "expect = \"deny\"", 1);
    let cases = [("default.toml".to_owned(), wrong)];
    let report = check(EnrollmentRules::builtin_texts(), &cases);
    assert!(!report.ok);
    assert!(report.failed_cases[0].contains("expected deny, found allow"));
}

#[test]
fn without_a_rule_only_a_token_of_an_operator_is_enough() {
    let rules = EnrollmentRules::from_texts(Vec::new()).unwrap();
    let found = rules.decide(&anna(Admission::Token));
    assert_eq!(found.rule, None);
    assert_eq!(found.outcome.unwrap().certificate_days, 365);
    for admission in [Admission::SignIn, Admission::Password] {
        let found = rules.decide(&anna(admission));
        assert_eq!(found.outcome, Err(Denial::NoRule));
    }
    let devices = Applicant {
        devices: 5,
        ..anna(Admission::Token)
    };
    assert_eq!(rules.decide(&devices).outcome, Err(Denial::DeviceCap));
}

#[test]
fn the_first_rule_that_fits_decides_and_caps_a_token_too() {
    let rules = load(
        r#"
        [[rule]]
        id = "not-mallory"
        effect = "deny"
        user = ["mallory"]

        [[rule]]
        id = "no-phones"
        effect = "deny"
        family = ["windows_phone81"]

        [[rule]]
        id = "staff"
        effect = "allow"
        user = ["@contoso.com"]
        claimed_group = ["staff", "admins"]
        proof = ["sign_in"]
        groups = ["tablets"]
        devices = 2
        certificate_days = 90
        renewal_days = 42
        takes_up_record = true

        [[rule]]
        id = "one"
        effect = "allow"
        user = ["anna@contoso.com"]
        devices = 1
        "#,
    )
    .unwrap();
    let rule = |applicant: &Applicant| rules.decide(applicant).rule;
    let found = rules.decide(&anna(Admission::SignIn));
    let grant = found.outcome.unwrap();
    assert_eq!(
        (found.rule.as_deref(), &*grant.groups[0]),
        (Some("staff"), "tablets")
    );
    assert_eq!(
        (grant.devices, grant.certificate_days, grant.renewal_days),
        (2, 90, 42)
    );
    assert!(grant.takes_up_record);
    let many = Applicant {
        devices: 2,
        ..anna(Admission::SignIn)
    };
    assert_eq!(rules.decide(&many).outcome, Err(Denial::DeviceCap));
    assert_eq!(rule(&anna(Admission::Token)).as_deref(), Some("one"));
    let none = Applicant {
        claimed_groups: Vec::new(),
        ..anna(Admission::SignIn)
    };
    assert_eq!(rule(&none).as_deref(), Some("one"));
    let phone = Applicant {
        family: Family::WindowsPhone81,
        ..anna(Admission::Token)
    };
    assert_eq!(rules.decide(&phone).outcome, Err(Denial::Rule));
    let named = |user: &str| Applicant {
        user: user.into(),
        ..anna(Admission::SignIn)
    };
    assert_eq!(rules.decide(&named("Mallory")).outcome, Err(Denial::Rule));
    for user in [
        "anna",
        "contoso\\anna",
        "anna@evil-contoso.com",
        "@contoso.com",
        "x\\anna@contoso.com",
    ] {
        assert_eq!(
            rules.decide(&named(user)).outcome,
            Err(Denial::NoRule),
            "{user}"
        );
    }
    let explained = rules.explain(&anna(Admission::Token));
    let last = explained.last().unwrap();
    assert_eq!(
        (explained.len(), &*last.rule, last.mismatch),
        (4, "one", None)
    );
    assert!(explained[2].mismatch.unwrap().contains("proof"));
}

#[test]
fn every_fault_is_reported_with_its_place() {
    for (text, expected) in [
        (
            "[[rule]]\nid = \"a\"\n",
            "a.toml:1:1: expected the key 'effect'",
        ),
        ("[[rule]]\neffect = \"allow\"\n", "the key 'id'"),
        (
            "[[rule]]\nid = \"a b\"\neffect = \"allow\"\n",
            "a.toml:2:6: expected 1 to 64 letters",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"maybe\"\n",
            "a.toml:3:10: expected one of allow, deny",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nx = 1\n",
            "found the key 'x'",
        ),
        (
            "[[rules]]\nid = \"a\"\n",
            "expected [[rule]], found the key 'rules'",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"deny\"\ndevices = 1\n",
            "no 'devices' in a rule that denies",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nuser = [\"*@x\"]\n",
            "a user's name, or '@' and a domain",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nuser = [\"@\"]\n",
            "a user's name, or '@' and a domain",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nuser = []\n",
            "at least one value for 'user'",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nfamily = [\"vista\"]\n",
            "one of windows81",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nproof = [\"luck\"]\n",
            "one of token, sign_in, password",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\nrenewal_days = 41\n",
            "from 42 to 60 for 'renewal_days', found 41",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\ndevices = 0\n",
            "from 1 to 1000 for 'devices', found 0",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\ncertificate_days = 826\n",
            "from 1 to 825",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\ncertificate_days = 50\n",
            "more than the 50 of renewal_days",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"allow\"\non_premises = \"yes\"\n",
            "true or false for 'on_premises'",
        ),
        (
            "[[rule]]\nid = \"a\"\neffect = \"deny\"\n[[rule]]\nid = \"a\"\neffect = \"deny\"\n",
            "which a.toml:2 defines too",
        ),
        ("rule = 1\n", "tables [[rule]]"),
        ("[[rule]\n", "expected TOML"),
    ] {
        let faults = load(text).unwrap_err();
        let is_told = faults.iter().any(|fault| fault.contains(expected));
        assert!(is_told, "{expected}: {faults:?}");
    }
    let three = load("[[rule]]\nid = 1\neffect = 2\nuser = 3\n").unwrap_err();
    assert_eq!(three.len(), 3, "{three:?}");
}
