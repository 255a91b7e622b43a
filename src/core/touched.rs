//! What a command works on, as events carry it, and what of that a policy set is asked about.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::classify::{class_from_name, class_name};
use crate::kind::{Class, Kind, Leaf};
use crate::loc_uri::LocUri;
use crate::policy::PolicySet;
use modegate_wire::message::Verb;

/// Most bytes of LocURIs that an event says of one command.
const UNKNOWN_BYTES: usize = 8 * 1024;

/// One node that a command works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The verb: `Get`, `Exec`, …
    pub verb: String,
    /// The node as it stood when the command was queued; an address that depends on the
    /// device contains `{device}` in place of the device's own key.
    pub loc_uri: String,
}

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
        self.leaves.iter().map(leaf_text)
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

fn write_leaves<S: Serializer>(leaves: &[Leaf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(leaves.iter().map(leaf_text))
}

fn leaf_text(leaf: &Leaf) -> String {
    let words = [leaf.verb.name(), leaf.kind.name()];
    let class = class_name(leaf.class);
    words.into_iter().chain(class).collect::<Vec<_>>().join(" ")
}

fn read_leaves<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Leaf>, D::Error> {
    let texts = Vec::<Cow<'de, str>>::deserialize(deserializer)?;
    let leaf = |text: &Cow<'_, str>| {
        leaf_of(text).ok_or_else(|| {
            serde::de::Error::custom(format_args!(
                "expected a verb, a kind and a class that is known, found {text:?}"
            ))
        })
    };
    texts.iter().map(leaf).collect()
}

fn leaf_of(text: &str) -> Option<Leaf> {
    let mut words = text.split(' ');
    let verb = Verb::from_name(words.next()?)?;
    let kind = Kind::from_name(words.next()?)?;
    let class = match words.next() {
        Some(name) => class_from_name(name)?,
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
