//! Signing in and out.

#[cfg(feature = "oidc")]
pub(super) mod oidc;
pub(super) mod proxy;
pub(super) mod token;

use actix_web::HttpResponse;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::cookies::Cookie;
use super::visitor::{Guest, Page, Visitor, page};
use crate::app::web_sessions::{self, NewSession};
use crate::http::session_key::SessionKey;
use modegate_core::web_session::SessionDigest;
use modegate_pages::address;
use modegate_pages::sign_in::{ProviderLink, Start};
use modegate_pages::words::{Text as _, Word};

/// `GET /`: which way to go.
pub(super) async fn start(guest: Guest) -> Page {
    page(&Start {
        shell: guest.shell("modegate"),
    })
}

/// `POST /console/sign-out` and `/portal/sign-out`.
pub(super) async fn sign_out(visitor: Visitor) -> Page {
    let guest = &visitor.guest;
    web_sessions::end(visitor.app(), visitor.by(), visitor.session.id).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, address::sign_in(guest.surface)))
        .insert_header((
            SET_COOKIE,
            Cookie::Session(guest.surface).removed(guest.secure),
        ))
        .finish())
}

/// The link by which one signs in at the identity provider, if there is one, and goes on to `to`.
pub(super) fn provider_link(guest: &Guest, to: &str) -> Option<ProviderLink> {
    let provider = guest.shared.web.provider.as_deref()?;
    let start = address::provider_sign_in(guest.surface);
    let to = utf8_percent_encode(to, NON_ALPHANUMERIC);
    Some(ProviderLink {
        href: format!("{start}?to={to}"),
        text: Word::SignInWith.filled(guest.language, &[&provider]),
    })
}

/// Begins the session that `new` makes for a key that nobody knew before, and leads on.
pub(super) async fn begin(
    guest: &Guest,
    new: impl FnOnce(SessionDigest) -> NewSession,
    to: &str,
) -> Page {
    let key = SessionKey::random();
    web_sessions::begin(&guest.shared.app, new(key.digest())).await?;
    let (surface, home) = (guest.surface, address::home(guest.surface));
    let place = Some(to).filter(|to| is_own_page(to, home));
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((LOCATION, place.unwrap_or(home)))
        .append_header((SET_COOKIE, Cookie::Session(surface).set(&key, guest.secure)))
        .append_header((SET_COOKIE, Cookie::SignIn.removed(guest.secure)));
    Ok(response.finish())
}

/// Whether an address leads to a page of the same site, and nowhere else.
pub(super) fn is_own_page(to: &str, home: &str) -> bool {
    let site = home.trim_end_matches("/apps");
    let rest = to.strip_prefix(site);
    let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    is_below
        && to
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn after_signing_in_one_stays_on_the_site() {
        for (to, home, expected) in [
            ("/console", "/console", true),
            ("/console/devices?q=a%20b", "/console", true),
            ("/portal/installs/7", "/portal/apps", true),
            ("/portal", "/console", false),
            ("/consoles", "/console", false),
            ("//evil.example/console", "/console", false),
            ("https://evil.example/console", "/console", false),
            ("/console/\\evil", "/console", false),
            ("/console\r\nset-cookie: a=b", "/console", false),
            ("", "/console", false),
        ] {
            assert_eq!(is_own_page(to, home), expected, "{to}");
        }
    }
}
