//! What the commands of a cell do, in short.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::classify::{Pair, class_name};
use crate::kind::{Class, Kind, Leaf};
use crate::policy::space::classes;
use modegate_wire::message::Verb;

/// Commands that a cell speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CommandScope {
    /// Commands that both sets classify alike.
    Kind {
        /// Their kind.
        kind: Kind,
        /// Their verbs. Empty: every verb of the kind (and classes).
        verbs: Vec<Verb>,
        /// Their classes. Empty: every class of the kind (and verbs).
        #[serde(serialize_with = "class_names")]
        classes: Vec<Class>,
    },
    /// Commands that only one set classifies, or the sets differently.
    Node {
        /// What they address, as `[[classify]]` spells it.
        loc_uri: String,
        /// Their verb.
        verb: Verb,
        /// Their kind by the first set.
        was: Kind,
        /// Their kind by the second set.
        now: Kind,
    },
}

/// `here` in few words; `everything` is what there is.
pub(super) fn scopes(here: &[&Pair], everything: &[&Pair]) -> Vec<CommandScope> {
    let leaves = |pairs: &[&Pair]| -> Vec<Leaf> {
        let alike = pairs.iter().filter(|pair| pair.old == pair.new);
        alike.map(|pair| pair.new).collect()
    };
    let (mine, all) = (leaves(here), leaves(everything));
    let mut scopes = Vec::new();
    for kind in Kind::ALL {
        let of = |leaves: &[Leaf]| -> Vec<Leaf> {
            let of = leaves.iter().filter(|leaf| leaf.kind == kind);
            of.copied().collect()
        };
        let mine = of(&mine);
        if !mine.is_empty() {
            scopes.extend(of_kind(kind, &mine, &of(&all)));
        }
    }
    let apart = here.iter().filter(|pair| pair.old != pair.new);
    scopes.extend(apart.map(|pair| CommandScope::Node {
        loc_uri: pair.of.clone(),
        verb: pair.new.verb,
        was: pair.old.kind,
        now: pair.new.kind,
    }));
    scopes
}

/// Some leaves of one kind; `all` is every leaf of it.
fn of_kind(kind: Kind, mine: &[Leaf], all: &[Leaf]) -> Vec<CommandScope> {
    let one = |verbs, classes| {
        vec![CommandScope::Kind {
            kind,
            verbs,
            classes,
        }]
    };
    let is_mine = |holds: &dyn Fn(&Leaf) -> bool| {
        let there = all.iter().filter(|leaf| holds(leaf)).count();
        there == mine.len() && mine.iter().all(holds)
    };
    if mine.len() == all.len() {
        return one(Vec::new(), Vec::new());
    }
    let (verbs, named) = (
        distinct(mine, |leaf| leaf.verb),
        distinct(mine, |leaf| leaf.class),
    );
    if is_mine(&|leaf| named.contains(&leaf.class)) {
        return one(Vec::new(), named);
    }
    if is_mine(&|leaf| verbs.contains(&leaf.verb)) {
        return one(verbs, Vec::new());
    }
    let rows = classes(verbs, |&verb| {
        let of_verb = |leaves: &[Leaf]| -> Vec<Class> {
            let of_verb = leaves.iter().filter(|leaf| leaf.verb == verb);
            of_verb.map(|leaf| leaf.class).collect()
        };
        let (mine, all) = (of_verb(mine), of_verb(all));
        (mine.len() < all.len()).then_some(mine)
    });
    rows.into_iter()
        .flat_map(|(classes, verbs)| one(verbs, classes.unwrap_or_default()))
        .collect()
}

fn distinct<T: Ord>(leaves: &[Leaf], of: fn(&Leaf) -> T) -> Vec<T> {
    let mut values: Vec<T> = leaves.iter().map(of).collect();
    values.sort();
    values.dedup();
    values
}

impl fmt::Display for CommandScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandScope::Kind {
                kind,
                verbs,
                classes,
            } => {
                f.write_str(kind.name())?;
                if !verbs.is_empty() {
                    let verbs: Vec<&str> = verbs.iter().map(|verb| verb.name()).collect();
                    write!(f, " ({})", verbs.join(", "))?;
                }
                if !classes.is_empty() {
                    let classes: Vec<&str> = classes.iter().map(|&class| name(class)).collect();
                    write!(f, " of {}", classes.join(" or "))?;
                }
                Ok(())
            }
            CommandScope::Node {
                loc_uri,
                verb,
                was,
                now,
            } => write!(
                f,
                "{} {loc_uri} ({} -> {})",
                verb.name(),
                was.name(),
                now.name()
            ),
        }
    }
}

/// A class's name; `other` for what belongs to no class of the table.
fn name(class: Class) -> &'static str {
    class_name(class).unwrap_or("other")
}

fn class_names<S: Serializer>(classes: &[Class], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(classes.iter().map(|&class| name(class)))
}
