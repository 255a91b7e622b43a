//! LocURIs: the addresses of nodes in a device's management tree.
//!
//! A [`LocUri`] is parsed once, where its text enters (a request of the API, an
//! answer of a device, a stored row), and keeps the text as it was written: that
//! is what goes on the wire and into rows. Code that has to know what a LocURI
//! addresses looks at its [`Node`].

pub(crate) mod names;
mod node;
mod parse;
mod segments;

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use names::{escaped, key_value};
pub use node::{LocUriError, Member, Node, TreeNode, WmiNode};
use parse::Layout;
pub(crate) use parse::{WILDCARD, is_name};

/// A LocURI with what it addresses. Two are equal if their texts are.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct LocUri {
    text: Box<str>,
    /// The text percent-decoded once, where that changes it.
    decoded: Option<Box<str>>,
    layout: Result<Layout, LocUriError>,
    /// Whether a percent sign is left after that where it is no part of a key: one that
    /// was encoded twice, or a trick.
    percent_left: bool,
}

impl LocUri {
    /// The LocURI that stands for every one of a shape: `text` is not decoded, and
    /// its segments may be [`WILDCARD`], which no LocURI from outside contains.
    pub(crate) fn shape(text: String) -> Self {
        LocUri {
            layout: Layout::from_text(&text, true),
            text: text.into_boxed_str(),
            decoded: None,
            percent_left: false,
        }
    }

    /// `./cimv2/<Class>`.
    pub(crate) fn class(class: &str) -> Self {
        LocUri::from(format!("./cimv2/{class}"))
    }

    /// `./cimv2/<Class>/<Class>.<Key>=%22<value>%22[,…]`: key values are quoted
    /// even where they are numbers (MS-MDM 3.1.5.1.3), quotes and backslashes in them
    /// escaped (WMI Object Path Requirements).
    pub(crate) fn instance<'a>(
        class: &str,
        keys: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let keys: Vec<String> = keys
            .map(|(key, value)| format!("{key}=%22{}%22", names::key_value(value)))
            .collect();
        LocUri::from(format!("./cimv2/{class}/{class}.{}", keys.join(",")))
    }

    /// The node of that name below it; `name` stands there as it is.
    pub(crate) fn below(&self, name: &str) -> Self {
        LocUri::from(format!("{}/{name}", self.text.trim_end_matches('/')))
    }

    /// The child that the device named so, in the one form that this server
    /// writes: `=` and `.` of an instance as they are, key values escaped.
    pub(crate) fn child(&self, name: &str) -> Self {
        self.below(&names::encoded(name))
    }

    /// The method of that name of the instance.
    pub(crate) fn method(&self, name: &str) -> Self {
        self.below(&format!("Exec={name}"))
    }

    /// The instance of which this is a property or method.
    pub(crate) fn owner(&self) -> Option<LocUri> {
        let (owner, _) = self.text.trim_end_matches('/').rsplit_once('/')?;
        let owner = LocUri::from(owner);
        let is_instance = |node: WmiNode<'_>| node.instance.is_some() && node.member.is_none();
        (self.wmi()?.member.is_some() && owner.wmi().is_some_and(is_instance)).then_some(owner)
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the texts are equal but for letter case.
    pub(crate) fn is_like(&self, other: &LocUri) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }

    /// Whether both name the same node, percent-encoding and letter case aside: for what a
    /// device says of a node, never for a decision.
    pub(crate) fn is_same_node(&self, other: &LocUri) -> bool {
        self.as_read().eq_ignore_ascii_case(other.as_read())
    }

    /// Whether it names a node below that one, compared in the same way.
    pub(crate) fn is_below(&self, other: &LocUri) -> bool {
        let (own, above) = (self.as_read(), other.as_read());
        own.get(..above.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(above))
            && own[above.len()..].starts_with('/')
            && self.node_as_read().is_ok()
    }

    /// The decoded text without a slash at its end, and without the question that a Get
    /// may put behind a node (`?list=StructData`).
    fn as_read(&self) -> &str {
        let decoded = self.decoded.as_deref().unwrap_or(&self.text);
        let node = match decoded.rsplit_once("?list=") {
            Some((node, _)) => node,
            None => decoded,
        };
        node.trim_end_matches('/')
    }

    /// What it addresses.
    ///
    /// # Errors
    /// What was expected, where it is odd in any way: nothing else may be
    /// concluded from it then.
    pub fn node(&self) -> Result<Node<'_>, LocUriError> {
        match self.percent_left {
            true => Err(LocUriError::PERCENT),
            false => self.node_as_read(),
        }
    }

    /// The same, where a percent sign that is left after decoding counts as one:
    /// for the name of what was read, never for a decision.
    pub(crate) fn node_as_read(&self) -> Result<Node<'_>, LocUriError> {
        let decoded = self.decoded.as_deref().unwrap_or(&self.text);
        self.layout.map(|layout| layout.node(decoded))
    }

    /// What is wrong with the key of the instance that it names, where that is why it
    /// addresses nothing: no policy can ever let it go.
    pub(crate) fn key_fault(&self) -> Option<LocUriError> {
        let root = self.text.get(..8)?;
        let fault = match self.layout {
            Ok(_) if self.percent_left => LocUriError::PERCENT,
            Err(fault) if fault.is_of_key() => fault,
            _ => return None,
        };
        root.eq_ignore_ascii_case("./cimv2/").then_some(fault)
    }

    /// What it addresses below `./cimv2`.
    pub(crate) fn wmi(&self) -> Option<WmiNode<'_>> {
        match self.node() {
            Ok(Node::Wmi(node)) => Some(node),
            _ => None,
        }
    }

    /// Its last segment, decoded: the name of a property, an instance, a class or
    /// a node; empty where it is odd.
    pub(crate) fn last_segment(&self) -> &str {
        match self.node() {
            Ok(Node::Wmi(node)) => match node.member {
                Some(Member::Property(name) | Member::Method(name)) => name,
                None => node.instance.unwrap_or(node.class),
            },
            Ok(Node::Tree(node)) => node.segments().last().unwrap_or_default(),
            Err(_) => "",
        }
    }
}

/// Every text is a LocURI; whether it addresses a node, says [`LocUri::node`].
impl From<String> for LocUri {
    fn from(text: String) -> Self {
        let text = text.into_boxed_str();
        let Ok(decoded) = percent_decode_str(&text).decode_utf8() else {
            return LocUri {
                text,
                decoded: None,
                layout: Err(LocUriError::UTF8),
                percent_left: false,
            };
        };
        let layout = Layout::from_text(&decoded, false);
        LocUri {
            percent_left: match layout {
                Ok(layout) => !layout.allows_percents(&decoded),
                Err(_) => decoded.contains('%'),
            },
            layout,
            decoded: match decoded {
                Cow::Owned(decoded) => Some(decoded.into_boxed_str()),
                Cow::Borrowed(_) => None,
            },
            text,
        }
    }
}

impl From<&str> for LocUri {
    fn from(text: &str) -> Self {
        LocUri::from(text.to_owned())
    }
}

impl Serialize for LocUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl PartialEq for LocUri {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for LocUri {}

impl fmt::Debug for LocUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl fmt::Display for LocUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
