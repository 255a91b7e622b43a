//! Problems as pages: what went wrong and what to do next, in the visitor's language.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, web};
use uuid::Uuid;

use super::form::Resend;
use super::headers;
use super::language::language_of;
use super::visitor::{Guest, Visitor, render};
use crate::http::problem::Problem;
use crate::http::session_key::SessionKey;
use crate::http::shared::Shared;
use modegate_core::web_session::Surface;
use modegate_pages::error::ErrorPage;
use modegate_pages::words::{Language, Text as _, Word};

/// Answers with a page, and its headers, whatever happens below.
pub(super) async fn as_page(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let head = request.request().clone();
    let of = |error: &Error| error.as_error::<Problem>().cloned();
    let (mut response, problem) = match next.call(request).await {
        Ok(response) => {
            let problem = response.response().error().and_then(of);
            (response, problem)
        }
        Err(error) => (
            ServiceResponse::new(head, error.error_response()),
            of(&error),
        ),
    };
    if let (Some(problem), Some(shared)) = (problem, &shared) {
        let page = show(&response, shared, &problem);
        let (request, _) = response.into_parts();
        response = ServiceResponse::new(request, page);
    }
    let hsts = shared.is_some_and(|shared| shared.web.hsts);
    headers::add(response.status(), response.headers_mut(), hsts);
    Ok(response)
}

/// The page of a problem.
fn show(
    response: &ServiceResponse<BoxBody>,
    shared: &web::Data<Shared>,
    problem: &Problem,
) -> HttpResponse {
    let request = response.request();
    let id = Uuid::now_v7().simple().to_string();
    let status = problem.status;
    tracing::info!(request = %id, status, page = request.match_pattern(), detail = %problem.detail, "a page was not served");
    let (shell, form) = {
        let extensions = request.extensions();
        let form = extensions.get::<Resend>().map(|Resend(form)| form.clone());
        let guest = extensions.get::<Guest>().cloned();
        let shell = match (extensions.get::<Visitor>(), guest) {
            (Some(visitor), _) => visitor.shell(String::new()),
            (None, Some(guest)) => guest.shell(String::new()),
            (None, None) => nobody(request, shared).shell(String::new()),
        };
        (shell, form)
    };
    let language = shell.language;
    let (heading, advice) = words(problem, form.is_some(), language);
    let mut shell = shell;
    shell.title = Word::ErrorTitle.filled(language, &[&heading]);
    shell.notice = None;
    let page = ErrorPage {
        shell,
        heading,
        detail: has_detail(status, language).then(|| problem.detail.clone()),
        advice,
        request_id: id,
        form,
    };
    let text = render(&page).unwrap_or_default();
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap_or_default());
    let original = response.headers();
    for name in [RETRY_AFTER, actix_web::http::header::ALLOW] {
        if let Some(value) = original.get(&name) {
            answer.insert_header((name, value.clone()));
        }
    }
    answer.content_type("text/html; charset=utf-8").body(text)
}

/// Whether the problem's own words are shown. What is not there has no more to say than that;
/// the others are English, but for the conflicts that pages of the portal find themselves.
fn has_detail(status: u16, language: Language) -> bool {
    match status {
        404 => false,
        409 => true,
        _ => language == Language::English,
    }
}

fn words(problem: &Problem, has_form: bool, language: Language) -> (String, Option<String>) {
    let (heading, advice) = match problem.status {
        403 if has_form => (
            Word::OldFormTitle,
            Some(Word::OldFormAdvice.text(language).to_owned()),
        ),
        401 | 403 => (Word::ForbiddenTitle, None),
        404 => (
            Word::NotFoundTitle,
            Some(Word::NotFoundAdvice.text(language).to_owned()),
        ),
        409 | 412 => (Word::ConflictTitle, None),
        429 => {
            let seconds = problem.retry_seconds().unwrap_or(60);
            (
                Word::BusyTitle,
                Some(Word::BusyAdvice.filled(language, &[&seconds])),
            )
        }
        500.. => (
            Word::UnavailableTitle,
            Some(Word::UnavailableAdvice.text(language).to_owned()),
        ),
        _ => (Word::WrongInputTitle, None),
    };
    (heading.text(language).to_owned(), advice)
}

/// Whoever asks for what is no page.
fn nobody(request: &actix_web::HttpRequest, shared: &web::Data<Shared>) -> Guest {
    let surface = if request.path().starts_with("/portal") {
        Surface::Portal
    } else {
        Surface::Console
    };
    let accepted = request.headers().get(ACCEPT_LANGUAGE);
    let accepted = accepted
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    Guest {
        shared: shared.clone(),
        surface,
        language: language_of(surface, accepted, None),
        key: SessionKey::none(),
        secure: true,
        address: request.path().to_owned(),
    }
}
