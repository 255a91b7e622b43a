//! What in a policy set has no effect, or less than its text says.

use std::fmt;

use serde::Serialize;

use super::reachability::{RuleReachability, reachability};
use super::rule::Rule;
use super::{PolicySet, RuleId, Verdict, floor};
use crate::classify::custom_class::CustomClass;
use crate::classify::{applies, covered_by};
use crate::context::Mode;
use crate::kind::Kind;

/// Of which kind a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A rule that matches nothing that can occur.
    DeadRule,
    /// A rule that matches, but determines no decision.
    ShadowedRule,
    /// A deliver rule that names Machine and a kind that the floor holds there.
    FloorHolds,
    /// A classification of what the table knows already.
    KnownAlready,
    /// A classification over which others of the set always win.
    ShadowedClassify,
}

/// One warning: the set may come into force all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Of which kind it is.
    pub kind: WarningKind,
    /// The rule; none where it is about a classification.
    pub rule: Option<RuleId>,
    /// The file.
    pub file: String,
    /// The line of the table, from 1.
    pub line: usize,
    /// What wins over it: ids of rules, or places (`file:line`) of classifications.
    pub by: Vec<String>,
    /// The same in words.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Everything in `set` that has no effect, in the order of its files.
pub fn warnings(set: &PolicySet) -> Vec<Warning> {
    let rules = set.rules().iter().zip(reachability(set));
    let mut warnings: Vec<Warning> = rules
        .filter_map(|(rule, one)| match one {
            RuleReachability::Decides => floor_holds(rule),
            RuleReachability::Dead => Some(dead(rule)),
            RuleReachability::Shadowed(by) => Some(shadowed(rule, &by)),
        })
        .collect();
    warnings.extend(classifications(set));
    warnings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    warnings
}

fn of_rule(rule: &Rule, kind: WarningKind, by: Vec<String>, message: String) -> Warning {
    Warning {
        kind,
        rule: Some(rule.id.clone()),
        file: rule.file.clone(),
        line: rule.line,
        by,
        message: format!("rule '{}' {message}", rule.id),
    }
}

fn dead(rule: &Rule) -> Warning {
    let message = "matches nothing: no command has such a verb, kind and class".to_owned();
    of_rule(rule, WarningKind::DeadRule, Vec::new(), message)
}

fn shadowed(rule: &Rule, by: &[RuleId]) -> Warning {
    let by: Vec<String> = by.iter().map(ToString::to_string).collect();
    let message = format!("decides nothing: {} always does", by.join(" or "));
    of_rule(rule, WarningKind::ShadowedRule, by, message)
}

/// A rule that would let something go where the floor holds it back.
fn floor_holds(rule: &Rule) -> Option<Warning> {
    let machine = rule.modes != u32::MAX && rule.modes & (1 << Mode::Machine as u32) != 0;
    let held: Vec<&str> = Kind::ALL
        .iter()
        .filter(|&&kind| {
            rule.kinds & (1 << kind as u32) != 0 && !floor::allows(Mode::Machine, kind)
        })
        .map(|kind| kind.name())
        .collect();
    if rule.effect != Verdict::Deliver || !machine || held.is_empty() {
        return None;
    }
    let message = format!(
        "cannot deliver {} in Machine: the compiled-in floor withholds it",
        held.join(", ")
    );
    let by = vec![floor::MACHINE.to_owned()];
    Some(of_rule(rule, WarningKind::FloorHolds, by, message))
}

fn classifications(set: &PolicySet) -> impl Iterator<Item = Warning> {
    let entries = set.classifications();
    entries.iter().enumerate().filter_map(move |(at, entry)| {
        let (kind, by, message) = if applies(&entry.class) {
            let before = entries[..at].iter();
            let others: Vec<_> = before.chain(&entries[at + 1..]).collect();
            let custom_classes: Vec<&CustomClass> =
                others.iter().map(|entry| &entry.class).collect();
            let by: Vec<String> = covered_by(&entry.class, &custom_classes, at)
                .into_iter()
                .map(|other| format!("{}:{}", others[other].file, others[other].line))
                .collect();
            if by.is_empty() {
                return None;
            }
            let message = format!(
                "'{}' has no effect: {} classifies it at least as restrictively",
                entry.of,
                by.join(" or ")
            );
            (WarningKind::ShadowedClassify, by, message)
        } else {
            let message = format!(
                "'{}' has no effect: the classification table already contains it",
                entry.of
            );
            (WarningKind::KnownAlready, Vec::new(), message)
        };
        Some(Warning {
            kind,
            rule: None,
            file: entry.file.clone(),
            line: entry.line,
            by,
            message,
        })
    })
}
