//! The policy set in force: its rules, what they decide, and what another set would.

use askama::Template;
use modegate_core::policy::Verdict;

use super::form::{Control, Fault, Section};
use crate::shell::Shell;
use crate::words::Word;

/// The class of a verdict's badge.
pub fn tone(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Deliver => "good",
        Verdict::Withhold => "warn",
        Verdict::Refuse => "bad",
    }
}

/// The rules.
#[derive(Debug, Template)]
#[template(path = "console/policies.html")]
pub struct PoliciesPage {
    /// What every page shows.
    pub shell: Shell,
    /// The digest of the set.
    pub digest: String,
    /// Its files; nothing for who is bound to groups.
    pub files: Option<Vec<PolicyFile>>,
    /// What has no effect.
    pub warnings: Vec<String>,
    /// Whether whoever looks may have the files read again.
    pub may_reload: bool,
    /// Whether whoever looks may try a set.
    pub may_try: bool,
}

/// A file of a set.
#[derive(Debug)]
pub struct PolicyFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its rules.
    pub rules: Vec<RuleRow>,
}

/// A rule.
#[derive(Debug)]
pub struct RuleRow {
    /// Its id.
    pub id: String,
    /// The line that it begins on.
    pub line: usize,
    /// What it decides.
    pub effect: Verdict,
    /// The sentence that it comes from.
    pub says: String,
}

/// What is decided of each kind in each mode.
#[derive(Debug, Template)]
#[template(path = "console/policy_matrix.html")]
pub struct MatrixPage {
    /// What every page shows.
    pub shell: Shell,
    /// The modes.
    pub modes: Vec<&'static str>,
    /// For each family its kinds.
    pub families: Vec<(&'static str, Vec<KindRow>)>,
}

/// What is decided of a kind.
#[derive(Debug)]
pub struct KindRow {
    /// Its name.
    pub kind: &'static str,
    /// In each mode: the decision, the rule, and whether other commands of the kind are decided
    /// otherwise.
    pub cells: Vec<(Verdict, String, bool)>,
}

/// Why something is decided as it is.
#[derive(Debug, Template)]
#[template(path = "console/policy_explain.html")]
pub struct ExplainPage {
    /// What every page shows.
    pub shell: Shell,
    /// The question.
    pub sections: Vec<Section>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// The answer.
    pub answer: Option<ExplainedDecision>,
}

/// A decision.
#[derive(Debug)]
pub struct ExplainedDecision {
    /// What is decided.
    pub verdict: Verdict,
    /// By which rules: id, place, and the sentence that it comes from.
    pub rules: Vec<(String, String, String)>,
    /// The modes that would let it go.
    pub modes: String,
    /// The command that was looked at.
    pub command: String,
    /// Whether others that fit the question are decided otherwise.
    pub varies: bool,
}

/// What another set would decide.
#[derive(Debug, Template)]
#[template(path = "console/policy_try.html")]
pub struct TryPage {
    /// What every page shows.
    pub shell: Shell,
    /// The form.
    pub sections: Vec<Section>,
    /// What is wrong with what was entered: file, line, column.
    pub faults: Vec<Fault>,
    /// What would be otherwise.
    pub tried: Option<Tried>,
}

/// What would be otherwise.
#[derive(Debug)]
pub struct Tried {
    /// Where the sets differ, in words.
    pub differences: String,
    /// What has no effect in it.
    pub warnings: Vec<String>,
    /// How many recorded decisions would come out how.
    pub counts: Vec<(&'static str, u64)>,
    /// The first of those that would come out otherwise: command, kind, was, would be, rules.
    pub recorded: Vec<(String, &'static str, Verdict, Verdict, String)>,
    /// Whether not all was looked at.
    pub stopped_early: bool,
}
