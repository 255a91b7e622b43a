//! Signing in by an identity provider. It begins with a link: a browser does not follow a form
//! to another site where `form-action` allows this one only.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::begin;
use crate::app::oidc::{self, Visit};
use crate::app::web_sessions::NewSession;
use crate::http::pages::visitor::{Guest, Page, render, see_other};
use crate::oidc::{ReturnQuery, SignInFault, StateFault};
use modegate_core::fields::quoted;
use modegate_pages::address;
use modegate_pages::sign_in::ProviderFault;
use modegate_pages::words::{Text as _, Word};

/// When to try again while the provider does not answer, seconds.
const RETRY: &str = "10";

/// Where to go afterwards.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    to: String,
}

/// `GET /console/sign-in/oidc` and `/portal/sign-in/oidc`: leads to the provider.
pub(in crate::http::pages) async fn start(guest: Guest, query: web::Query<Query>) -> Page {
    let return_to = address::provider_return(guest.surface);
    let app = &guest.shared.app;
    match oidc::begin(app, visit(&guest), &query.to, return_to).await? {
        Ok(url) => Ok(see_other(url.as_str())),
        Err(fault) => refused(&guest, &fault),
    }
}

/// `GET /console/sign-in/oidc/return` and `/portal/sign-in/oidc/return`: the way back.
pub(in crate::http::pages) async fn finish(
    guest: Guest,
    request: HttpRequest,
    query: web::Query<ReturnQuery>,
) -> Page {
    let return_to = address::provider_return(guest.surface);
    let app = &guest.shared.app;
    match oidc::finish(app, visit(&guest), &query, return_to).await? {
        Ok(returned) => {
            let new = |key| NewSession {
                key,
                ..returned.session
            };
            begin(&guest, new, &returned.to).await
        }
        Err(fault) => {
            if !matches!(fault, SignInFault::Unavailable(_)) {
                let address = guest.shared.identifier.client_address(&request);
                guest.shared.rates.admit_sign_in(address)?;
            }
            refused(&guest, &fault)
        }
    }
}

fn visit(guest: &Guest) -> Visit {
    Visit {
        surface: guest.surface,
        browser: guest.key.digest(),
    }
}

/// Why somebody is not signed in.
fn refused(guest: &Guest, fault: &SignInFault) -> Page {
    let surface = guest.surface.name();
    tracing::warn!(surface, ?fault, "sign-in by the identity provider failed");
    let language = guest.language;
    let provider = guest.shared.web.provider.as_deref().unwrap_or_default();
    let (status, why) = match fault {
        SignInFault::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Word::ProviderUnavailable.filled(language, &[&provider]),
        ),
        SignInFault::State(StateFault::Expired) => (
            StatusCode::GONE,
            Word::SignInExpired.text(language).to_owned(),
        ),
        SignInFault::State(StateFault::Used) => {
            (StatusCode::GONE, Word::SignInUsed.text(language).to_owned())
        }
        other => (StatusCode::FORBIDDEN, forbidden(guest, provider, other)),
    };
    let shell =
        guest.shell(Word::ErrorTitle.filled(language, &[&Word::NotSignedIn.text(language)]));
    let text = render(&ProviderFault {
        why,
        again: address::provider_sign_in(guest.surface),
        other: address::sign_in(guest.surface),
        // Without what the provider sent: pages are printed with their address.
        shell: modegate_pages::Shell {
            address: address::provider_sign_in(guest.surface).to_owned(),
            ..shell
        },
    })?;
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((RETRY_AFTER, RETRY));
    }
    Ok(response.content_type("text/html; charset=utf-8").body(text))
}

fn forbidden(guest: &Guest, provider: &str, fault: &SignInFault) -> String {
    let language = guest.language;
    match fault {
        SignInFault::Denied => Word::ProviderDenied.filled(language, &[&provider]),
        SignInFault::Refused(code) => {
            Word::ProviderRefused.filled(language, &[&provider, &quoted(code)])
        }
        SignInFault::NoRole(seen) => Word::ProviderNoRole.filled(language, &[&provider, seen]),
        SignInFault::NoUser => Word::ProviderNoUser.filled(language, &[&provider]),
        SignInFault::NoDevice(user) => Word::ProviderNoDevice.filled(language, &[user]),
        SignInFault::State(_) | SignInFault::Unavailable(_) => {
            Word::SignInUnknown.text(language).to_owned()
        }
        SignInFault::Unproven(_) => Word::ProviderUnproven.filled(language, &[&provider]),
    }
}
