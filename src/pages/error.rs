//! The page of an error, whatever its status.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// What went wrong, and what to do.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What every page shows.
    pub shell: Shell,
    /// What went wrong.
    pub heading: String,
    /// More of it: what was expected and what came.
    pub detail: Option<String>,
    /// What to do next.
    pub advice: Option<String>,
    /// How the server's log names the request.
    pub request_id: String,
    /// The form that was sent, to be sent again.
    pub form: Option<SentForm>,
}

/// A form that was refused, with what was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentForm {
    /// Where it is posted to.
    pub action: String,
    /// Its fields, but for those that the server adds.
    pub fields: Vec<(String, String)>,
}
