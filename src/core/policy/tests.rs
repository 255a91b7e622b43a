#![allow(clippy::unwrap_used)]

mod bounds;
mod diff;
mod effect;
mod matrix;
mod own;
mod random;
mod shipped;
mod tryout;

use proptest::prelude::*;

use super::*;
use crate::kind::Kind;
use matrix::usual_leaf;

fn builtin() -> PolicySet {
    PolicySet::builtin().unwrap()
}

fn verdict(set: &PolicySet, mode: Mode, login: Login, kind: Kind) -> Verdict {
    let leaves = [usual_leaf(kind)];
    let subject = Subject {
        family: Family::Windows81,
        groups: &[],
        app: None,
        leaves: &leaves,
    };
    set.decide(
        ContextSet::only(Context {
            mode,
            platform: Platform::WoA,
            login,
        }),
        &subject,
    )
    .verdict
}

#[test]
fn the_matrix_is_the_reviewed_one() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/policy-matrix.txt"
    );
    let matrix = matrix::matrix(&builtin());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &matrix).unwrap();
    }
    assert_eq!(
        matrix,
        std::fs::read_to_string(path).unwrap(),
        "review the difference, then UPDATE_GOLDEN=1"
    );
}

#[test]
fn a_folder_that_tries_to_widen_machine_changes_nothing() {
    let widening = "[[rule]]\nid = \"mine.everything\"\neffect = \"deliver\"\n".to_owned();
    let mut files = builtin().files().to_vec();
    files.push(("mine.toml".to_owned(), widening));
    let set = PolicySet::from_texts(files).unwrap();
    for kind in Kind::ALL {
        for login in Login::ALL {
            assert_eq!(
                verdict(&set, Mode::Machine, login, kind),
                verdict(&builtin(), Mode::Machine, login, kind),
                "{kind:?}"
            );
        }
    }
}

#[test]
fn every_fault_is_reported_at_once_with_its_place() {
    let text = "[[rule]]\nid = \"a\"\neffect = \"allow\"\nmode = [\"Night\"]\n\n[[rule]]\nid = \"a\"\neffect = \"deliver\"\nkind = []\ncolour = 1\n\n[[rule]]\neffect = 5\nclass = [\"Win32_Nothing\"]\n";
    let faults = PolicySet::from_texts(vec![("x.toml".to_owned(), text.to_owned())]).unwrap_err();
    let reported: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 8, "{reported:#?}");
    assert!(
        reported.iter().any(
            |fault| fault.starts_with("x.toml:3:10: expected one of deliver, withhold, refuse")
        ),
        "{reported:#?}"
    );
    assert!(
        reported
            .iter()
            .any(|fault| fault.starts_with("x.toml:4:9: expected one of Machine")),
        "{reported:#?}"
    );
    let broken = PolicySet::from_texts(vec![("y.toml".to_owned(), "[[rule]\nid = ".to_owned())])
        .unwrap_err();
    assert!(!broken.is_empty());
}

#[test]
fn an_app_is_plain_text_of_1_to_128_bytes() {
    let rule = |app: &str| {
        let text = format!("[[rule]]\nid = \"a\"\neffect = \"withhold\"\napp = [{app}]\n");
        PolicySet::from_texts(vec![("x.toml".to_owned(), text)])
    };
    let quoted = |bytes| format!("\"{}\"", "x".repeat(bytes));
    for app in [quoted(1), quoted(128), "\"App 1/\u{e9}\"".to_owned()] {
        assert!(rule(&app).is_ok(), "{app}");
    }
    for app in ["", "5", "\"\"", "\"a\\tb\"", &quoted(129)] {
        let faults = rule(app).unwrap_err();
        assert_eq!((faults.len(), faults[0].line), (1, 4), "{app}");
    }
}

#[test]
fn an_atomic_goes_only_if_every_child_may() {
    let leaves = [
        usual_leaf(Kind::Inventory),
        usual_leaf(Kind::WnsConfiguration),
    ];
    let subject = Subject {
        family: Family::Windows81,
        groups: &[],
        app: None,
        leaves: &leaves,
    };
    let only = |mode| {
        ContextSet::only(Context {
            mode,
            platform: Platform::WoA,
            login: Login::User,
        })
    };
    let decision = builtin().decide(only(Mode::Apps), &subject);
    assert_eq!(
        (decision.verdict, decision.modes),
        (Verdict::Withhold, vec![Mode::Maintenance])
    );
    assert_eq!(
        builtin().decide(only(Mode::Maintenance), &subject).verdict,
        Verdict::Deliver
    );
    let both = only(Mode::Maintenance).with(Context {
        mode: Mode::Machine,
        platform: Platform::WoA,
        login: Login::User,
    });
    assert_eq!(builtin().decide(both, &subject).verdict, Verdict::Withhold);
}

/// One rule of arbitrary attributes.
fn any_rule() -> impl Strategy<Value = String> {
    let subset = |names: Vec<&'static str>| {
        prop::option::of(prop::sample::subsequence(names.clone(), 1..=names.len()))
    };
    (
        prop::sample::select(vec!["deliver", "withhold", "refuse"]),
        subset(Mode::ALL.map(Mode::name).to_vec()),
        subset(Kind::ALL.map(Kind::name).to_vec()),
        subset(Family::ALL.map(Family::name).to_vec()),
        subset(Login::ALL.map(Login::name).to_vec()),
    )
        .prop_map(|(effect, mode, kind, family, login)| {
            let mut text = format!("effect = \"{effect}\"\n");
            for (key, list) in [
                ("mode", mode),
                ("kind", kind),
                ("family", family),
                ("login", login),
            ] {
                if let Some(list) = list {
                    text += &format!("{key} = {list:?}\n");
                }
            }
            text
        })
}

proptest! {
    #[test]
    fn no_set_of_rules_lets_more_than_three_kinds_go_in_machine(rules in prop::collection::vec(any_rule(), 0..12)) {
        let text: String = rules.iter().enumerate().map(|(n, rule)| format!("[[rule]]\nid = \"r{n}\"\n{rule}")).collect();
        let set = PolicySet::from_texts(vec![("r.toml".to_owned(), text)]).unwrap();
        for family in Family::ALL {
            for context in Context::all() {
                for kind in Kind::ALL {
                    let leaves = [usual_leaf(kind)];
                    let decision = set.decide(ContextSet::only(context), &Subject { family, groups: &[], app: None, leaves: &leaves });
                    prop_assert!(!decision.rules.is_empty());
                    prop_assert!(kind != Kind::Unclassified || decision.verdict == Verdict::Withhold);
                    if context.mode == Mode::Machine && decision.verdict == Verdict::Deliver {
                        prop_assert!(matches!(kind, Kind::Inventory | Kind::PasswordReset | Kind::Unenroll));
                    }
                }
            }
        }
    }
}
