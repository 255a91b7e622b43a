//! One app: what it is, and whether a tablet can have it.

use askama::Template;

use super::{OfferWords, Tablet};
use crate::shell::Shell;
use crate::words::{Language, PortalWord, Word};

/// One app on one tablet.
#[derive(Debug, Template)]
#[template(path = "portal/app.html")]
pub struct AppPage {
    /// What every page shows.
    pub shell: Shell,
    /// The tablet.
    pub tablet: Tablet,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The version that can be had.
    pub version: String,
    /// How it stands.
    pub words: OfferWords,
    /// The page of the person's latest request for it.
    pub request: Option<String>,
    /// The name of the write that its form does.
    pub once: String,
}
