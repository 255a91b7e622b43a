//! An operator's own classification: what the table leaves unclassified, a
//! policy file may give a kind; never one of those that Machine carries (the Machine-mode guarantee).

use crate::kind::Kind;
use crate::loc_uri::{LocUri, Member, Node, TreeNode, WILDCARD, is_name};
use modegate_wire::message::Verb;

/// LocURIs of one shape, and the kind of some verbs on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomClass {
    /// One of a path, of a property or of a method; of a whole class three: the
    /// class, an instance, a property. All in lower case.
    shapes: Vec<LocUri>,
    verbs: Vec<Verb>,
    kind: Kind,
}

/// Why a classification is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} in '{key}'")]
pub struct CustomClassFault {
    /// Which key of the table is wrong.
    pub key: &'static str,
    /// What should stand there.
    pub expected: &'static str,
}

/// A classification as written.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// `./cimv2/<Class>`, or a path whose segments may be `*`.
    pub loc_uri: &'a str,
    /// Of a class: only this property.
    pub property: Option<&'a str>,
    /// Of a class: this method.
    pub method: Option<&'a str>,
    /// On which verbs.
    pub verbs: &'a [Verb],
    /// What they are.
    pub kind: Kind,
}

impl CustomClass {
    /// A classification, if it keeps the laws: the three kinds that Machine
    /// carries are the table's alone (the Machine-mode guarantee), and so is *unclassified*.
    pub fn new(draft: Draft<'_>) -> Result<CustomClass, CustomClassFault> {
        if matches!(
            draft.kind,
            Kind::Inventory | Kind::PasswordReset | Kind::Unenroll | Kind::Unclassified
        ) {
            return fault(
                "kind",
                "a kind other than inventory, password_reset, unenroll (Machine delivers them: no file can add to them) and unclassified",
            );
        }
        if draft.verbs.contains(&Verb::Copy) {
            return fault(
                "verb",
                "Add, Replace, Delete, Get or Exec (a Copy touches two nodes)",
            );
        }
        Ok(CustomClass {
            shapes: shapes(draft)?,
            verbs: draft.verbs.to_vec(),
            kind: draft.kind,
        })
    }

    /// The verbs that it speaks of.
    pub(crate) fn verbs(&self) -> &[Verb] {
        &self.verbs
    }

    /// What they are.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it speaks of `verb` on `node`. A class can only be read.
    pub(super) fn covers(&self, verb: Verb, node: &Node<'_>) -> bool {
        let is_class = matches!(node, Node::Wmi(node) if node.instance.is_none());
        let mut shapes = self.shapes.iter().filter_map(|shape| shape.node().ok());
        self.verbs.contains(&verb)
            && (verb == Verb::Get || !is_class)
            && shapes.any(|shape| stands_for(&shape, node))
    }

    /// A LocURI that stands for what both speak of in a tree of paths, if there is
    /// any; below a class the LocURIs of the two do that.
    pub(super) fn meets(&self, other: &CustomClass) -> Option<LocUri> {
        let (one, other) = (self.shapes.first()?, other.shapes.first()?);
        let (Ok(Node::Tree(one)), Ok(Node::Tree(other))) = (one.node(), other.node()) else {
            return None;
        };
        if one.user != other.user || one.segments().count() != other.segments().count() {
            return None;
        }
        let both = one.segments().zip(other.segments()).map(|pair| match pair {
            (WILDCARD, other) => Some(other),
            (one, other) => (other == WILDCARD || one == other).then_some(one),
        });
        Some(tree_shape(one.user, &both.collect::<Option<Vec<&str>>>()?))
    }

    /// LocURIs that stand for all it speaks of: what the table or another
    /// classification knows of one of them, it knows of every one of that shape.
    pub(super) fn shapes(&self) -> &[LocUri] {
        &self.shapes
    }
}

/// Whether `node` is of that shape.
fn stands_for(shape: &Node<'_>, node: &Node<'_>) -> bool {
    let fits = |(expected, came): (&str, &str)| {
        expected == WILDCARD || expected.eq_ignore_ascii_case(came)
    };
    match (shape, node) {
        (Node::Wmi(shape), Node::Wmi(node)) => {
            let fits = match (shape.member, node.member) {
                (None, None) => true,
                (Some(Member::Property(one)), Some(Member::Property(other)))
                | (Some(Member::Method(one)), Some(Member::Method(other))) => fits((one, other)),
                _ => false,
            };
            fits && node.is_of(shape.class) && shape.instance.is_some() == node.instance.is_some()
        }
        (Node::Tree(shape), Node::Tree(node)) => {
            shape.user == node.user
                && shape.segments().count() == node.segments().count()
                && shape.segments().zip(node.segments()).all(fits)
        }
        _ => false,
    }
}

