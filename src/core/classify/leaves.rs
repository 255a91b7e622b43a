//! Every leaf that the classification can yield: found by classifying a LocURI
//! of each shape that it tells apart.

use std::collections::{BTreeSet, HashSet};

use super::custom_class::{CustomClass, class_shapes, member_shape, tree_shape};
use super::{classify, classify_with, entries};
use crate::kind::{Kind, Leaf};
use crate::loc_uri::{LocUri, Member, Node, WILDCARD};
use crate::wmi;
use modegate_wire::message::Verb;

/// Every (verb, kind, class) that the table and `own` can yield, each once,
/// in the order of [`Leaf`].
pub(crate) fn leaves<'a>(own: impl IntoIterator<Item = &'a CustomClass> + Clone) -> Vec<Leaf> {
    let mut shapes = table_shapes();
    shapes.extend(
        own.clone()
            .into_iter()
            .flat_map(CustomClass::shapes)
            .cloned(),
    );
    let mut leaves = BTreeSet::new();
    for loc_uri in &shapes {
        for verb in Verb::ALL {
            leaves.insert(classify_with(verb, loc_uri, own.clone()));
        }
    }
    leaves.into_iter().collect()
}

/// What one verb on nodes of one shape is under two sets of classifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    /// The leaf by the table and the first set.
    pub old: Leaf,
    /// The leaf by the table and the second set.
    pub new: Leaf,
    /// The shape: a path whose `*` stand for any segment, or a class with the
    /// property or method; where both leaves are the same, empty.
    pub of: String,
}

/// Every pair of leaves that one node can have by the table and two sets.
///
/// Of two patterns only what both cover needs looking at besides themselves:
/// a node's leaf comes from one pattern of each set, and where these meet stands
/// for all nodes that have it.
pub(crate) fn pairs<'a>(
    old: impl IntoIterator<Item = &'a CustomClass> + Clone,
    new: impl IntoIterator<Item = &'a CustomClass> + Clone,
) -> Vec<Pair> {
    let mut shapes = table_shapes();
    for own in old.clone().into_iter().chain(new.clone()) {
        shapes.extend_from_slice(own.shapes());
    }
    for one in old.clone() {
        shapes.extend(new.clone().into_iter().filter_map(|own| one.meets(own)));
    }
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    for loc_uri in &shapes {
        for verb in Verb::ALL {
            let (old, new) = (
                classify_with(verb, loc_uri, old.clone()),
                classify_with(verb, loc_uri, new.clone()),
            );
            let of = if old == new {
                String::new()
            } else {
                words(loc_uri)
            };
            let pair = Pair { old, new, of };
            if seen.insert(pair.clone()) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

/// A shape in words, as `[[classify]]` spells it.
fn words(loc_uri: &LocUri) -> String {
    match loc_uri.node() {
        Ok(Node::Tree(node)) => {
            let root = if node.user { "./User/" } else { "./" };
            let path: Vec<&str> = node.segments().collect();
            root.to_owned() + &path.join("/").replace(WILDCARD, "*")
        }
        Ok(Node::Wmi(node)) => {
            let class = wmi::find(node.class).map_or(node.class, |(_, class)| class.name);
            match node.member {
                Some(Member::Property(name)) if name != WILDCARD => {
                    format!("./cimv2/{class} property {name}")
                }
                Some(Member::Method(name)) => format!("./cimv2/{class} method {name}"),
                _ => format!("./cimv2/{class}"),
            }
        }
        Err(_) => loc_uri.to_string(),
    }
}

/// Which of `others` say of all that `own` speaks of, where the table leaves it
/// open, something at least as restricted; empty where `own` decides anywhere.
///
/// Of equals the earlier counts: `earlier` is how many of `others` stand before `own`.
pub(crate) fn covered_by(own: &CustomClass, others: &[&CustomClass], earlier: usize) -> Vec<usize> {
    let mut by = BTreeSet::new();
    for shape in own.shapes() {
        for &verb in own.verbs() {
            if !is_left_to(own, verb, shape) {
                continue;
            }
            let over = others.iter().enumerate().position(|(at, other)| {
                let (mine, its) = (own.kind().restriction(), other.kind().restriction());
                covers(other, verb, shape) && (its > mine || its == mine && at < earlier)
            });
            match over {
                Some(at) => by.insert(at),
                None => return Vec::new(),
            };
        }
    }
    by.into_iter().collect()
}

/// Whether the table leaves anything for this classification to say.
pub(crate) fn applies(own: &CustomClass) -> bool {
    let mut shapes = own.shapes().iter();
    shapes.any(|shape| own.verbs().iter().any(|&verb| is_left_to(own, verb, shape)))
}

fn covers(own: &CustomClass, verb: Verb, shape: &LocUri) -> bool {
    shape.node().is_ok_and(|node| own.covers(verb, &node))
}

/// Whether `own` speaks of it where the table knows nothing.
fn is_left_to(own: &CustomClass, verb: Verb, shape: &LocUri) -> bool {
    covers(own, verb, shape) && classify(verb, shape).kind == Kind::Unclassified
}

/// A LocURI of each shape that the table tells apart.
fn table_shapes() -> Vec<LocUri> {
    let mut shapes = Vec::new();
    for class in wmi::classes() {
        shapes.extend(class_shapes(class.name));
        let methods = class.methods.iter().map(|method| method.name);
        let execs = methods.chain([WILDCARD]).map(|name| format!("Exec={name}"));
        shapes.extend(execs.map(|exec| member_shape(class.name, &exec)));
    }
    let mut paths: Vec<Vec<&str>> = vec![vec!["*"]];
    for node in entries() {
        if node.below {
            paths.push([node.path, &["*"]].concat());
        }
        paths.push(node.path.to_vec());
    }
    for path in paths {
        shapes.extend([false, true].map(|user| tree_shape(user, &path)));
    }
    shapes
}
