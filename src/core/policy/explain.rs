//! `policy explain`: a decision on a kind in a context, with its rules.

use serde::Serialize;

use super::{Decision, PolicySet, RuleId, Subject, Verdict, floor};
use crate::classify::class_name;
use crate::context::{Context, ContextSet, Family, Mode};
use crate::kind::{Class, Kind, Leaf};
use modegate_wire::message::Verb;

/// What is to be explained.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// In which context.
    pub context: Context,
    /// For a device of which family.
    pub family: Family,
    /// In which groups.
    pub groups: &'a [String],
    /// Installing which catalogue app.
    pub app: Option<&'a str>,
    /// Commands of which kind.
    pub kind: Kind,
    /// Of this verb only.
    pub verb: Option<Verb>,
    /// Of this class only.
    pub class: Option<Class>,
}

/// A decision explained.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What is decided.
    pub verdict: Verdict,
    /// By which rules.
    pub rules: Vec<RuleExplained>,
    /// The modes that would let it go, login aside.
    pub modes: Vec<Mode>,
    /// The verb of the command that was looked at.
    pub verb: &'static str,
    /// Its class; `other`: none of the classification table.
    pub class: &'static str,
    /// Whether other commands that fit the question are decided differently.
    pub varies: bool,
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

/// No command can be what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no command of kind {} has that verb and class; there are: {there}", kind.name())]
pub struct NoSuchCommand {
    /// The kind asked for.
    pub kind: Kind,
    /// The verbs and classes that the kind has.
    pub there: String,
}

/// The verb that is usual for a kind.
pub(crate) fn usual_verb(kind: Kind) -> Verb {
    match kind {
        Kind::Inventory | Kind::ChannelRead | Kind::AppStatus | Kind::UserRead => Verb::Get,
        Kind::Setting | Kind::Unclassified => Verb::Replace,
        Kind::Certificate | Kind::Profile => Verb::Add,
        _ => Verb::Exec,
    }
}

/// Explains what `set` decides on what is asked for: on a command of the
/// kind's usual verb, if the question leaves that open.
///
/// # Errors
/// The kind has no such command.
pub fn explain(set: &PolicySet, asked: &Question<'_>) -> Result<Explanation, NoSuchCommand> {
    explain_among(set, &set.leaves(), asked)
}

/// The same where the set's leaves ([`PolicySet::leaves`]) are there already: for many questions.
///
/// # Errors
/// The kind has no such command.
pub fn explain_among(
    set: &PolicySet,
    leaves: &[Leaf],
    asked: &Question<'_>,
) -> Result<Explanation, NoSuchCommand> {
    let of_kind = leaves.iter().filter(|leaf| leaf.kind == asked.kind);
    let leaves: Vec<Leaf> = of_kind.copied().collect();
    let fits = |leaf: &&Leaf| {
        asked.verb.is_none_or(|verb| verb == leaf.verb)
            && asked.class.is_none_or(|class| class == leaf.class)
    };
    let usual = |leaf: &&&Leaf| {
        (
            leaf.verb != usual_verb(asked.kind),
            leaf.class != Class::OTHER,
        )
    };
    let fitting: Vec<&Leaf> = leaves.iter().filter(fits).collect();
    let Some(leaf) = fitting.iter().min_by_key(usual) else {
        return Err(NoSuchCommand {
            kind: asked.kind,
            there: there(&leaves),
        });
    };
    let decision = decide(set, asked, leaf);
    let rules = decision.rules.iter().map(|id| explained(set, id)).collect();
    Ok(Explanation {
        verdict: decision.verdict,
        rules,
        modes: decision.modes.clone(),
        verb: leaf.verb.name(),
        class: class_name(leaf.class).unwrap_or("other"),
        varies: fitting
            .iter()
            .any(|leaf| decide(set, asked, leaf) != decision),
        policy_set: set.digest().to_owned(),
    })
}

fn decide(set: &PolicySet, asked: &Question<'_>, leaf: &Leaf) -> Decision {
    let subject = Subject {
        family: asked.family,
        groups: asked.groups,
        app: asked.app,
        leaves: &[*leaf],
    };
    set.decide(ContextSet::only(asked.context), &subject)
}

/// The verbs of each class, in words.
fn there(leaves: &[Leaf]) -> String {
    let classes = super::space::classes(leaves, |leaf| leaf.class);
    let described = classes.iter().map(|(class, leaves)| {
        let verbs: Vec<&str> = leaves.iter().map(|leaf| leaf.verb.name()).collect();
        let class = class_name(*class).unwrap_or("other");
        format!("{class} ({})", verbs.join(", "))
    });
    let described: Vec<String> = described.collect();
    if described.is_empty() {
        return "none at all".to_owned();
    }
    described.join("; ")
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
