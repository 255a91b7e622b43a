//! Which apps a tablet can have, and which it has.

use askama::Template;

use super::OfferWords;
use crate::shell::Shell;
use crate::words::{Language, PortalWord, Word};

/// A tablet among which the person chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tablet {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is the one that is shown.
    pub is_shown: bool,
}

/// An app in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version that can be had.
    pub version: String,
    /// How it stands.
    pub words: OfferWords,
    /// The page of the request for it that is under way.
    pub request: Option<String>,
}

/// The apps of one tablet.
#[derive(Debug, Template)]
#[template(path = "portal/apps.html")]
pub struct AppsPage {
    /// What every page shows.
    pub shell: Shell,
    /// The person's tablets.
    pub tablets: Vec<Tablet>,
    /// The one whose apps these are; none where the person has none.
    pub tablet: Option<Tablet>,
    /// What was looked for.
    pub wanted: String,
    /// The apps.
    pub apps: Vec<AppRow>,
    /// Whether this is not the first page.
    pub is_later: bool,
    /// Where the next page begins.
    pub next: Option<u64>,
}
