//! The difference of two policy sets.

use proptest::prelude::*;

use super::random::{APPS, OWN, any_classify, any_rules, contexts, leaves, set_of};
use super::*;
use crate::classify::{class_from_name, class_name};
use crate::loc_uri::LocUri;
use crate::policy::diff::{CellDiff, CommandScope, diff, text};
use modegate_wire::message::Verb;

/// The shipped set and these rules.
fn with(rules: &str) -> PolicySet {
    let mut files = builtin().files().to_vec();
    files.push(("mine.toml".to_owned(), rules.to_owned()));
    PolicySet::from_texts(files).unwrap()
}

fn told(old: &PolicySet, new: &PolicySet) -> Vec<String> {
    let text = text(&diff(old, new));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_set_does_not_differ_from_itself() {
    assert_eq!(diff(&builtin(), &builtin()), []);
    assert_eq!(
        told(&builtin(), &builtin()),
        ["both decide everything alike"]
    );
}

#[test]
fn groups_apps_and_classes_that_rules_name_are_told() {
    let kiosk = with(
        "[[rule]]\nid = \"kiosk\"\neffect = \"refuse\"\nfamily = [\"windows81\"]\nmode = [\"Apps\"]\nplatform = [\"WoA\"]\nlogin = [\"user\"]\n\
         group = [\"kiosk\"]\napp = [\"game\", \"chat\"]\nkind = [\"app_install\"]\n\
         [[rule]]\nid = \"radio\"\neffect = \"withhold\"\nfamily = [\"windows10\"]\nmode = [\"Maintenance\"]\nplatform = [\"WoA\"]\nlogin = [\"user\"]\n\
         kind = [\"setting\"]\nclass = [\"MDM_Restrictions\"]\nverb = [\"Replace\"]\n",
    );
    assert_eq!(
        told(&builtin(), &kiosk),
        [
            "decided otherwise:",
            "  deliver (10.with-the-user) -> withhold (radio)",
            "    windows10; Maintenance; platform WoA; login user: setting (Replace) of MDM_Restrictions",
            "  deliver (81.app-install) -> refuse (kiosk)",
            "    windows81; Apps; platform WoA; login user; group kiosk; app chat or game: app_install",
        ]
    );
}

#[test]
fn a_rule_by_another_name_is_told_apart_from_a_change() {
    let one = set_of("[[rule]]\nid = \"a\"\neffect = \"deliver\"\nkind = [\"unenroll\"]\n");
    let two = set_of("[[rule]]\nid = \"b\"\neffect = \"deliver\"\nkind = [\"unenroll\"]\n");
    assert_eq!(
        told(&one, &two),
        [
            "decided alike, by another rule:",
            "  deliver (a) -> deliver (b)",
            "    windows81, windows_phone81, windows10; Machine, Maintenance, Apps, Unspecified: unenroll",
        ]
    );
}

#[test]
fn what_only_one_set_classifies_is_told_by_its_path() {
    let own = with(
        "[[classify]]\nloc_uri = \"./Vendor/MSFT/Wipe/*\"\nverb = [\"Exec\"]\nkind = \"lock\"\n",
    );
    let told = told(&builtin(), &own).join("\n");
    let scope = "Exec ./vendor/msft/wipe/* (unclassified -> lock)";
    for line in [
        "  withhold (floor.unclassified) -> deliver (81.with-the-user)",
        "  withhold (floor.unclassified) -> withhold (floor.machine)",
        &format!("    windows81; Maintenance, Apps; login none: {scope}"),
        &format!("    windows10; Maintenance, Apps; login none: {scope}"),
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn as_json_a_cell_is_spelled_as_policy_files_spell_it() {
    let narrow = with(
        "[[rule]]\nid = \"n\"\neffect = \"withhold\"\nfamily = [\"windows81\"]\nmode = [\"Apps\"]\nplatform = [\"WoA\"]\nlogin = [\"absent\"]\ngroup = [\"g\"]\nverb = [\"Get\"]\nclass = [\"MDM_Client\"]\n",
    );
    assert_eq!(
        serde_json::to_value(diff(&builtin(), &narrow)).unwrap(),
        serde_json::json!([{
            "families": ["windows81"],
            "modes": ["Apps"],
            "platforms": ["WoA"],
            "logins": ["absent"],
            "matters": [{"kind": "inventory", "verbs": [], "classes": ["MDM_Client"]}],
            "groups": ["g"],
            "apps": [],
            "was": {"verdict": "deliver", "rule": "81.inventory"},
            "now": {"verdict": "withhold", "rule": "n"},
        }])
    );
}

/// The name, if a rule of these sets has it: what none names is `None` in a diff.
fn named<'a>(
    sets: [&PolicySet; 2],
    of: fn(&rule::Rule) -> &Option<Vec<String>>,
    name: Option<&'a str>,
) -> Option<&'a str> {
    let mut rules = sets.into_iter().flat_map(PolicySet::rules);
    name.filter(|name| rules.any(|rule| of(rule).iter().flatten().any(|one| one == name)))
}

/// Whether a cell of a diff speaks of this point.
fn covers(
    cell: &CellDiff,
    (family, context): (Family, Context),
    group: Option<&str>,
    app: Option<&str>,
    (old, new): (Leaf, Leaf),
) -> bool {
    let among = |names: &[Option<String>], name: Option<&str>| {
        names.is_empty() || names.iter().any(|one| one.as_deref() == name)
    };
    let speaks = |scope: &CommandScope| match scope {
        CommandScope::Kind {
            kind,
            verbs,
            classes,
        } => {
            old == new
                && *kind == new.kind
                && (verbs.is_empty() || verbs.contains(&new.verb))
                && (classes.is_empty() || classes.contains(&new.class))
        }
        CommandScope::Node {
            loc_uri,
            verb,
            was,
            now,
        } => {
            // Nodes of two classes may be of the same kinds and yet of different rules.
            let of_class = loc_uri
                .strip_prefix("./cimv2/")
                .and_then(|rest| rest.split_whitespace().next())
                .filter(|name| class_from_name(name).is_some());
            old != new
                && (*verb, *was, *now) == (new.verb, old.kind, new.kind)
                && of_class == class_name(new.class)
        }
    };
    cell.families.contains(&family)
        && cell.modes.contains(&context.mode)
        && cell.platforms.contains(&context.platform)
        && cell.logins.contains(&context.login)
        && among(&cell.groups, group)
        && among(&cell.apps, app)
        && cell.scopes.iter().any(speaks)
}

/// Leaves that one node can have in both sets.
fn pairs(old: &PolicySet, new: &PolicySet) -> Vec<(Leaf, Leaf)> {
    let both = leaves(new);
    let table = crate::classify::leaves([]);
    let mut pairs: Vec<(Leaf, Leaf)> = both
        .into_iter()
        .filter(|leaf| table.contains(leaf))
        .map(|leaf| (leaf, leaf))
        .collect();
    for loc_uri in OWN {
        for verb in Verb::ALL {
            let loc_uri = LocUri::from(loc_uri.replace('*', "any"));
            let pair = (old.classify(verb, &loc_uri), new.classify(verb, &loc_uri));
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_diff_lists_exactly_the_cells_that_are_decided_differently(
        old in any_rules(5),
        new in any_rules(5),
        common in 0..5_usize,
        own in prop::collection::vec(any_classify(), 0..3),
        other in prop::collection::vec(any_classify(), 0..3),
    ) {
        // The second set begins with rules of the first, as an edited one does.
        let kept = old.iter().take(common).chain(new.iter().skip(common));
        let new: String = kept.chain(&other).map(String::as_str).collect();
        let old: String = old.iter().chain(&own).map(String::as_str).collect();
        let (old, new) = (set_of(&old), set_of(&new));
        prop_assert_eq!(diff(&old, &old), vec![]);
        let cells = diff(&old, &new);
        for leaves in pairs(&old, &new) {
            for group in [Some("a"), Some("b"), Some("z"), None] {
                let groups: Vec<String> = group.iter().map(|name| (*name).to_owned()).collect();
                let group = named([&old, &new], |rule| &rule.groups, group);
                for app in APPS {
                    let app = named([&old, &new], |rule| &rule.apps, app);
                    for (family, context) in contexts() {
                        let decide = |set: &PolicySet, leaf: Leaf| {
                            let subject = Subject { family, groups: &groups, app, leaves: &[leaf] };
                            let (verdict, rule) = set.decide_leaf(context, &subject, &leaf);
                            (verdict, rule.clone())
                        };
                        let (was, now) = (decide(&old, leaves.0), decide(&new, leaves.1));
                        let told: Vec<&CellDiff> = cells
                            .iter()
                            .filter(|cell| covers(cell, (family, context), group, app, leaves))
                            .collect();
                        let place = || format!(
                            "{family:?} {context:?} {group:?} {app:?} {leaves:?} {:?}",
                            class_name(leaves.1.class)
                        );
                        if was == now {
                            prop_assert!(told.is_empty(), "{}", place());
                            continue;
                        }
                        prop_assert!(!told.is_empty(), "{}", place());
                        prop_assert!(told.len() == 1 || leaves.0 != leaves.1, "{}", place());
                        for cell in told {
                            prop_assert_eq!((cell.was.verdict, &cell.was.rule), (was.0, &was.1));
                            prop_assert_eq!((cell.now.verdict, &cell.now.rule), (now.0, &now.1));
                        }
                    }
                }
            }
        }
    }
}
