//! The policy engine: `decide(context, command)` gives deliver, withhold with
//! the modes that would let it go, or refuse, always with rule ids.
//!
//! The floor is code ([`floor`]); above it stand the rules of `policies/`. The
//! language is closed on purpose: rules match on enumerated attributes and on
//! nothing else, so the whole space can be enumerated ([`diff`], [`check`]). Wanting
//! variables or nesting is the sign to move to another engine behind the same
//! `decide`, not to grow this one.

pub mod cases;
pub mod check;
pub mod custom_class;
pub mod diff;
pub mod explain;
pub mod floor;
pub mod load;
mod reachability;
pub mod rule;
mod space;
pub mod tryout;
pub mod warning;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::context::{Context, ContextSet, Family, Login, Mode, Platform};
use crate::kind::{Kind, Leaf};
use crate::named::named;
use custom_class::CustomClassEntry;
use rule::Rule;

pub use floor::VERSION as FLOOR_VERSION;
pub use load::{Fault, digest_of};

/// A rule's id, as its file spells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub(crate) Arc<str>);

impl RuleId {
    /// An id of this text.
    pub fn new(text: &str) -> Self {
        RuleId(Arc::from(text))
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RuleId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The id named where no rule speaks.
pub(crate) const DEFAULT_RULE: &str = "default.withhold";

/// What a decision is about: one command of one device.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The device's family.
    pub family: Family,
    /// The device's groups.
    pub groups: &'a [String],
    /// The catalogue app that the command installs, if it installs one.
    pub app: Option<&'a str>,
    /// What the command touches.
    pub leaves: &'a [Leaf],
}

named! {
    /// What is decided.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Verdict {
        /// It goes.
        Deliver = "deliver",
        /// It stays queued.
        Withhold = "withhold",
        /// Never on this device: it fails at once.
        Refuse = "refuse",
    }
}

/// A decision, with the rules that determined it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is decided.
    pub verdict: Verdict,
    /// By which rules; never empty.
    pub rules: Vec<RuleId>,
    /// For what is withheld: the modes of Machine, Maintenance and Apps that
    /// would let it go, login aside.
    pub modes: Vec<Mode>,
}

/// The rules in force: the floor and the files, known by their digest.
pub struct PolicySet {
    rules: Vec<Rule>,
    custom_classes: Vec<CustomClassEntry>,
    digest: String,
    files: Vec<(String, String)>,
    machine: RuleId,
    unclassified: RuleId,
    default: RuleId,
}

impl fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicySet({}, {} rules)", self.digest, self.rules.len())
    }
}

impl PolicySet {
    /// A set of these rules and classifications, made from these files.
    pub(crate) fn new(
        rules: Vec<Rule>,
        custom_classes: Vec<CustomClassEntry>,
        digest: String,
        files: Vec<(String, String)>,
    ) -> Self {
        PolicySet {
            rules,
            custom_classes,
            digest,
            files,
            machine: RuleId::new(floor::MACHINE),
            unclassified: RuleId::new(floor::UNCLASSIFIED),
            default: RuleId::new(DEFAULT_RULE),
        }
    }

    /// SHA-256 over the floor's version and the files, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The files that it was made of: name and text.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// The rules, in the order of their files.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Decides on a command in a session that named these contexts. It goes
    /// only if every context lets every leaf of it go.
    pub fn decide(&self, contexts: ContextSet, subject: &Subject<'_>) -> Decision {
        let mut verdict = Verdict::Deliver;
        let mut rules: Vec<RuleId> = Vec::new();
        let mut any = false;
        for context in contexts.iter() {
            for leaf in subject.leaves {
                any = true;
                let (one, by) = self.decide_leaf(context, subject, leaf);
                if one > verdict {
                    verdict = one;
                    rules.clear();
                }
                if one == verdict && !rules.contains(by) {
                    rules.push(by.clone());
                }
            }
        }
        if !any {
            verdict = Verdict::Withhold;
            rules.push(self.default.clone());
        }
        let modes = if verdict == Verdict::Withhold {
            self.modes(subject)
        } else {
            Vec::new()
        };
        Decision {
            verdict,
            rules,
            modes,
        }
    }

    /// The modes of Machine, Maintenance and Apps that would let it go, with
    /// the enrolled user logged on.
    fn modes(&self, subject: &Subject<'_>) -> Vec<Mode> {
        [Mode::Machine, Mode::Maintenance, Mode::Apps]
            .into_iter()
            .filter(|&mode| {
                let context = Context {
                    mode,
                    platform: Platform::WoA,
                    login: Login::User,
                };
                !subject.leaves.is_empty()
                    && subject
                        .leaves
                        .iter()
                        .all(|leaf| self.decide_leaf(context, subject, leaf).0 == Verdict::Deliver)
            })
            .collect()
    }

    /// The floor's rule, where it holds this kind back in this mode.
    fn held(&self, mode: Mode, kind: Kind) -> Option<&RuleId> {
        match kind {
            Kind::Unclassified => Some(&self.unclassified),
            kind if !floor::allows(mode, kind) => Some(&self.machine),
            _ => None,
        }
    }

    /// The decision on one leaf in one context, and the rule that determines it.
    fn decide_leaf(
        &self,
        context: Context,
        subject: &Subject<'_>,
        leaf: &Leaf,
    ) -> (Verdict, &RuleId) {
        if let Some(floor) = self.held(context.mode, leaf.kind) {
            return (Verdict::Withhold, floor);
        }
        let (mut withheld, mut delivered) = (None, None);
        for rule in self
            .rules
            .iter()
            .filter(|rule| rule.matches(context, subject, leaf))
        {
            match rule.effect {
                Verdict::Refuse => return (Verdict::Refuse, &rule.id),
                Verdict::Withhold => withheld = withheld.or(Some(&rule.id)),
                Verdict::Deliver => delivered = delivered.or(Some(&rule.id)),
            }
        }
        match (withheld, delivered) {
            (Some(rule), _) => (Verdict::Withhold, rule),
            (None, Some(rule)) => (Verdict::Deliver, rule),
            (None, None) => (Verdict::Withhold, &self.default),
        }
    }
}

#[cfg(test)]
mod tests;
