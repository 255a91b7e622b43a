//! What is asked once more, before something is done that cannot be undone.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// Whether it is to be done.
#[derive(Debug, Template)]
#[template(path = "console/confirm.html")]
pub struct ConfirmPage {
    /// What every page shows.
    pub shell: Shell,
    /// The question.
    pub heading: String,
    /// What follows from it.
    pub text: String,
    /// What it concerns: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// Where the form is posted to.
    pub action: String,
    /// What the button says.
    pub button: &'static str,
    /// The name of the write.
    pub once: String,
    /// More of the form: names and values.
    pub fields: Vec<(&'static str, String)>,
    /// Where to go instead.
    pub back: String,
}
