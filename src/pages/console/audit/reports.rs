//! How the reports of a period are made.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// How the reports of a period are made.
#[derive(Debug, Template)]
#[template(path = "console/audit/reports.html")]
pub struct ReportsPage {
    /// What every page shows.
    pub shell: Shell,
    /// From when on, as it was entered.
    pub from: String,
    /// Until when, as it was entered.
    pub to: String,
    /// The address of the statement of the same period.
    pub statement: String,
    /// The forms: what each is, and the command that makes it.
    pub forms: Vec<(&'static str, String)>,
}
