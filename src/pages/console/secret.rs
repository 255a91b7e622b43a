//! A secret that was just made.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// A secret that is shown once.
#[derive(Debug, Template)]
#[template(path = "console/secret.html")]
pub struct SecretPage {
    /// What every page shows.
    pub shell: Shell,
    /// The heading.
    pub heading: &'static str,
    /// What to do with it.
    pub about: &'static str,
    /// Names and values.
    pub values: Vec<(&'static str, String)>,
}
