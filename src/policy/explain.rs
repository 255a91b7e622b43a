//! `policy explain`: a decision on a kind in a context, with its rules.

use serde::Serialize;

use super::{PolicySet, RuleId, Subject, Verdict, floor};
use crate::context::{Context, ContextSet, Family, Mode};
use crate::kind::{Class, Kind, Leaf};
use crate::wire::message::Verb;

/// A decision explained.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What is decided.
    pub verdict: Verdict,
    /// By which rules.
    pub rules: Vec<RuleExplained>,
    /// The modes that would let it go, login aside.
    pub modes: Vec<Mode>,
    /// The set that decides.
    pub policy_set: String,
}

/// A rule that determined the decision.
#[derive(Debug, Serialize)]
pub struct RuleExplained {
    /// Its id.
    pub id: RuleId,
    /// File and line, or where it is compiled in.
    pub at: String,
    /// The sentence it comes from.
    pub says: Option<String>,
}

/// A leaf that stands for its kind, of a verb that is usual for it.
pub fn usual_leaf(kind: Kind) -> Leaf {
    let verb = match kind {
        Kind::Inventory | Kind::ChannelRead | Kind::AppStatus | Kind::UserRead => Verb::Get,
        Kind::Setting | Kind::Unclassified => Verb::Replace,
        Kind::Certificate | Kind::Profile => Verb::Add,
        _ => Verb::Exec,
    };
    Leaf {
        verb,
        kind,
        class: Class::OTHER,
    }
}

/// Explains what `set` decides on a command of `kind`.
pub fn explain(set: &PolicySet, context: Context, kind: Kind, family: Family) -> Explanation {
    let leaves = [usual_leaf(kind)];
    let decision = set.decide(
        ContextSet::only(context),
        &Subject {
            family,
            groups: &[],
            leaves: &leaves,
        },
    );
    let rules = decision.rules.iter().map(|id| explained(set, id)).collect();
    Explanation {
        verdict: decision.verdict,
        rules,
        modes: decision.modes,
        policy_set: set.digest().to_owned(),
    }
}

fn explained(set: &PolicySet, id: &RuleId) -> RuleExplained {
    let (at, says) = match set.rules().iter().find(|rule| rule.id == *id) {
        Some(rule) => (format!("{}:{}", rule.file, rule.line), rule.says.clone()),
        None if id.0.starts_with("floor.") => (
            "compiled in: no file can widen it".to_owned(),
            Some(floor::VERSION.to_owned()),
        ),
        None => (
            "compiled in".to_owned(),
            Some("what no rule delivers is withheld".to_owned()),
        ),
    };
    RuleExplained {
        id: id.clone(),
        at,
        says,
    }
}
