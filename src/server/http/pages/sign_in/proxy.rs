//! Signing in to the portal by a trusted proxy, which has signed its user in and names them in
//! the header `web.user_header`. From any other peer the header is ignored.

use actix_web::{HttpRequest, HttpResponse};

use super::begin;
use crate::app::persons;
use crate::app::web_sessions::NewSession;
use crate::http::pages::visitor::Guest;
use crate::http::problem::{Problem, ProblemCode};
use modegate_core::fields::{is_line, quoted};
use modegate_core::fleet::fold;
use modegate_core::limits::NAME_BYTES;
use modegate_core::tokens::Role;
use modegate_core::web_session::{Subject, Surface, WebSession};

/// The user whom a trusted proxy names for this request. Two names are none.
pub(in crate::http::pages) fn user_named(guest: &Guest, request: &HttpRequest) -> Option<String> {
    let header = guest.shared.web.user_header.as_deref()?;
    if guest.surface != Surface::Portal || !guest.shared.identifier.is_proxied(request) {
        return None;
    }
    let mut named = request.headers().get_all(header);
    let user = named.next()?.to_str().ok()?.trim();
    let is_one = named.next().is_none() && !user.is_empty();
    (is_one && user.len() <= NAME_BYTES && is_line(user)).then(|| user.to_owned())
}

/// Whether a session is that of this user.
pub(in crate::http::pages) fn is_of(session: &WebSession, user: &str) -> bool {
    let person = session.person.as_ref();
    person.is_some_and(|person| fold(&person.user) == fold(user))
}

/// Signs in the user whom the proxy named, and leads to the page that was asked for.
pub(in crate::http::pages) async fn sign_in(
    guest: &Guest,
    user: &str,
) -> Result<HttpResponse, Problem> {
    let Some(person) = persons::of_user(&guest.shared.app, user).await? else {
        let detail = format!(
            "no tablet is registered for {}: ask the helpdesk",
            quoted(user)
        );
        return Err(Problem::new(ProblemCode::Forbidden, detail));
    };
    let new = |key| NewSession {
        key,
        surface: Surface::Portal,
        subject: Subject::Person(person.id()),
        name: person.user.clone(),
        role: Role::Portal,
        groups: None,
        person: Some(person.clone()),
        by: "a trusted proxy",
    };
    begin(guest, new, &guest.address).await
}
