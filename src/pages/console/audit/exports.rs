//! What was exported of the log.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// What was exported of the log.
#[derive(Debug, Template)]
#[template(path = "console/audit/exports.html")]
pub struct ExportsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The exports, the newest first.
    pub rows: Vec<ExportRow>,
    /// The other pages.
    pub pager: Pager,
}

/// An export.
#[derive(Debug, Clone)]
pub struct ExportRow {
    /// The place of its event.
    pub place: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// How many entries it has, and their root.
    pub head: Option<(u64, String)>,
    /// More, in words.
    pub detail: Option<String>,
}
