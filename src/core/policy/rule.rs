//! A rule: an effect, and the attributes that it matches on.

use super::{RuleId, Subject, Verdict};
use crate::context::{Context, Family};
use crate::kind::{Class, Leaf};

/// A rule, compiled: each attribute a set of bits, all set where the rule
/// does not name it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What is decided where it matches. Refuse beats withhold beats deliver.
    pub effect: Verdict,
    /// Modes, by their place.
    pub modes: u32,
    /// Platforms.
    pub platforms: u32,
    /// Login statuses.
    pub logins: u32,
    /// Families.
    pub families: u32,
    /// Kinds.
    pub kinds: u32,
    /// Verbs.
    pub verbs: u32,
    /// Classes; `None` where the rule names none.
    pub classes: Option<Vec<Class>>,
    /// Device groups; `None` where the rule names none.
    pub groups: Option<Vec<String>>,
    /// Ids of catalogue apps; `None` where the rule names none. A rule that
    /// names apps says nothing of a command that installs none.
    pub apps: Option<Vec<String>>,
    /// Which file it stands in.
    pub file: String,
    /// On which line, from 1.
    pub line: usize,
    /// The sentence that it comes from.
    pub says: Option<String>,
}

impl Rule {
    /// Whether the rule speaks about this leaf of the subject in this context.
    pub fn matches(&self, context: Context, subject: &Subject<'_>, leaf: &Leaf) -> bool {
        self.matches_context(context)
            && self.matches_leaf(leaf)
            && self.matches_family(subject.family)
            && self.matches_groups(subject.groups)
            && self.matches_app(subject.app)
    }

    /// Whether mode, platform and login are among the rule's.
    pub(crate) fn matches_context(&self, context: Context) -> bool {
        has(self.modes, context.mode as usize)
            && has(self.platforms, context.platform as usize)
            && has(self.logins, context.login as usize)
    }

    /// Whether verb, kind and class are among the rule's.
    pub(crate) fn matches_leaf(&self, leaf: &Leaf) -> bool {
        has(self.kinds, leaf.kind as usize)
            && has(self.verbs, leaf.verb as usize)
            && self
                .classes
                .as_ref()
                .is_none_or(|classes| classes.contains(&leaf.class))
    }

    /// Whether the family is among the rule's.
    pub(crate) fn matches_family(&self, family: Family) -> bool {
        has(self.families, family as usize)
    }

    /// Whether one of these groups is among the rule's.
    pub(crate) fn matches_groups(&self, groups: &[String]) -> bool {
        self.groups
            .as_ref()
            .is_none_or(|named| groups.iter().any(|group| named.contains(group)))
    }

    /// Whether the app is among the rule's.
    pub(crate) fn matches_app(&self, app: Option<&str>) -> bool {
        self.apps
            .as_ref()
            .is_none_or(|named| app.is_some_and(|app| named.iter().any(|one| one == app)))
    }
}

fn has(set: u32, place: usize) -> bool {
    set & (1 << place) != 0
}
