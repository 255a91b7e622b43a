//! Confirming what cannot be undone.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// What is about to be done, and one button for it.
#[derive(Debug, Template)]
#[template(path = "console/devices/confirm.html")]
pub struct ConfirmPage {
    /// What every page shows.
    pub shell: Shell,
    /// The heading: what is asked.
    pub heading: &'static str,
    /// What it is about.
    pub subject: String,
    /// What comes of it, a paragraph each.
    pub facts: Vec<String>,
    /// Where it is posted to.
    pub action: String,
    /// What its button says.
    pub button: &'static str,
    /// The name of the write.
    pub once: String,
}
