//! The addresses that every page of the console or the portal leads to.

use modegate_core::web_session::Surface;

/// Its first page.
pub fn home(surface: Surface) -> &'static str {
    match surface {
        Surface::Console => "/console",
        Surface::Portal => "/portal/apps",
    }
}

/// Its sign-in.
pub fn sign_in(surface: Surface) -> &'static str {
    match surface {
        Surface::Console => "/console/sign-in",
        Surface::Portal => "/portal/sign-in",
    }
}

/// Where the sign-in by an identity provider begins.
pub fn provider_sign_in(surface: Surface) -> &'static str {
    match surface {
        Surface::Console => "/console/sign-in/oidc",
        Surface::Portal => "/portal/sign-in/oidc",
    }
}

/// Where an identity provider sends a browser back to.
pub fn provider_return(surface: Surface) -> &'static str {
    match surface {
        Surface::Console => "/console/sign-in/oidc/return",
        Surface::Portal => "/portal/sign-in/oidc/return",
    }
}

/// Where signing out is posted to.
pub fn sign_out(surface: Surface) -> &'static str {
    match surface {
        Surface::Console => "/console/sign-out",
        Surface::Portal => "/portal/sign-out",
    }
}

/// The page of who is signed in, where there is one.
pub fn me(surface: Surface) -> Option<&'static str> {
    match surface {
        Surface::Console => Some("/console/me"),
        Surface::Portal => None,
    }
}
