//! The space that rules decide over, made small: of each attribute the values
//! that every rule treats alike are one class, and the rules that speak of a
//! class are a set of bits.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use super::rule::Rule;
use super::{PolicySet, RuleId, Verdict, floor};
use crate::context::{Context, Family, Mode};
use crate::kind::{Kind, Leaf};

/// A set of rules, by their rank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// What both hold; `None` if that is nothing.
    pub(super) fn and(&self, other: &Bits) -> Option<Bits> {
        let both: Vec<u64> = self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect();
        both.iter().any(|word| *word != 0).then_some(Bits(both))
    }

    /// The places that are set, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            (0..64)
                .filter(move |bit| word & (1 << bit) != 0)
                .map(move |bit| at * 64 + bit)
        })
    }
}

/// A set's rules by rank: refuse before withhold before deliver, and as their
/// files have them. Of the rules that match, the first one determines.
pub(super) struct Ranked<'a> {
    set: &'a PolicySet,
    /// Place in [`PolicySet::rules`], and the rule.
    rules: Vec<(usize, &'a Rule)>,
}

impl<'a> Ranked<'a> {
    pub(super) fn new(set: &'a PolicySet) -> Self {
        let mut rules: Vec<(usize, &Rule)> = set.rules().iter().enumerate().collect();
        rules.sort_by_key(|(_, rule)| Reverse(rule.effect));
        Ranked { set, rules }
    }

    /// The rule of that rank, with its place in the set.
    pub(super) fn at(&self, rank: usize) -> (usize, &'a Rule) {
        self.rules[rank]
    }

    /// The rules for which `test` holds.
    pub(super) fn bits(&self, test: impl Fn(&Rule) -> bool) -> Bits {
        let mut words = vec![0_u64; self.rules.len().div_ceil(64)];
        for (rank, (_, rule)) in self.rules.iter().enumerate() {
            if test(rule) {
                words[rank / 64] |= 1 << (rank % 64);
            }
        }
        Bits(words)
    }

    /// The rules that speak of a family in a context.
    pub(super) fn of_context(&self, family: Family, context: Context) -> Bits {
        self.bits(|rule| rule.matches_family(family) && rule.matches_context(context))
    }

    /// The rules that speak of a leaf.
    pub(super) fn of_leaf(&self, leaf: &Leaf) -> Bits {
        self.bits(|rule| rule.matches_leaf(leaf))
    }

    /// The rules that speak of a device in this one group; none: in no named one.
    pub(super) fn of_group(&self, group: &Option<String>) -> Bits {
        self.bits(|rule| rule.matches_groups(group.as_slice()))
    }

    /// The rules that speak of this app; none: of no app or one that none names.
    pub(super) fn of_app(&self, app: &Option<String>) -> Bits {
        self.bits(|rule| rule.matches_app(app.as_deref()))
    }

    /// What is decided, and the rule that determines it, where `matching` speak.
    pub(super) fn outcome(
        &self,
        held: Option<&'a RuleId>,
        matching: Option<&Bits>,
    ) -> (Verdict, &'a RuleId) {
        if let Some(floor) = held {
            return (Verdict::Withhold, floor);
        }
        match matching.and_then(|bits| bits.iter().next()) {
            None => (Verdict::Withhold, &self.set.default),
            Some(first) => {
                let (_, rule) = self.rules[first];
                (rule.effect, &rule.id)
            }
        }
    }
}

/// What the floor tells apart of a mode.
pub(super) fn is_machine(context: Context) -> bool {
    context.mode == Mode::Machine
}

/// What the floor tells apart of a kind: what Machine carries, what else is
/// known, what is not.
pub(super) fn floor_class(kind: Kind) -> u8 {
    match (kind, floor::allows(Mode::Machine, kind)) {
        (Kind::Unclassified, _) => 2,
        (_, true) => 0,
        (_, false) => 1,
    }
}

/// Each family in each context.
pub(super) fn contexts() -> impl Iterator<Item = (Family, Context)> {
    Family::ALL
        .into_iter()
        .flat_map(|family| Context::all().map(move |context| (family, context)))
}

/// The groups that rules of these sets name, and `None` for any other or none.
/// A device in several groups needs no point of its own: the rules that speak
/// of it are those that speak of one of its groups.
pub(super) fn groups(sets: &[&PolicySet]) -> Vec<Option<String>> {
    named(sets, |rule| rule.groups.as_deref())
}

/// The apps that rules of these sets name, and `None` for any other or none.
pub(super) fn apps(sets: &[&PolicySet]) -> Vec<Option<String>> {
    named(sets, |rule| rule.apps.as_deref())
}

fn named(sets: &[&PolicySet], of: fn(&Rule) -> Option<&[String]>) -> Vec<Option<String>> {
    let rules = sets.iter().flat_map(|set| set.rules());
    let mut names: Vec<Option<String>> = rules
        .flat_map(|rule| of(rule).unwrap_or_default())
        .map(|name| Some(name.clone()))
        .collect();
    names.sort();
    names.dedup();
    names.push(None);
    names
}

/// Classes, each with what its items have in common.
pub(super) type Classes<K, T> = Vec<(K, Vec<T>)>;

/// The items with equal keys together, each class with its key, in the order
/// in which they came.
pub(super) fn classes<K: Eq + Hash + Clone, T>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Classes<K, T> {
    let mut places: HashMap<K, usize> = HashMap::new();
    let mut classes: Classes<K, T> = Vec::new();
    for item in items {
        let key = key(&item);
        let place = *places.entry(key.clone()).or_insert_with(|| {
            classes.push((key, Vec::new()));
            classes.len() - 1
        });
        classes[place].1.push(item);
    }
    classes
}
