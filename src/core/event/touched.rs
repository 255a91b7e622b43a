//! What a policy set is asked about of one command, as events carry it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Step;
use crate::classify::{class_from_name, class_name};
use crate::command::OpenCommand;
use crate::kind::{Class, Kind, Leaf};
use crate::loc_uri::LocUri;
use crate::policy::PolicySet;
use modegate_wire::message::Verb;

/// Most bytes of LocURIs that an event says of one command.
const UNKNOWN_BYTES: usize = 8 * 1024;

/// What a decision on a command depends on, besides the device and the session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Touched {
    /// What it touches, by the classification that is built in; each once. As text: the
    /// verb, the kind and, where it is one that is known, the WMI class.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "write_leaves",
        deserialize_with = "read_leaves"
    )]
    pub leaves: Vec<Leaf>,
    /// The nodes that this classification does not know, and a policy file may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Step>,
    /// Whether such nodes are left out, since there are too many: then the leaves are as
    /// they were decided on, and what another policy set makes of them is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Beside a decision: the catalogue's app that the command installs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

impl Touched {
    /// Of a command that is open, as far as the device's state knows it.
    pub(crate) fn of_open(open: &OpenCommand) -> Self {
        let whole = Touched::new(&open.leaves, &open.unknown).filter(|_| !open.has_more_unknown);
        whole.unwrap_or_else(|| Touched::partial(&open.leaves))
    }

    /// Of these leaves and unknown nodes; `None` where the nodes have no room in an event.
    pub(crate) fn new(leaves: &[Leaf], unknown: &[(Verb, LocUri)]) -> Option<Self> {
        let bytes: usize = unknown.iter().map(|(_, node)| node.as_str().len()).sum();
        let step = |(verb, node): &(Verb, LocUri)| Step {
            verb: verb.name().to_owned(),
            loc_uri: node.as_str().to_owned(),
        };
        (bytes <= UNKNOWN_BYTES).then(|| Touched {
            leaves: leaves.to_vec(),
            unknown: unknown.iter().map(step).collect(),
            partial: false,
            app: None,
        })
    }

    /// The leaves as they were decided on, and nothing else.
    pub(crate) fn partial(leaves: &[Leaf]) -> Self {
        Touched {
            leaves: leaves.to_vec(),
            unknown: Vec::new(),
            partial: true,
            app: None,
        }
    }

    /// With the catalogue's app that the command installs, as it stands beside a decision.
    #[must_use]
    pub(crate) fn of_app(self, app: Option<&str>) -> Self {
        Touched {
            app: app.map(str::to_owned),
            ..self
        }
    }

    /// The leaves as text: `Get inventory Win32_OperatingSystem`.
    pub fn leaf_texts(&self) -> impl Iterator<Item = String> {
        self.leaves.iter().map(|leaf| LeafText(*leaf).to_string())
    }

    /// What a policy set sees of it.
    pub fn under(&self, policies: &PolicySet) -> Cow<'_, [Leaf]> {
        let node = |step: &Step| {
            let verb = Verb::from_name(&step.verb)?;
            Some((verb, LocUri::from(step.loc_uri.as_str())))
        };
        let unknown: Vec<_> = self.unknown.iter().filter_map(node).collect();
        leaves_under(&self.leaves, &unknown, policies)
    }
}

/// Leaves of the built-in classification as a policy set sees them, which may classify the
/// nodes that are unknown to it.
pub(crate) fn leaves_under<'a>(
    leaves: &'a [Leaf],
    unknown: &[(Verb, LocUri)],
    policies: &PolicySet,
) -> Cow<'a, [Leaf]> {
    if unknown.is_empty() || !policies.classifies_more() {
        return Cow::Borrowed(leaves);
    }
    let is_known = |leaf: &&Leaf| leaf.kind != Kind::Unclassified;
    let mut all: Vec<Leaf> = leaves.iter().filter(is_known).copied().collect();
    for (verb, node) in unknown {
        let leaf = policies.classify(*verb, node);
        if !all.contains(&leaf) {
            all.push(leaf);
        }
    }
    Cow::Owned(all)
}

/// A leaf as events spell it: `Get inventory Win32_OperatingSystem`.
struct LeafText(Leaf);

impl fmt::Display for LeafText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeafText(leaf) = self;
        write!(f, "{} {}", leaf.verb.name(), leaf.kind.name())?;
        match class_name(leaf.class) {
            Some(class) => write!(f, " {class}"),
            None => Ok(()),
        }
    }
}

impl Serialize for LeafText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LeafText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct("LeafText", LeafVisitor)
    }
}

struct LeafVisitor;

impl<'de> Visitor<'de> for LeafVisitor {
    type Value = LeafText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a verb, a kind and a class that is known")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, text: D) -> Result<LeafText, D::Error> {
        text.deserialize_str(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LeafText, E> {
        let wrong = || E::invalid_value(Unexpected::Str(text), &self);
        leaf_of(text).map(LeafText).ok_or_else(wrong)
    }
}

fn write_leaves<S: Serializer>(leaves: &[Leaf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(leaves.iter().copied().map(LeafText))
}

fn read_leaves<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Leaf>, D::Error> {
    let texts = Vec::<LeafText>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|LeafText(leaf)| leaf).collect())
}

fn leaf_of(text: &str) -> Option<Leaf> {
    let mut words = text.split(' ');
    let verb = Verb::from_name(words.next()?)?;
    let kind = Kind::from_name(words.next()?)?;
    let class = match words.next() {
        // In the letter case in which it is written.
        Some(name) => class_from_name(name).filter(|&class| class_name(class) == Some(name))?,
        None => Class::OTHER,
    };
    words.next().is_none().then_some(Leaf { verb, kind, class })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_is_read_as_it_is_written() {
        let leaves = PolicySet::builtin().unwrap().leaves();
        let touched = Touched::new(&leaves, &[]).unwrap();
        let text = serde_json::to_string(&touched).unwrap();
        assert!(
            text.contains("\"Get inventory Win32_OperatingSystem\""),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Touched>(&text).unwrap(), touched);
        for text in ["Get", "Get inventory x", "get inventory", "Get inventory  "] {
            let text = serde_json::json!({ "leaves": [text] });
            assert!(
                serde_json::from_value::<Touched>(text.clone()).is_err(),
                "{text}"
            );
        }
    }
}
