//! A page that is one form.

use askama::Template;

use super::form::{Control, Fault, Section};
use crate::shell::Shell;
use crate::words::Word;

/// A form.
#[derive(Debug, Template)]
#[template(path = "console/form_page.html")]
pub struct FormPage {
    /// What every page shows.
    pub shell: Shell,
    /// What it is for.
    pub heading: String,
    /// Where it is posted to.
    pub action: String,
    /// What the button says.
    pub button: &'static str,
    /// The name of the write.
    pub once: String,
    /// The fields.
    pub sections: Vec<Section>,
    /// What is wrong with what was entered.
    pub faults: Vec<Fault>,
    /// Where to go instead.
    pub back: &'static str,
}
