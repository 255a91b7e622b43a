//! An operator's own classification: what the table leaves unclassified, a
//! policy file may give a kind; never one of those that Machine carries (law 3).

use crate::kind::Kind;
use crate::loc_uri::{LocUri, Member, Node, TreeNode, WILDCARD, WmiNode, is_name};
use modegate_wire::message::Verb;

/// LocURIs of one shape, and the kind of some verbs on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    shape: Shape,
    verbs: Vec<Verb>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// A class below `./cimv2`; all in lower case.
    Wmi {
        class: String,
        property: Option<String>,
        method: Option<String>,
    },
    /// A path in another tree; `*` stands for one segment.
    Csp { user: bool, segments: Vec<String> },
}

/// Why a classification is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} in '{key}'")]
pub struct OwnFault {
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

impl Own {
    /// A classification, if it keeps the laws: the three kinds that Machine
    /// carries are the table's alone (law 3), and so is *unclassified*.
    pub fn new(draft: Draft<'_>) -> Result<Own, OwnFault> {
        if matches!(
            draft.kind,
            Kind::Inventory | Kind::PasswordReset | Kind::Unenroll | Kind::Unclassified
        ) {
            return fault(
                "kind",
                "a kind other than inventory, password_reset, unenroll (Machine carries them: no file can add to them) and unclassified",
            );
        }
        if draft.verbs.contains(&Verb::Copy) {
            return fault(
                "verb",
                "Add, Replace, Delete, Get or Exec (a Copy touches two nodes)",
            );
        }
        Ok(Own {
            shape: shape(draft)?,
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

    /// Whether it speaks of `verb` on `node`.
    pub(super) fn covers(&self, verb: Verb, node: &Node<'_>) -> bool {
        self.verbs.contains(&verb)
            && match (&self.shape, node) {
                (
                    Shape::Wmi {
                        class,
                        property,
                        method,
                    },
                    Node::Wmi(node),
                ) => {
                    node.is_of(class)
                        && covers_member(property.as_deref(), method.as_deref(), verb, node)
                }
                (Shape::Csp { user, segments }, Node::Tree(node)) => {
                    *user == node.user && fits(segments, node)
                }
                _ => false,
            }
    }

    /// A LocURI that stands for what both speak of in a tree of paths, if there is
    /// any; below a class the LocURIs of the two do that.
    pub(super) fn meets(&self, other: &Own) -> Option<LocUri> {
        let (
            Shape::Csp { user, segments },
            Shape::Csp {
                user: of_user,
                segments: others,
            },
        ) = (&self.shape, &other.shape)
        else {
            return None;
        };
        if user != of_user || segments.len() != others.len() {
            return None;
        }
        let both = segments.iter().zip(others).map(|(one, two)| match one {
            one if one == "*" => Some(two.as_str()),
            one if two == "*" || one == two => Some(one.as_str()),
            _ => None,
        });
        let segments: Option<Vec<&str>> = both.collect();
        Some(tree_shape(*user, &segments?))
    }

    /// LocURIs that stand for all it speaks of: what the table or another
    /// classification knows of one of them, it knows of every one of that shape.
    pub(super) fn shapes(&self) -> Vec<LocUri> {
        match &self.shape {
            Shape::Csp { user, segments } => {
                let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
                vec![tree_shape(*user, &segments)]
            }
            Shape::Wmi {
                class,
                property,
                method,
            } => match (property, method) {
                (_, Some(method)) => vec![member_shape(class, &format!("Exec={method}"))],
                (Some(property), None) => vec![member_shape(class, property)],
                (None, None) => class_shapes(class).to_vec(),
            },
        }
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

fn fault<T>(key: &'static str, expected: &'static str) -> Result<T, OwnFault> {
    Err(OwnFault { key, expected })
}

fn shape(draft: Draft<'_>) -> Result<Shape, OwnFault> {
    match LocUri::from(draft.loc_uri).node() {
        Err(_) => fault("loc_uri", "a plain path that begins with './'"),
        Ok(Node::Wmi(node)) if node.instance.is_none() => {
            wmi(node.class.to_ascii_lowercase(), draft)
        }
        Ok(Node::Wmi(_)) => fault(
            "loc_uri",
            "'./cimv2/' and a class alone, with the keys 'property' or 'method' for what is in it",
        ),
        Ok(Node::Tree(node)) => {
            let segments = node.segments().map(str::to_ascii_lowercase);
            csp(node.user, segments.collect(), draft)
        }
    }
}

fn wmi(class: String, draft: Draft<'_>) -> Result<Shape, OwnFault> {
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
    Ok(Shape::Wmi {
        class,
        property,
        method,
    })
}

fn csp(user: bool, segments: Vec<String>, draft: Draft<'_>) -> Result<Shape, OwnFault> {
    for (key, there) in [
        ("property", draft.property.is_some()),
        ("method", draft.method.is_some()),
    ] {
        if there {
            return fault(key, "the key only beside './cimv2/' and a class");
        }
    }
    if segments.first().is_some_and(|first| first.contains('*')) {
        return fault("loc_uri", "the name of a tree before any '*'");
    }
    if segments
        .iter()
        .any(|segment| segment.contains('*') && segment != "*")
    {
        return fault("loc_uri", "'*' as a whole segment only");
    }
    Ok(Shape::Csp { user, segments })
}

fn covers_member(
    property: Option<&str>,
    method: Option<&str>,
    verb: Verb,
    node: &WmiNode<'_>,
) -> bool {
    let is = |named: &str, came: &str| named.eq_ignore_ascii_case(came);
    match (verb, node.member) {
        (Verb::Exec, Some(Member::Method(came))) => method.is_some_and(|named| is(named, came)),
        (Verb::Get | Verb::Add | Verb::Replace | Verb::Delete, Some(Member::Property(came))) => {
            property.is_none_or(|named| is(named, came))
        }
        (Verb::Get, None) => property.is_none(),
        (Verb::Add | Verb::Replace | Verb::Delete, None) => {
            property.is_none() && node.instance.is_some()
        }
        _ => false,
    }
}

fn fits(pattern: &[String], node: &TreeNode<'_>) -> bool {
    let mut segments = node.segments();
    let fits = |expected: &String| {
        let came = segments.next();
        came.is_some_and(|came| expected == "*" || expected.eq_ignore_ascii_case(came))
    };
    pattern.iter().all(fits) && segments.next().is_none()
}