/// The LocURI of a tree's path; `*` stands for any segment. `./Device` is named,
/// lest a path that begins with `user` counts as the user's.
pub(super) fn tree_shape(user: bool, path: &[&str]) -> LocUri {
    let root = if user { "./User" } else { "./Device" };
    let segments = path.iter().map(|&segment| match segment {
        "*" => WILDCARD,
        segment => segment,
    });
    let path: Vec<&str> = std::iter::once(root).chain(segments).collect();
    LocUri::shape(path.join("/"))
}

/// A class, an instance of it, and a property.
pub(super) fn class_shapes(class: &str) -> [LocUri; 3] {
    [
        LocUri::shape(format!("./cimv2/{class}")),
        LocUri::shape(format!("./cimv2/{class}/{class}={WILDCARD}")),
        member_shape(class, WILDCARD),
    ]
}

/// A property, or `Exec=` and a method, of an instance.
pub(super) fn member_shape(class: &str, member: &str) -> LocUri {
    LocUri::shape(format!("./cimv2/{class}/{class}={WILDCARD}/{member}"))
}

fn fault<T>(key: &'static str, expected: &'static str) -> Result<T, CustomClassFault> {
    Err(CustomClassFault { key, expected })
}

fn shapes(draft: Draft<'_>) -> Result<Vec<LocUri>, CustomClassFault> {
    match LocUri::from(draft.loc_uri).node() {
        Err(_) => fault("loc_uri", "a plain path that begins with './'"),
        Ok(Node::Wmi(node)) if node.instance.is_none() => {
            wmi(&node.class.to_ascii_lowercase(), draft)
        }
        Ok(Node::Wmi(_)) => fault(
            "loc_uri",
            "'./cimv2/' and a class alone, with the keys 'property' or 'method' for what is in it",
        ),
        Ok(Node::Tree(node)) => csp(node, draft).map(|shape| vec![shape]),
    }
}

fn wmi(class: &str, draft: Draft<'_>) -> Result<Vec<LocUri>, CustomClassFault> {
    let name = |key, name: Option<&str>| match name {
        Some(name) if !is_name(name) => fault(key, "letters, digits or '_'"),
        name => Ok(name.map(str::to_ascii_lowercase)),
    };
    let (property, method) = (
        name("property", draft.property)?,
        name("method", draft.method)?,
    );
    if property.is_some() && method.is_some() {
        return fault("property", "no property where a method is named");
    }
    // An Exec is of a method, and nothing else is: a class whose every method
    // is of one kind is nobody's to promise.
    let exec = draft.verbs.contains(&Verb::Exec);
    if exec && method.is_none() {
        return fault("verb", "Exec only together with the key 'method'");
    }
    if method.is_some() && draft.verbs.iter().any(|&verb| verb != Verb::Exec) {
        return fault("verb", "only Exec where a method is named");
    }
    Ok(match (property, method) {
        (_, Some(method)) => vec![member_shape(class, &format!("Exec={method}"))],
        (Some(property), None) => vec![member_shape(class, &property)],
        (None, None) => class_shapes(class).to_vec(),
    })
}

fn csp(node: TreeNode<'_>, draft: Draft<'_>) -> Result<LocUri, CustomClassFault> {
    for (key, there) in [
        ("property", draft.property.is_some()),
        ("method", draft.method.is_some()),
    ] {
        if there {
            return fault(key, "the key only beside './cimv2/' and a class");
        }
    }
    let segments: Vec<String> = node.segments().map(str::to_ascii_lowercase).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if segments.first().is_some_and(|first| first.contains('*')) {
        return fault("loc_uri", "the name of a tree before any '*'");
    }
    let is_part = |segment: &&str| segment.contains('*') && *segment != "*";
    if segments.iter().any(is_part) {
        return fault("loc_uri", "'*' as a whole segment only");
    }
    Ok(tree_shape(node.user, &segments))
}
