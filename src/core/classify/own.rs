//! An operator's own classification: what the table leaves unclassified, a
//! policy file may give a kind; never one of those that Machine carries (law 3).

use super::loc_uri::{self, Node, Part};
use crate::kind::Kind;
use modegate_wire::message::Verb;

/// A segment that no LocURI has: a LocURI with a control character is odd.
pub(super) const FRESH: &str = "\u{1}";

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
    pub fn verbs(&self) -> &[Verb] {
        &self.verbs
    }

    /// What they are.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it speaks of `verb` on `node`.
    pub(super) fn covers(&self, verb: Verb, node: &Node) -> bool {
        self.verbs.contains(&verb)
            && match (&self.shape, node) {
                (
                    Shape::Wmi {
                        class,
                        property,
                        method,
                    },
                    Node::Wmi { class: came, part },
                ) => class == came && covers_part(property.as_ref(), method.as_ref(), verb, part),
                (
                    Shape::Csp { user, segments },
                    Node::Csp {
                        user: of_user,
                        segments: came,
                    },
                ) => user == of_user && fits(segments, came),
                _ => false,
            }
    }

    /// A node that stands for what both speak of in a tree of paths, if there is
    /// any; below a class the nodes of the two do that.
    pub(super) fn meets(&self, other: &Own) -> Option<Node> {
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
            one if one == "*" => Some(two),
            one if two == "*" || one == two => Some(one),
            _ => None,
        });
        let segments: Option<Vec<&String>> = both.collect();
        Some(Node::Csp {
            user: *user,
            segments: segments?.into_iter().map(fresh).collect(),
        })
    }

    /// Nodes that stand for all it speaks of: what the table or another
    /// classification knows of one of them, it knows of every node of that shape.
    pub(super) fn nodes(&self) -> Vec<Node> {
        match &self.shape {
            Shape::Csp { user, segments } => vec![Node::Csp {
                user: *user,
                segments: segments.iter().map(fresh).collect(),
            }],
            Shape::Wmi {
                class,
                property,
                method,
            } => {
                let parts = match (property, method) {
                    (_, Some(method)) => vec![Part::Method(method.clone())],
                    (Some(property), None) => vec![Part::Property(property.clone())],
                    (None, None) => {
                        vec![Part::Class, Part::Instance, Part::Property(FRESH.into())]
                    }
                };
                let class = class.clone();
                parts
                    .into_iter()
                    .map(|part| Node::Wmi {
                        class: class.clone(),
                        part,
                    })
                    .collect()
            }
        }
    }
}

/// A segment that stands for what `segment` of a pattern matches.
fn fresh(segment: &String) -> String {
    if segment == "*" { FRESH } else { segment }.to_owned()
}

fn fault<T>(key: &'static str, expected: &'static str) -> Result<T, OwnFault> {
    Err(OwnFault { key, expected })
}

fn shape(draft: Draft<'_>) -> Result<Shape, OwnFault> {
    match loc_uri::parse(draft.loc_uri) {
        None => fault("loc_uri", "a plain path that begins with './'"),
        Some(Node::Wmi {
            class,
            part: Part::Class,
        }) => wmi(class, draft),
        Some(Node::Wmi { .. }) => fault(
            "loc_uri",
            "'./cimv2/' and a class alone, with the keys 'property' or 'method' for what is in it",
        ),
        Some(Node::Csp { user, segments }) => csp(user, segments, draft),
    }
}

fn wmi(class: String, draft: Draft<'_>) -> Result<Shape, OwnFault> {
    let name = |key, name: Option<&str>| match name {
        Some(name) if !loc_uri::is_name(name) => fault(key, "letters, digits or '_'"),
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

fn covers_part(
    property: Option<&String>,
    method: Option<&String>,
    verb: Verb,
    part: &Part,
) -> bool {
    match (verb, part) {
        (Verb::Exec, Part::Method(came)) => method == Some(came),
        (Verb::Get | Verb::Add | Verb::Replace | Verb::Delete, Part::Property(came)) => {
            property.is_none_or(|named| named == came)
        }
        (Verb::Get | Verb::Add | Verb::Replace | Verb::Delete, Part::Instance)
        | (Verb::Get, Part::Class) => property.is_none(),
        _ => false,
    }
}

fn fits(pattern: &[String], came: &[String]) -> bool {
    pattern.len() == came.len()
        && pattern
            .iter()
            .zip(came)
            .all(|(expected, came)| expected == "*" || expected == came)
}
