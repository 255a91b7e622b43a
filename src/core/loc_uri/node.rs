//! What a LocURI addresses.

use super::LocUri;
use super::segments::{ROOT, Segments};

/// Why a text addresses no node that this server could know: what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct LocUriError(pub(super) &'static str);

impl LocUriError {
    pub(super) const PERCENT: Self = LocUriError("text that is percent-encoded once");
    pub(super) const UTF8: Self = LocUriError("UTF-8 behind the percent-encoding");
    pub(super) const OPEN_QUOTE: Self = LocUriError("a closing quote");
    pub(super) const METHOD_IN_KEY: Self = LocUriError("no method inside a key");

    /// What was expected, in words.
    pub(crate) fn expected(self) -> &'static str {
        self.0
    }

    /// Whether quotes or escapes are at fault.
    pub(super) fn is_of_key(self) -> bool {
        let of_key = [Self::UTF8, Self::OPEN_QUOTE, Self::METHOD_IN_KEY];
        of_key.contains(&self)
    }
}

/// What a LocURI addresses. Letter case is as written; class, property and
/// method names and the nodes of trees are compared without it.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// A WMI class, or what is in it: `./cimv2/<Class>[/<instance>[/<member>]]`.
    Wmi(WmiNode<'a>),
    /// A node of another tree.
    Tree(TreeNode<'a>),
}

/// A class below `./cimv2`, an instance of it, or a member of that.
#[derive(Debug, Clone, Copy)]
pub struct WmiNode<'a> {
    /// The name of the class.
    pub class: &'a str,
    /// `Class.Key="value",…` or `Class=…`, decoded.
    pub instance: Option<&'a str>,
    /// What of the instance is addressed; the instance itself if there is none.
    pub member: Option<Member<'a>>,
}

/// A member of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member<'a> {
    /// A property.
    Property(&'a str),
    /// A method: `Exec=<name>`.
    Method(&'a str),
}

impl<'a> WmiNode<'a> {
    /// The name of the instance's first key, and the text after its `=`.
    pub(crate) fn first_key(&self) -> Option<(&'a str, &'a str)> {
        let keys = self.instance?.get(self.class.len()..)?.strip_prefix('.')?;
        keys.split_once('=')
    }

    /// The node without the keys of its instance: what is known of it by its class.
    pub(crate) fn shape(&self) -> LocUri {
        let class = LocUri::class(self.class);
        let Some(_) = self.instance else {
            return class;
        };
        let instance = class.below(&format!("{}=@", self.class));
        match self.member {
            None => instance,
            Some(Member::Property(name)) => instance.below(name),
            Some(Member::Method(name)) => instance.method(name),
        }
    }

    /// Whether it is of the class of that name.
    pub(crate) fn is_of(&self, class: &str) -> bool {
        self.class.eq_ignore_ascii_case(class)
    }
}

/// A node outside `./cimv2`.
#[derive(Debug, Clone, Copy)]
pub struct TreeNode<'a> {
    /// Whether it is below `./User`.
    pub user: bool,
    /// The LocURI, decoded.
    pub(super) text: &'a str,
    /// Where the path begins in it, `./Device` and `./User` left out.
    pub(super) start: usize,
}

impl<'a> TreeNode<'a> {
    /// The segments below `./Device` or `./User`, or below `./` where neither
    /// is named; at least one.
    pub fn segments(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        Segments::new(self.text, self.start)
    }

    /// The segments below `./`, `Device` or `User` with them; at least one.
    pub(crate) fn all_segments(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        Segments::new(self.text, ROOT.len())
    }
}
