//! A new policy set tried on what was recorded, before it comes into force:
//! what would go otherwise.

use serde::Serialize;

use super::{PolicySet, RuleId, Subject, Verdict};
use crate::context::{ContextSet, Family, Mode};
use crate::kind::{Kind, Leaf, kind_of};

/// How many differences a try-out lists; the counts are of all.
pub(crate) const DIFFERENCES: usize = 100;

/// One decision as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What the session had named.
    pub contexts: ContextSet,
    /// The device's family.
    pub family: Family,
    /// The device's groups.
    pub groups: Vec<String>,
    /// The catalogue app that the command installs, if it installs one.
    pub app: Option<String>,
    /// The command, as the caller names it.
    pub command: String,
    /// What it touches. The caller classifies it anew first where the set classifies
    /// LocURIs of its own ([`PolicySet::classifies_more`]).
    pub leaves: Vec<Leaf>,
    /// What was decided.
    pub was: Verdict,
}

/// What a set would have decided. Each decision counts once: `looked_at` is
/// the sum of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TryOut {
    /// Decisions looked at.
    pub looked_at: u64,
    /// Decided as they were.
    pub same: u64,
    /// Delivered, which were not.
    pub would_go: u64,
    /// Withheld, which were delivered.
    pub would_no_longer_go: u64,
    /// Withheld, which were refused.
    pub would_wait: u64,
    /// Refused, which were not.
    pub would_be_refused: u64,
    /// The first differences, at most [`DIFFERENCES`].
    pub differences: Vec<Difference>,
}

/// A decision that would come out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The command.
    pub command: String,
    /// Its kind.
    pub kind: Kind,
    /// What was decided.
    pub was: Verdict,
    /// What would be.
    pub now: Verdict,
    /// By which rules.
    pub rules: Vec<RuleId>,
    /// For what would be withheld: the modes that would let it go.
    pub modes: Vec<Mode>,
}

/// Decides everything recorded once more by `set`.
pub fn try_out(set: &PolicySet, recorded: impl IntoIterator<Item = Recorded>) -> TryOut {
    let mut tried = TryOut::default();
    for one in recorded {
        tried.take(set, one);
    }
    tried
}

impl TryOut {
    /// Decides one more by `set`.
    pub fn take(&mut self, set: &PolicySet, one: Recorded) {
        let subject = Subject {
            family: one.family,
            groups: &one.groups,
            app: one.app.as_deref(),
            leaves: &one.leaves,
        };
        let decision = set.decide(one.contexts, &subject);
        self.looked_at += 1;
        *self.count(one.was, decision.verdict) += 1;
        if decision.verdict != one.was && self.differences.len() < DIFFERENCES {
            self.differences.push(Difference {
                kind: kind_of(&one.leaves),
                command: one.command,
                was: one.was,
                now: decision.verdict,
                rules: decision.rules,
                modes: decision.modes,
            });
        }
    }

    /// Which count a decision belongs to.
    fn count(&mut self, was: Verdict, now: Verdict) -> &mut u64 {
        match (was, now) {
            (was, now) if was == now => &mut self.same,
            (_, Verdict::Deliver) => &mut self.would_go,
            (_, Verdict::Refuse) => &mut self.would_be_refused,
            (Verdict::Deliver, _) => &mut self.would_no_longer_go,
            _ => &mut self.would_wait,
        }
    }
}
