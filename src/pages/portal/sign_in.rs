//! Signing in to the portal by a link or a code.

use askama::Template;

use crate::shell::Shell;
use crate::sign_in::ProviderLink;
use crate::words::{PortalWord, Text as _, Word};

/// The portal's sign-in, by a code.
#[derive(Debug, Template)]
#[template(path = "portal/sign_in.html")]
pub struct SignInPage {
    /// What every page shows.
    pub shell: Shell,
    /// Another way to sign in.
    pub provider: Option<ProviderLink>,
    /// The page to go to afterwards.
    pub to: String,
    /// The code that was entered.
    pub code: String,
    /// What is wrong with it.
    pub fault: Option<&'static str>,
}

/// Whose a link is.
#[derive(Debug, Template)]
#[template(path = "portal/link.html")]
pub struct LinkPage {
    /// What every page shows.
    pub shell: Shell,
    /// The text of the link.
    pub token: String,
    /// The person's name.
    pub user: String,
    /// The tablet's name.
    pub tablet: String,
}

impl LinkPage {
    fn whose(&self) -> String {
        PortalWord::LinkFor.filled(self.shell.language, &[&self.user, &self.tablet])
    }
}

/// Why a link cannot be used.
#[derive(Debug, Template)]
#[template(path = "portal/unusable_link.html")]
pub struct UnusableLinkPage {
    /// What every page shows.
    pub shell: Shell,
    /// Why.
    pub why: &'static str,
}
