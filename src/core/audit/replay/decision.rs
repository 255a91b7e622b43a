//! One decision: as it is on record, and as it comes out.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::context::{ContextSet, Mode};
use crate::event::{Event, ExchangeRecord, SubjectRecord, Touched};
use crate::ids::DeviceId;
use crate::kind::{Kind, kind_of};
use crate::policy::{PolicySet, Subject, Verdict};

/// A decision on one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// What the rules decide. A command that they deliver and that waits for something else
    /// (its time, a later session, another command) counts as delivered.
    pub verdict: Verdict,
    /// The command's kind, where the record is of the moment of the decision.
    pub kind: Option<Kind>,
    /// The rules that determined it, or what it waits for.
    pub rules: Vec<String>,
    /// Where it is withheld: the modes that would let it go.
    pub modes: Vec<Mode>,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            write!(f, "{} ", kind.name())?;
        }
        write!(f, "{}", self.verdict.name())?;
        if !self.modes.is_empty() {
            let modes: Vec<&str> = self.modes.iter().map(|mode| mode.name()).collect();
            write!(f, " until {}", modes.join(" or "))?;
        }
        write!(f, " ({})", self.rules.join(", "))
    }
}

/// A decision that comes out otherwise than it is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The device.
    pub device: DeviceId,
    /// The device's number of the exchange's event.
    pub event: u64,
    /// The command's number.
    pub command: u32,
    /// As it is on record.
    pub was: Decided,
    /// As it comes out.
    pub would_be: Decided,
}

/// What all decisions of an exchange have in common.
#[derive(Debug)]
pub(super) struct Exchanged {
    /// The number of its event.
    pub(super) event: u64,
    /// The version of its event.
    pub(super) version: u8,
    pub(super) contexts: ContextSet,
    pub(super) policy_set: String,
}

impl Exchanged {
    pub(super) fn new(event: &Event, record: &ExchangeRecord) -> Arc<Self> {
        Arc::new(Exchanged {
            event: event.seq,
            version: event.v,
            contexts: record.all_contexts(),
            policy_set: record.policy_set.clone(),
        })
    }
}

/// A decision that is on record, and what it depended on as far as its own event says it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) exchanged: Arc<Exchanged>,
    pub(super) command: u32,
    pub(super) was: Decided,
    /// What the command touched, where that is not as it was queued.
    pub(super) late: Option<Touched>,
}

/// What a decision depends on.
pub(super) struct Inputs<'a> {
    pub(super) subject: &'a SubjectRecord,
    pub(super) touched: &'a Touched,
    pub(super) app: Option<&'a str>,
}

impl Inputs<'_> {
    pub(super) fn decide(&self, set: &PolicySet, contexts: ContextSet) -> Decided {
        let leaves = self.touched.under(set);
        let subject = Subject {
            family: self.subject.family,
            groups: &self.subject.groups,
            app: self.app,
            leaves: &leaves,
        };
        let decision = set.decide(contexts, &subject);
        Decided {
            verdict: decision.verdict,
            kind: Some(kind_of(&leaves)),
            rules: decision.rules.iter().map(ToString::to_string).collect(),
            modes: decision.modes,
        }
    }
}

/// Whether a decision is the one on record, to its last rule.
pub(super) fn is_same_by_own(was: &Decided, would_be: &Decided) -> bool {
    let is_kind = was.kind.is_none() || was.kind == would_be.kind;
    let by_rules = waits(&was.rules) || was.rules == would_be.rules;
    is_kind && by_rules && is_same_by_another(was, would_be)
}

/// Whether another set decides the same, by whatever rules.
pub(super) fn is_same_by_another(was: &Decided, would_be: &Decided) -> bool {
    (was.verdict, &was.modes) == (would_be.verdict, &would_be.modes)
}

/// Whether that is not of the rules: they deliver the command, and it waits for something
/// else, or the second guard stopped it. The loader takes no rules with such ids.
pub(super) fn waits(rules: &[String]) -> bool {
    let is_own = |rule: &String| rule.starts_with("queue.") || rule.starts_with("guard.");
    rules.iter().any(is_own)
}
