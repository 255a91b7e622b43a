//! What somebody should act on.

use askama::Template;
use modegate_core::alert::Severity;
use modegate_core::time::Timestamp;

use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// The alerts: open ones first, those that are over below.
#[derive(Debug, Template)]
#[template(path = "console/alerts.html")]
pub struct AlertsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The severity that is looked for; empty for all.
    pub severity: String,
    /// Those that are open; `None` on a later page of those that are over.
    pub open: Option<Vec<AlertRow>>,
    /// Whether more are open than are shown.
    pub more_open: bool,
    /// Those that are over.
    pub cleared: Vec<AlertRow>,
    /// The other pages of those that are over.
    pub pager: Pager,
    /// Whether only what concerns some devices is shown.
    pub is_bound: bool,
}

/// An alert.
#[derive(Debug, Clone)]
pub struct AlertRow {
    /// Its kind.
    pub kind: &'static str,
    /// What it is about.
    pub subject: String,
    /// Where that is shown.
    pub href: Option<String>,
    /// How urgent it is.
    pub severity: Severity,
    /// What was found when it was raised.
    pub message: String,
    /// What to do about it.
    pub action: &'static str,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was over.
    pub cleared_at: Option<Timestamp>,
}

impl AlertRow {
    /// The end of the class of its badge.
    pub fn tone(&self) -> &'static str {
        match self.severity {
            Severity::Critical => "bad",
            Severity::Warning => "warn",
        }
    }
}
