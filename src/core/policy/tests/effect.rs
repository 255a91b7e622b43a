//! Dead and shadowed rules, and classifications without effect.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::random::{APPS, any_classify, any_rules, contexts, groups, leaves, set_of};
use super::*;
use crate::policy::warning::{Warning, WarningKind, warnings};

fn found(text: &str) -> Vec<(WarningKind, String, usize, Vec<String>)> {
    let told = |warning: Warning| {
        let rule = warning.rule.map_or(String::new(), |id| id.to_string());
        (warning.kind, rule, warning.line, warning.by)
    };
    warnings(&set_of(text)).into_iter().map(told).collect()
}

fn by(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn rules_without_effect_are_told_with_what_wins_over_them() {
    let cases: [(&str, &str, WarningKind, &[&str]); 7] = [
        (
            "no Get locks",
            "effect = \"deliver\"\nkind = [\"lock\"]\nverb = [\"Get\"]\n",
            WarningKind::DeadRule,
            &[],
        ),
        (
            "no class restricts and installs",
            "effect = \"withhold\"\nkind = [\"app_install\"]\nclass = [\"MDM_Restrictions\"]\n",
            WarningKind::DeadRule,
            &[],
        ),
        (
            "a wider one stands before it",
            "effect = \"deliver\"\nmode = [\"Apps\"]\nkind = [\"inventory\"]\n",
            WarningKind::ShadowedRule,
            &["first", "kiosk"],
        ),
        (
            "withhold beats it",
            "effect = \"deliver\"\nkind = [\"lock\"]\n",
            WarningKind::ShadowedRule,
            &["floor.machine", "kiosk", "lock"],
        ),
        (
            "refuse beats both",
            "effect = \"withhold\"\ngroup = [\"kiosk\"]\nmode = [\"Apps\"]\n",
            WarningKind::ShadowedRule,
            &["floor.unclassified", "kiosk"],
        ),
        (
            "Machine is closed",
            "effect = \"deliver\"\nmode = [\"Machine\"]\nkind = [\"setting\"]\n",
            WarningKind::ShadowedRule,
            &["floor.machine"],
        ),
        (
            "what is unknown never goes",
            "effect = \"deliver\"\nkind = [\"unclassified\"]\n",
            WarningKind::ShadowedRule,
            &["floor.unclassified"],
        ),
    ];
    let before = "[[rule]]\nid = \"first\"\neffect = \"deliver\"\nkind = [\"inventory\"]\n\n\
        [[rule]]\nid = \"lock\"\neffect = \"withhold\"\nkind = [\"lock\"]\n\n\
        [[rule]]\nid = \"kiosk\"\neffect = \"refuse\"\ngroup = [\"kiosk\"]\n\n";
    for (name, rule, kind, over) in cases {
        let found = found(&format!("{before}[[rule]]\nid = \"last\"\n{rule}"));
        let over = by(over);
        assert_eq!(found, [(kind, "last".to_owned(), 16, over)], "{name}");
    }
}

#[test]
fn a_rule_that_says_more_than_the_floor_lets_is_told() {
    let text = "[[rule]]\nid = \"a\"\neffect = \"deliver\"\nmode = [\"Machine\", \"Apps\"]\nkind = [\"lock\"]\n";
    let expected = (
        WarningKind::FloorHolds,
        "a".to_owned(),
        1,
        by(&["floor.machine"]),
    );
    assert_eq!(found(text), [expected]);
}

#[test]
fn classifications_without_effect_are_told() {
    let text = "[[classify]]\nloc_uri = \"./DevInfo/*\"\nverb = [\"Get\"]\nkind = \"user_read\"\n\
        [[classify]]\nloc_uri = \"./Vendor/Mine/*\"\nverb = [\"Add\"]\nkind = \"setting\"\n\
        [[classify]]\nloc_uri = \"./Vendor/Mine/Thing\"\nverb = [\"Add\"]\nkind = \"app_install\"\n";
    assert_eq!(
        found(text),
        [
            (WarningKind::KnownAlready, String::new(), 1, by(&[])),
            (
                WarningKind::ShadowedClassify,
                String::new(),
                9,
                by(&["x.toml:5"])
            ),
        ]
    );
}

#[test]
fn the_shipped_set_is_without_warnings_and_checked_in_no_time() {
    let begun = Instant::now();
    assert_eq!(warnings(&builtin()), []);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

/// Looks at what both sets decide on one leaf, for all that either can tell
/// apart, until `stop`; everything that a decision says follows from these.
fn somewhere(
    sets: [&PolicySet; 2],
    stop: impl Fn((Verdict, &RuleId), (Verdict, &RuleId)) -> bool,
) -> bool {
    let (leaves, groups, contexts) = (leaves(sets[0]), groups(), contexts());
    leaves.iter().any(|leaf| {
        groups.iter().any(|groups| {
            APPS.iter().any(|&app| {
                contexts.iter().any(|&(family, context)| {
                    let subject = Subject {
                        family,
                        groups,
                        app,
                        leaves: &[*leaf],
                    };
                    stop(
                        sets[0].decide_leaf(context, &subject, leaf),
                        sets[1].decide_leaf(context, &subject, leaf),
                    )
                })
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_without_effect_changes_nothing_and_the_rest_does(
        rules in any_rules(8),
        own in prop::collection::vec(any_classify(), 0..3),
        pick in any::<prop::sample::Index>(),
    ) {
        let text = |rules: &[&String]| -> String {
            rules.iter().map(|rule| rule.as_str()).chain(own.iter().map(String::as_str)).collect()
        };
        let whole = set_of(&text(&rules.iter().collect::<Vec<_>>()));
        let idle: Vec<String> = warnings(&whole)
            .into_iter()
            .filter(|warning| matches!(warning.kind, WarningKind::DeadRule | WarningKind::ShadowedRule))
            .filter_map(|warning| warning.rule.map(|id| id.to_string()))
            .collect();
        for (rule, id) in rules.iter().zip(whole.rules().iter().map(|rule| &rule.id)) {
            prop_assert_eq!(!idle.contains(&id.to_string()), somewhere([&whole, &whole], |by, _| by.1 == id), "{}", rule);
        }
        if !idle.is_empty() {
            let without = |ids: &[&String]| {
                let kept = rules.iter().enumerate().filter(|(n, _)| !ids.contains(&&format!("r{n}")));
                set_of(&text(&kept.map(|(_, rule)| rule).collect::<Vec<_>>()))
            };
            let differs = |one: (Verdict, &RuleId), two: (Verdict, &RuleId)| one != two;
            prop_assert!(!somewhere([&whole, &without(&[pick.get(&idle)])], differs));
            prop_assert!(!somewhere([&whole, &without(&idle.iter().collect::<Vec<_>>())], differs));
        }
    }
}
