//! Everything that a person asked for.

use askama::Template;

use super::clock::ClockTime;
use crate::shell::Shell;
use crate::words::{Language, PortalWord, Word};

/// A request in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// The install's id.
    pub id: String,
    /// The app's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The tablet's name.
    pub tablet: String,
    /// When it was asked for.
    pub at: ClockTime,
    /// How it stands.
    pub state: &'static str,
    /// The end of the class of its badge.
    pub tone: &'static str,
}

/// The requests, the newest first.
#[derive(Debug, Template)]
#[template(path = "portal/requests.html")]
pub struct RequestsPage {
    /// What every page shows.
    pub shell: Shell,
    /// What failed of late and was not asked for again, on the first page.
    pub failed: Vec<RequestRow>,
    /// The requests.
    pub requests: Vec<RequestRow>,
    /// Whether the person has more than one tablet.
    pub has_tablets: bool,
    /// Whether this is not the first page.
    pub is_later: bool,
    /// Where the next page begins.
    pub next: Option<u64>,
}
