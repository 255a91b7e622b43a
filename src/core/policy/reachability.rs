//! What becomes of each rule of a set: whether it decides anywhere, found by
//! going through the whole space.

use std::collections::HashSet;

use super::space::{self, Bits, Classes, Ranked, classes, floor_class, is_machine};
use super::{PolicySet, RuleId};

/// What becomes of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RuleReachability {
    /// It determines the decision on something.
    Decides,
    /// It matches nothing that can occur.
    Dead,
    /// It matches, but others determine every decision there: these.
    Shadowed(Vec<RuleId>),
}

/// What becomes of each rule, in the order of [`PolicySet::rules`].
///
/// Exact: taking away what does not decide changes no decision, nor the rules
/// that it names, for any device, command and context.
pub(super) fn reachability(set: &PolicySet) -> Vec<RuleReachability> {
    let ranked = Ranked::new(set);
    let mut found = vec![RuleReachability::Dead; set.rules().len()];
    let groups = classes(space::groups(&[set]), |group| ranked.of_group(group));
    let apps = classes(space::apps(&[set]), |app| ranked.of_app(app));
    let contexts = classes(space::contexts(), |&(family, context)| {
        (ranked.of_context(family, context), is_machine(context))
    });
    let leaves = classes(set.leaves(), |leaf| {
        (ranked.of_leaf(leaf), floor_class(leaf.kind))
    });
    for ((of_context, _), members) in &contexts {
        for ((of_leaf, _), leaves) in &leaves {
            let held = set.held(members[0].1.mode, leaves[0].kind);
            for matching in narrowed(of_context.and(of_leaf), &groups, &apps) {
                note(&ranked, held, &matching, &mut found);
            }
        }
    }
    for one in &mut found {
        if let RuleReachability::Shadowed(by) = one {
            by.sort();
        }
    }
    found
}

/// What is left of `bits` for any group and app, where that is anything; each
/// once, since most groups and apps are alike to the rules that speak here.
fn narrowed(
    bits: Option<Bits>,
    groups: &Classes<Bits, Option<String>>,
    apps: &Classes<Bits, Option<String>>,
) -> HashSet<Bits> {
    let grouped: HashSet<Bits> = bits
        .iter()
        .flat_map(|bits| groups.iter().filter_map(|(group, _)| bits.and(group)))
        .collect();
    grouped
        .iter()
        .flat_map(|bits| apps.iter().filter_map(|(app, _)| bits.and(app)))
        .collect()
}

/// Takes in one point: who decides it, and over whom.
fn note(
    ranked: &Ranked<'_>,
    held: Option<&RuleId>,
    matching: &Bits,
    found: &mut [RuleReachability],
) {
    let (_, by) = ranked.outcome(held, Some(matching));
    for rank in matching.iter() {
        let (place, rule) = ranked.at(rank);
        let one = &mut found[place];
        match one {
            RuleReachability::Decides => {}
            _ if rule.id == *by => *one = RuleReachability::Decides,
            RuleReachability::Dead => *one = RuleReachability::Shadowed(vec![by.clone()]),
            RuleReachability::Shadowed(over) if !over.contains(by) => over.push(by.clone()),
            RuleReachability::Shadowed(_) => {}
        }
    }
}
