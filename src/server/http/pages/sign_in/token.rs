//! Signing in to the console by a token of the API.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{begin, provider_link};
use crate::app::web_sessions::NewSession;
use crate::http::pages::Form;
use crate::http::pages::visitor::{Guest, Page, page, render};
use modegate_core::tokens::Access;
use modegate_core::web_session::{Subject, Surface};
use modegate_pages::sign_in::TokenSignIn;
use modegate_pages::words::{Text as _, Word};

/// Where to go afterwards.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    to: String,
}

/// `GET /console/sign-in`.
pub(in crate::http::pages) async fn show(guest: Guest, query: web::Query<Query>) -> Page {
    page(&sign_in_page(&guest, query.into_inner().to, None))
}

/// `POST /console/sign-in`. The token is looked up and not kept.
pub(in crate::http::pages) async fn sign_in(
    guest: Guest,
    request: HttpRequest,
    form: Form,
) -> Page {
    let app = &guest.shared.app;
    let found = app.tokens.find(form.text("token"), app.now());
    let Some(token) = found else {
        let address = guest.shared.identifier.client_address(&request);
        guest.shared.rates.admit_sign_in(address)?;
        return refused(&guest, &form, Word::TokenUnknown);
    };
    if token.person.is_some() || !Access::Audit.roles().contains(&token.role) {
        return refused(&guest, &form, Word::TokenNotForConsole);
    }
    let new = |key| NewSession {
        key,
        surface: Surface::Console,
        subject: Subject::Token(token.id),
        name: token.name.clone(),
        role: token.role,
        groups: token.groups.clone(),
        person: None,
        by: "a token",
    };
    begin(&guest, new, form.text("to")).await
}

fn refused(guest: &Guest, form: &Form, why: Word) -> Page {
    let page = sign_in_page(guest, form.text("to").to_owned(), Some(why));
    let text = render(&page)?;
    Ok(HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY)
        .content_type("text/html; charset=utf-8")
        .body(text))
}

fn sign_in_page(guest: &Guest, to: String, fault: Option<Word>) -> TokenSignIn {
    let title = Word::SignIn.text(guest.language);
    let title = match fault {
        None => title.to_owned(),
        Some(_) => Word::ErrorTitle.filled(guest.language, &[&title]),
    };
    TokenSignIn {
        shell: guest.shell(title),
        provider: provider_link(guest, &to),
        to,
        fault: fault.map(|word| word.text(guest.language).to_owned()),
    }
}
