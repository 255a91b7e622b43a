//! Every leaf that the classification can yield: found by classifying a node
//! of each shape that it tells apart.

use std::collections::{BTreeSet, HashSet};

use super::loc_uri::{Node, Part};
use super::own::{FRESH, Own};
use super::table::{CLASSES, NODES};
use super::{class_from_name, class_name, leaf_of, table_leaf};
use crate::kind::{Kind, Leaf};
use modegate_wire::message::Verb;

/// Every (verb, kind, class) that the table and `own` can yield, each once,
/// in the order of [`Leaf`].
pub fn leaves<'a>(own: impl IntoIterator<Item = &'a Own> + Clone) -> Vec<Leaf> {
    let mut nodes = table_nodes();
    nodes.extend(own.clone().into_iter().flat_map(Own::nodes));
    let mut leaves = BTreeSet::new();
    for node in &nodes {
        for verb in Verb::ALL {
            leaves.insert(leaf_of(verb, node, own.clone()));
        }
    }
    leaves.into_iter().collect()
}

/// What one verb on nodes of one shape is under two sets of classifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
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
pub fn pairs<'a>(
    old: impl IntoIterator<Item = &'a Own> + Clone,
    new: impl IntoIterator<Item = &'a Own> + Clone,
) -> Vec<Pair> {
    let mut nodes = table_nodes();
    for own in old.clone().into_iter().chain(new.clone()) {
        nodes.extend(own.nodes());
    }
    for one in old.clone() {
        nodes.extend(new.clone().into_iter().filter_map(|own| one.meets(own)));
    }
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    for node in &nodes {
        for verb in Verb::ALL {
            let (old, new) = (
                leaf_of(verb, node, old.clone()),
                leaf_of(verb, node, new.clone()),
            );
            let of = if old == new {
                String::new()
            } else {
                shape(node)
            };
            let pair = Pair { old, new, of };
            if seen.insert(pair.clone()) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

/// A node in words, as `[[classify]]` spells it.
fn shape(node: &Node) -> String {
    match node {
        Node::Csp { user, segments } => {
            let root = if *user { "./User/" } else { "./" };
            root.to_owned() + &segments.join("/").replace(FRESH, "*")
        }
        Node::Wmi { class, part } => {
            let class = class_from_name(class)
                .and_then(class_name)
                .unwrap_or(class.as_str());
            match part {
                Part::Property(name) if name != FRESH => {
                    format!("./cimv2/{class} property {name}")
                }
                Part::Method(name) => format!("./cimv2/{class} method {name}"),
                _ => format!("./cimv2/{class}"),
            }
        }
    }
}

/// Which of `others` say of all that `own` speaks of, where the table leaves it
/// open, something at least as restricted; empty where `own` decides anywhere.
///
/// Of equals the earlier counts: `earlier` is how many of `others` stand before `own`.
pub fn covered_by(own: &Own, others: &[&Own], earlier: usize) -> Vec<usize> {
    let mut by = BTreeSet::new();
    for node in own.nodes() {
        for &verb in own.verbs() {
            if !own.covers(verb, &node) || table_leaf(verb, &node).kind != Kind::Unclassified {
                continue;
            }
            let over = others.iter().enumerate().position(|(at, other)| {
                let (mine, its) = (own.kind().restriction(), other.kind().restriction());
                other.covers(verb, &node) && (its > mine || its == mine && at < earlier)
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
pub fn applies(own: &Own) -> bool {
    own.nodes().iter().any(|node| {
        own.verbs().iter().any(|&verb| {
            own.covers(verb, node) && table_leaf(verb, node).kind == Kind::Unclassified
        })
    })
}

/// A node of each shape that the table tells apart.
fn table_nodes() -> Vec<Node> {
    let mut nodes = Vec::new();
    for entry in CLASSES {
        let methods = entry.methods.iter().map(|&(name, _)| name);
        let parts = [Part::Class, Part::Instance, Part::Property(FRESH.into())]
            .into_iter()
            .chain(
                methods
                    .chain([FRESH])
                    .map(|name| Part::Method(name.to_ascii_lowercase())),
            );
        nodes.extend(parts.map(|part| Node::Wmi {
            class: entry.name.to_ascii_lowercase(),
            part,
        }));
    }
    let fresh = |segment: &&str| if *segment == "*" { FRESH } else { segment }.to_owned();
    let mut paths: Vec<Vec<String>> = vec![vec![FRESH.to_owned()]];
    for node in NODES {
        let path: Vec<String> = node.path.iter().map(fresh).collect();
        if node.below {
            let mut below = path.clone();
            below.push(FRESH.to_owned());
            paths.push(below);
        }
        paths.push(path);
    }
    for segments in paths {
        nodes.extend([false, true].map(|user| Node::Csp {
            user,
            segments: segments.clone(),
        }));
    }
    nodes
}
