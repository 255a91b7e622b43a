//! Policy sets that are or were in force.

use askama::Template;
use askama::filters::HtmlSafe;
use modegate_core::time::Timestamp;

use super::policies::{PolicyFile, tone};
use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// A set where something names it: the beginning of its digest, which leads to the set for who
/// may see it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "console/policy_set_link.html")]
pub struct PolicySetLink {
    /// Its digest.
    pub digest: String,
    /// Whether whoever looks may see the set.
    pub is_linked: bool,
}

impl PolicySetLink {
    fn short(&self) -> &str {
        self.digest.get(..8).unwrap_or(&self.digest)
    }
}

// Its template escapes what it shows.
impl HtmlSafe for PolicySetLink {}

/// Which set was in force when.
#[derive(Debug, Template)]
#[template(path = "console/policy_sets.html")]
pub struct PolicySetsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The times, the newest first.
    pub spans: Vec<SpanRow>,
    /// Whether the last of them began earlier than it says.
    pub is_cut: bool,
    /// Where the list goes on.
    pub pager: Pager,
}

/// A time in which one set was in force.
#[derive(Debug)]
pub struct SpanRow {
    /// The digest of the set.
    pub digest: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None`: it is in force.
    pub until: Option<Timestamp>,
    /// Who loaded it.
    pub by: String,
    /// How often it was loaded.
    pub loads: u64,
}

/// One set.
#[derive(Debug, Template)]
#[template(path = "console/policy_set.html")]
pub struct PolicySetPage {
    /// What every page shows.
    pub shell: Shell,
    /// Its digest.
    pub digest: String,
    /// Whether it is in force.
    pub is_in_force: bool,
    /// How the set in force differs from it, in words; `None` where this version of the server
    /// does not read its files any more.
    pub differences: Option<String>,
    /// Its files.
    pub files: Vec<PolicyFile>,
}
