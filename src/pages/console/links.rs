//! One-time links to the portal, of all devices.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::pager::Pager;
use crate::shell::Shell;
use crate::words::Word;

/// Links that have not expired.
#[derive(Debug, Template)]
#[template(path = "console/links.html")]
pub struct LinksPage {
    /// What every page shows.
    pub shell: Shell,
    /// The links.
    pub rows: Vec<UnexpiredRow>,
    /// Where the list goes on.
    pub pager: Pager,
}

/// A link, never what lets somebody in.
#[derive(Debug)]
pub struct UnexpiredRow {
    /// Its id.
    pub id: String,
    /// The device: id and name.
    pub device: (String, String),
    /// Whom it signs in.
    pub user: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How many wrong codes were tried.
    pub wrong_codes: u8,
    /// Why it lets nobody in, if so.
    pub fault: Option<&'static str>,
    /// The name of the write that ends it.
    pub once: String,
}
