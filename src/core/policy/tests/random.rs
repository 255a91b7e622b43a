//! Arbitrary policy sets, and every cell that they can tell apart.

use std::collections::HashSet;

use proptest::prelude::*;

use crate::context::{Context, Family, Login, Mode, Platform};
use crate::kind::{Kind, Leaf};
use crate::policy::PolicySet;
use modegate_wire::message::Verb;

/// The classes that arbitrary rules name.
pub(super) const CLASSES: [&str; 3] = ["MDM_Client", "MDM_Restrictions", "MDM_AppInstallJob"];

/// LocURIs that the table does not know, or knows for some verbs only.
pub(super) const OWN: [&str; 7] = [
    "./Vendor/MSFT/Mine",
    "./Vendor/MSFT/Mine/*",
    "./Vendor/*/Mine/Wiped",
    "./Vendor/MSFT/Mine/Wiped",
    "./DevInfo/*",
    "./cimv2/MDM_Client",
    "./cimv2/Vendor_Thing",
];

pub(super) fn set_of(text: &str) -> PolicySet {
    match PolicySet::from_texts(vec![("x.toml".to_owned(), text.to_owned())]) {
        Ok(set) => set,
        Err(faults) => panic!("{faults:?}\n{text}"),
    }
}

/// One rule without its id, matching on anything that a rule can match on.
fn any_rule() -> impl Strategy<Value = String> {
    let some = |key: &'static str, names: Vec<&'static str>| {
        prop::option::weighted(
            0.35,
            prop::sample::subsequence(names.clone(), 1..=names.len()),
        )
        .prop_map(move |list| list.map_or(String::new(), |list| format!("{key} = {list:?}\n")))
    };
    (
        prop::sample::select(vec!["deliver", "deliver", "withhold", "refuse"]),
        some("mode", Mode::ALL.map(Mode::name).to_vec()),
        some("platform", Platform::ALL.map(Platform::name).to_vec()),
        some("login", Login::ALL.map(Login::name).to_vec()),
        some("family", Family::ALL.map(Family::name).to_vec()),
        some("kind", Kind::ALL.map(Kind::name).to_vec()),
        some("verb", Verb::ALL.map(Verb::name).to_vec()),
        some("class", CLASSES.to_vec()),
        some("group", vec!["a", "b"]),
        some("app", vec!["x", "y"]),
    )
        .prop_map(|(effect, a, b, c, d, e, f, g, h, i)| {
            format!("effect = \"{effect}\"\n{a}{b}{c}{d}{e}{f}{g}{h}{i}")
        })
}

/// A set's rules as tables; ids by their place.
pub(super) fn any_rules(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any_rule(), 0..=most).prop_map(|rules| {
        let tables = rules
            .iter()
            .enumerate()
            .map(|(n, rule)| format!("[[rule]]\nid = \"r{n}\"\n{rule}"));
        tables.collect()
    })
}

/// One `[[classify]]` table.
pub(super) fn any_classify() -> impl Strategy<Value = String> {
    let verbs = ["Add", "Replace", "Delete", "Get"].to_vec();
    let kinds: Vec<&str> = Kind::ALL.map(Kind::name)[3..14].to_vec();
    (
        prop::sample::select(OWN.to_vec()),
        prop::sample::subsequence(verbs, 1..=4),
        prop::sample::select(kinds),
    )
        .prop_map(|(loc_uri, verbs, kind)| {
            format!("[[classify]]\nloc_uri = {loc_uri:?}\nverb = {verbs:?}\nkind = {kind:?}\n")
        })
}

/// A leaf of every sort that arbitrary rules can tell apart: of the classes
/// that none names one stands for all.
pub(super) fn leaves(set: &PolicySet) -> Vec<Leaf> {
    let named = CLASSES.map(crate::classify::class_from_name);
    let mut seen = HashSet::new();
    let mut leaves = set.leaves();
    leaves.retain(|leaf| {
        let class = named.contains(&Some(leaf.class)).then_some(leaf.class);
        seen.insert((leaf.verb, leaf.kind, class))
    });
    leaves
}

/// Each family in each context.
pub(super) fn contexts() -> Vec<(Family, Context)> {
    let of = |family| Context::all().map(move |context| (family, context));
    Family::ALL.into_iter().flat_map(of).collect()
}

/// Device groups: those that rules name, alone and together, and another.
pub(super) fn groups() -> [Vec<String>; 4] {
    [&["a"][..], &["b"], &["z"], &["a", "b"]]
        .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
}

/// Apps: those that rules name, another, and none.
pub(super) const APPS: [Option<&str>; 4] = [Some("x"), Some("y"), Some("z"), None];
