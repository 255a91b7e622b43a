//! `/portal/sign-in`: by the short code of a one-time link.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::link::{self, fault_word};
use crate::app::portal_links;
use crate::http::pages::visitor::{Guest, Page, page, render};
use crate::http::pages::{Form, sign_in};
use modegate_core::portal_link::{LinkFault, LinkProof, ShortCode};
use modegate_pages::portal::SignInPage;
use modegate_pages::words::{PortalWord, Text as _, Word};

/// Where to go afterwards.
#[derive(Deserialize)]
pub(in crate::http::pages) struct Query {
    #[serde(default)]
    to: String,
}

/// `GET /portal/sign-in`.
pub(in crate::http::pages) async fn show(guest: Guest, query: web::Query<Query>) -> Page {
    page(&sign_in_page(
        &guest,
        query.into_inner().to,
        String::new(),
        None,
    ))
}

/// `POST /portal/sign-in`. Every code counts against the address that it comes from, a right
/// one too: else somebody who guesses could go on behind the limit.
pub(in crate::http::pages) async fn enter(guest: Guest, request: HttpRequest, form: Form) -> Page {
    let Some(code) = ShortCode::parse(form.text("code")) else {
        return refused(&guest, &form, PortalWord::CodeForm);
    };
    let address = guest.shared.identifier.client_address(&request);
    guest.shared.rates.admit_sign_in(address)?;
    match portal_links::take(&guest.shared.app, LinkProof::Code(code)).await? {
        Ok(link) => sign_in::begin(&guest, link::session(link), form.text("to")).await,
        Err(LinkFault::Unknown) => refused(&guest, &form, PortalWord::CodeWrong),
        Err(fault) => refused(&guest, &form, fault_word(fault)),
    }
}

fn refused(guest: &Guest, form: &Form, why: PortalWord) -> Page {
    let (to, code) = (form.text("to").to_owned(), form.text("code"));
    let code = code.chars().take(32).collect();
    let text = render(&sign_in_page(guest, to, code, Some(why)))?;
    Ok(HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY)
        .content_type("text/html; charset=utf-8")
        .body(text))
}

fn sign_in_page(guest: &Guest, to: String, code: String, fault: Option<PortalWord>) -> SignInPage {
    let title = PortalWord::SignInTitle.text(guest.language);
    let title = match fault {
        None => title.to_owned(),
        Some(_) => Word::ErrorTitle.filled(guest.language, &[&title]),
    };
    SignInPage {
        shell: guest.shell(title),
        provider: sign_in::provider_link(guest, &to),
        to,
        code,
        fault: fault.map(|word| word.text(guest.language)),
    }
}
