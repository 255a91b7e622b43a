//! The cookies of the pages. Over TLS their names begin with `__Host-`, so that no other host
//! can set them.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;

use crate::http::session_key::SessionKey;
use modegate_core::web_session::Surface;

/// Longest header that is read, bytes.
const HEADER_BYTES: usize = 4_096;

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A session of a site.
    Session(Surface),
    /// A sign-in under way.
    SignIn,
}

impl Cookie {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Session(Surface::Console), true) => "__Host-mgc",
            (Cookie::Session(Surface::Console), false) => "mgc",
            (Cookie::Session(Surface::Portal), true) => "__Host-mgp",
            (Cookie::Session(Surface::Portal), false) => "mgp",
            (Cookie::SignIn, true) => "__Host-mgs",
            (Cookie::SignIn, false) => "mgs",
        }
    }

    /// The key in the request's cookie.
    pub(super) fn read(self, request: &HttpRequest, secure: bool) -> Option<SessionKey> {
        let header = request.headers().get(COOKIE)?.to_str().ok()?;
        if header.len() > HEADER_BYTES {
            return None;
        }
        let mut pairs = header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == self.name(secure))?;
        SessionKey::parse(value)
    }

    /// The header that sets it. The server ends sessions; a browser drops it when it is closed.
    pub(super) fn set(self, key: &SessionKey, secure: bool) -> String {
        self.header(key.reveal(), "", secure)
    }

    /// The header that removes it.
    pub(super) fn removed(self, secure: bool) -> String {
        self.header(
            "",
            "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            secure,
        )
    }

    fn header(self, value: &str, more: &str, secure: bool) -> String {
        let flag = if secure { "; Secure" } else { "" };
        let name = self.name(secure);
        format!("{name}={value}; Path=/{flag}; HttpOnly; SameSite=Lax{more}")
    }
}
