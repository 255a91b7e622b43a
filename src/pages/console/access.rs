//! Who may come in: tokens and sessions.

use askama::Template;
use modegate_core::time::Timestamp;

use crate::shell::Shell;
use crate::words::Word;

/// Tokens and sessions.
#[derive(Debug, Template)]
#[template(path = "console/access.html")]
pub struct AccessPage {
    /// What every page shows.
    pub shell: Shell,
    /// The tokens.
    pub tokens: Vec<TokenRow>,
    /// Who is signed in.
    pub sessions: Vec<SessionRow>,
    /// Whether this is not the first page of them.
    pub is_later: bool,
    /// Where the list of sessions goes on.
    pub next: Option<u64>,
    /// Where a session is ended.
    pub base: &'static str,
}

/// A token, never its text.
#[derive(Debug)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: &'static str,
    /// What it is bound to, in words.
    pub scope: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// A session.
#[derive(Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// Who.
    pub name: String,
    /// Of what: console or portal.
    pub surface: &'static str,
    /// What they may do.
    pub role: &'static str,
    /// When it began.
    pub made_at: Timestamp,
    /// When it was used last.
    pub seen_at: Timestamp,
    /// When it ends if nobody uses it.
    pub ends_at: Timestamp,
    /// Whether it is that of whoever looks.
    pub is_own: bool,
    /// Where all of the same token or person are ended, for who may.
    pub end_all: Option<String>,
}

/// A token that was just made.
#[derive(Debug, Template)]
#[template(path = "console/token_made.html")]
pub struct TokenMadePage {
    /// What every page shows.
    pub shell: Shell,
    /// Its name.
    pub name: String,
    /// Its text: here and never again.
    pub text: String,
}

/// Who am I.
#[derive(Debug, Template)]
#[template(path = "console/me.html")]
pub struct MePage {
    /// What every page shows.
    pub shell: Shell,
    /// Who, with which role and groups, and how the log names it.
    pub facts: Vec<(&'static str, String)>,
    /// Own sessions.
    pub sessions: Vec<SessionRow>,
    /// Where a session is ended.
    pub base: &'static str,
}
