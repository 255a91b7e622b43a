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
