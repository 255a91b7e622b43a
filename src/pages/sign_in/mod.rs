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
    /// Another way to sign in.
    pub provider: Option<ProviderLink>,
    /// The page to go to afterwards.
    pub to: String,
    /// What was wrong with the token that was sent.
    pub fault: Option<String>,
}

/// A link that begins the sign-in at an identity provider.
#[derive(Debug, Clone)]
pub struct ProviderLink {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub text: String,
}

/// Why somebody who comes back from an identity provider is not signed in.
#[derive(Debug, Template)]
#[template(path = "sign_in/provider_fault.html")]
pub struct ProviderFault {
    /// What every page shows.
    pub shell: Shell,
    /// Why.
    pub why: String,
    /// Where to begin again.
    pub again: &'static str,
    /// The other ways to sign in.
    pub other: &'static str,
}

/// The first page of the host: which way to go.
#[derive(Debug, Template)]
#[template(path = "sign_in/start.html")]
pub struct Start {
    /// What every page shows.
    pub shell: Shell,
}
