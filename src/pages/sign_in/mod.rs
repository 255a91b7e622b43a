//! Signing in.

use askama::Template;

use crate::shell::Shell;
use crate::words::Word;

/// The console's sign-in, by a token of the API.
#[derive(Debug, Template)]
#[template(path = "sign_in/token.html")]
pub struct TokenSignIn {
    /// What every page shows.
    pub shell: Shell,
    /// The page to go to afterwards.
    pub to: String,
    /// What was wrong with the token that was sent.
    pub fault: Option<String>,
}

/// The first page of the host: which way to go.
#[derive(Debug, Template)]
#[template(path = "sign_in/start.html")]
pub struct Start {
    /// What every page shows.
    pub shell: Shell,
}
