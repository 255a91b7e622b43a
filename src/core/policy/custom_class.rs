//! Classifications of a policy set's own: `[[classify]]`.

use super::PolicySet;
use crate::classify::custom_class::CustomClass;
use crate::classify::{classify_with, leaves};
use crate::kind::Leaf;
use crate::loc_uri::LocUri;
use modegate_wire::message::Verb;

/// A classification and where it stands.
#[derive(Debug, Clone)]
pub struct CustomClassEntry {
    /// What it says.
    pub class: CustomClass,
    /// What it speaks of, as written: the LocURI, with the property or method.
    pub of: String,
    /// Which file it stands in.
    pub file: String,
    /// On which line, from 1.
    pub line: usize,
}

impl PolicySet {
    /// The leaf of `verb` on `loc_uri`: by the table first, and only where it
    /// knows nothing by this set's own classifications.
    pub fn classify(&self, verb: Verb, loc_uri: &LocUri) -> Leaf {
        classify_with(verb, loc_uri, self.custom_classes())
    }

    /// Whether the set classifies anything besides the table.
    pub(crate) fn classifies_more(&self) -> bool {
        !self.custom_classes.is_empty()
    }

    /// The set's own classifications, in the order of their files.
    pub fn classifications(&self) -> &[CustomClassEntry] {
        &self.custom_classes
    }

    /// Every leaf that the table and this set can yield.
    pub fn leaves(&self) -> Vec<Leaf> {
        leaves(self.custom_classes())
    }

    pub(super) fn custom_classes(&self) -> impl Iterator<Item = &CustomClass> + Clone {
        self.custom_classes.iter().map(|entry| &entry.class)
    }
}
