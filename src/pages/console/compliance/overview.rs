//! The baselines in force.

use askama::Template;

use super::StateCount;
use crate::shell::Shell;
use crate::words::Word;

/// The baselines in force.
#[derive(Debug, Template)]
#[template(path = "console/compliance/overview.html")]
pub struct CompliancePage {
    /// What every page shows.
    pub shell: Shell,
    /// The baselines.
    pub baselines: Vec<BaselineRow>,
    /// The digest of all of them.
    pub digest: String,
    /// Devices that wait to be judged; `None` for who does not see all.
    pub waiting: Option<u64>,
    /// Whether devices are still to be judged by the set in force.
    pub is_sweeping: bool,
    /// Devices that no baseline covers; `None` for who does not see all.
    pub not_covered: Option<u64>,
}

/// A baseline.
#[derive(Debug, Clone)]
pub struct BaselineRow {
    /// Its id.
    pub id: String,
    /// The families that it covers.
    pub families: String,
    /// The groups that it is narrowed to, as far as the visitor may know of them.
    pub groups: Option<String>,
    /// How many controls it has.
    pub controls: usize,
    /// How many devices are in each state; `None` for who does not see all.
    pub counts: Option<Vec<StateCount>>,
}
