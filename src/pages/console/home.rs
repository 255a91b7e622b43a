//! The first page of the console.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// Is it well, and what needs somebody.
#[derive(Debug, Template)]
#[template(path = "console/home.html")]
pub struct HomePage {
    /// What every page shows.
    pub shell: Shell,
    /// Whether the server takes requests.
    pub is_ready: bool,
    /// The digest of the policy set in force.
    pub policy_set: String,
}
