//! Verb and LocURI to a kind: what a command does, never what its caller calls
//! it. The modules `wmi`, `nodes` and `csps` hold the facts; what they do not know is
//! unclassified, unless a policy set classifies more ([`custom_class`]).

mod csps;
pub mod custom_class;
mod leaves;
mod nodes;

use custom_class::CustomClass;
pub(crate) use leaves::{Pair, applies, covered_by, leaves, pairs};

use nodes::NodeEntry;

use crate::kind::{Class, Kind, Leaf};
use crate::loc_uri::{LocUri, Member, Node, TreeNode, WmiNode};
use crate::wmi;
use modegate_wire::message::Verb;

/// The leaf that a policy sees of `verb` on `loc_uri`, by the table alone.
pub fn classify(verb: Verb, loc_uri: &LocUri) -> Leaf {
    let (kind, class) = match loc_uri.node() {
        Ok(Node::Wmi(node)) => of_wmi(verb, node),
        Ok(Node::Tree(node)) => (of_tree(verb, node), Class::OTHER),
        Err(_) => (Kind::Unclassified, Class::OTHER),
    };
    Leaf { verb, kind, class }
}

/// The same by the table, and where it knows nothing by `own`: of several that
/// speak of it, the most restricted kind. What is odd stays unclassified.
pub(crate) fn classify_with<'a>(
    verb: Verb,
    loc_uri: &LocUri,
    own: impl IntoIterator<Item = &'a CustomClass>,
) -> Leaf {
    let mut leaf = classify(verb, loc_uri);
    if let (Kind::Unclassified, Ok(node)) = (leaf.kind, loc_uri.node()) {
        let kinds = own.into_iter().filter(|own| own.covers(verb, &node));
        if let Some(kind) = kinds
            .map(CustomClass::kind)
            .max_by_key(|kind| kind.restriction())
        {
            leaf.kind = kind;
        }
    }
    leaf
}

/// The name of a class, as policy files spell it.
pub(crate) fn class_name(class: Class) -> Option<&'static str> {
    wmi::at(class).map(|class| class.name)
}

/// The class of that name, in any letter case.
pub fn class_from_name(name: &str) -> Option<Class> {
    wmi::find(name).map(|(class, _)| class)
}

/// Every class of the table.
pub(crate) fn class_names() -> impl Iterator<Item = &'static str> {
    wmi::classes().map(|class| class.name)
}

fn of_wmi(verb: Verb, node: WmiNode<'_>) -> (Kind, Class) {
    let Some((place, class)) = wmi::find(node.class) else {
        return (Kind::Unclassified, Class::OTHER);
    };
    let is_method = matches!(node.member, Some(Member::Method(_)));
    let kind = match (verb, node.member) {
        (Verb::Get, _) if !is_method => Some(class.get),
        (Verb::Exec, Some(Member::Method(name))) => class.method(name).map(|method| method.kind),
        (Verb::Add | Verb::Replace | Verb::Delete, _) if !is_method && node.instance.is_some() => {
            class.write
        }
        _ => None,
    };
    (kind.unwrap_or(Kind::Unclassified), place)
}

/// Every node that is known outside WMI, the narrower before the wider.
fn entries() -> impl Iterator<Item = &'static NodeEntry> {
    nodes::NODES.iter().chain(csps::APPS).chain(csps::CSPS)
}

fn of_tree(verb: Verb, node: TreeNode<'_>) -> Kind {
    let kind = entries()
        .find(|entry| entry.verbs.contains(&verb) && matches(entry.path, node, entry.below))
        .map_or(Kind::Unclassified, |entry| entry.kind);
    match kind {
        kind if !node.user => kind,
        // What is the user's is never the device's.
        Kind::Inventory => Kind::UserRead,
        // A user has settings, profiles, certificates and apps, and no more.
        Kind::Setting | Kind::Profile | Kind::Certificate | Kind::AppInstall => kind,
        kind if verb == Verb::Get => kind,
        _ => Kind::Unclassified,
    }
}

/// Whether `node` is `path` (`*` stands for one segment), or below it.
fn matches(path: &[&str], node: TreeNode<'_>, below: bool) -> bool {
    let mut segments = node.segments();
    let fits = |expected: &&str| {
        let came = segments.next();
        came.is_some_and(|came| *expected == "*" || expected.eq_ignore_ascii_case(came))
    };
    path.iter().all(fits) && (below || segments.next().is_none())
}

#[cfg(test)]
mod tests;
