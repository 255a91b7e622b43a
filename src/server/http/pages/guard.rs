//! What every request for a page passes before its handler, by what the table says of it: host,
//! rate, session, and for a form its type, its origin and its token; then the role.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::audience::For;
use super::cookies::Cookie;
use super::form::{self, Form};
use super::language::language_of;
use super::origin::Sender;
use super::sign_in::proxy;
use super::table::Entry;
use super::visitor::{Guest, Visitor, notice_named, see_other, stored};
use crate::app::web_sessions::{self, SignedIn};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::session_key::SessionKey;
use crate::http::shared::Shared;
use crate::http::site::Transport;
use modegate_core::fields::quoted;
use modegate_pages::address;
use modegate_pages::words::Language;
use modegate_store::api::IdempotencyKey;
use serde::Deserialize;

/// Longest address of a page, bytes.
const ADDRESS_BYTES: usize = 4_096;
/// The type of a form.
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Lets a request through to its handler, or not.
pub(super) async fn guard(
    entry: &'static Entry,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let shared = shared.ok_or_else(|| Problem::missing("page"))?;
    check_host(&request, &shared)?;
    let form = match *request.method() {
        Method::POST => Some(read_form(&mut request).await?),
        _ => None,
    };
    let (guest, is_new) = guest(entry, &request, shared);
    request.extensions_mut().insert(guest.clone());
    match entry.whom {
        For::All(_) => for_all(guest, is_new, request, form, next).await,
        _ => for_somebody(entry.whom, guest, request, form, next).await,
    }
}

/// A page that everybody may open. Whoever comes first gets the key of a sign-in, by which its
/// forms are known.
async fn for_all(
    guest: Guest,
    is_new: bool,
    request: ServiceRequest,
    form: Option<Form>,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(form) = form {
        check_form(&guest, &request, &form)?;
        request.extensions_mut().insert(form);
    }
    let mut response = next.call(request).await?;
    if is_new && !response.headers().contains_key(SET_COOKIE) {
        let cookie = Cookie::SignIn.set(&guest.key, guest.secure);
        set_cookie(&mut response, &cookie);
    }
    Ok(response)
}

/// A page for who is signed in.
async fn for_somebody(
    whom: For,
    guest: Guest,
    request: ServiceRequest,
    form: Option<Form>,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Nonsense is no question of every page.
    let query: Query = serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let found = signed_in(&guest, &query).await?;
    let newcomer = newcomer(&guest, &request, found.as_ref());
    if let (Some(user), None) = (&newcomer, &form) {
        let response = proxy::sign_in(&guest, user).await?;
        return Ok(request.into_response(response));
    }
    let Some(signed_in) = found.filter(|_| newcomer.is_none()) else {
        return refused(guest, request, form.as_ref());
    };
    let accepted = header(&request, ACCEPT_LANGUAGE.as_str()).unwrap_or_default();
    let visitor = visitor(guest, signed_in, query, &accepted);
    request.extensions_mut().insert(visitor.clone());
    admit(&visitor, form.is_some())?;
    if let Some(form) = &form {
        check_form(&visitor.guest, &request, form)?;
    }
    if !whom.admits(visitor.by()) {
        if form.is_some() {
            log_refusal(&visitor, request.request()).await;
        }
        return Err(not_for(whom, &visitor).into());
    }
    match form {
        None => next.call(request).await,
        Some(form) => {
            let sender = visitor.clone();
            let response = send_once(visitor, request, form, next).await?;
            // What is for all devices is refused to who is bound to groups by its use case.
            if response.status() == StatusCode::FORBIDDEN {
                log_refusal(&sender, response.request()).await;
            }
            Ok(response)
        }
    }
}

/// Logs a form that is not for its sender, for an operator to find. The answer is the same
/// where the log has no room for more.
async fn log_refusal(visitor: &Visitor, request: &HttpRequest) {
    let rates = &visitor.guest.shared.rates;
    if rates
        .admit_refused_form(visitor.session.id.0.as_bytes())
        .is_err()
    {
        return;
    }
    // The path as the table has it: what stands in an address may be anything.
    let (path, role) = (request.match_pattern(), visitor.by().role().name());
    let path = path.unwrap_or_default();
    let detail = format!(
        "the form of {path}, session {} with the role {role}",
        visitor.session.id
    );
    let logged = web_sessions::log_refused_form(visitor.app(), visitor.by(), detail).await;
    if let Err(error) = logged {
        tracing::error!(%error, "could not log a refused form");
    }
}

/// The user whom a proxy named and whose session this is not: behind a proxy that signs people
/// in, its word is what counts.
fn newcomer(guest: &Guest, request: &ServiceRequest, found: Option<&SignedIn>) -> Option<String> {
    let named = proxy::user_named(guest, request.request());
    let is_theirs = |user: &str| found.is_some_and(|found| proxy::is_of(&found.session, user));
    named.filter(|user| !is_theirs(user))
}

/// A form, whose write is done once however often it is sent.
async fn send_once(
    visitor: Visitor,
    request: ServiceRequest,
    form: Form,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let once = once(&visitor, request.path(), &form);
    // Held until the write is done: the same form sent twice at once is one write.
    let _in_flight = match &once {
        None => None,
        Some(key) => {
            let detail = "this form is being worked on";
            let busy = || Problem::new(ProblemCode::RequestInProgress, detail);
            let in_flight = visitor.guest.shared.in_flight.enter(key).ok_or_else(busy)?;
            if let Some(response) = stored(visitor.app(), key).await? {
                return Ok(request.into_response(response));
            }
            Some(in_flight)
        }
    };
    request.extensions_mut().insert(Visitor { once, ..visitor });
    request.extensions_mut().insert(form);
    next.call(request).await
}

fn check_host(request: &ServiceRequest, shared: &Shared) -> Result<(), Problem> {
    let names = &shared.web.names;
    let host = header(request, "host").unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host.as_str(), |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if names.is_empty() || names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let detail = format!(
        "expected one of the host names in web.names, found {}",
        quoted(name)
    );
    Err(Problem::new(ProblemCode::MisdirectedRequest, detail))
}

/// Whoever asks; the sign-in under way of a page that needs no session may be new.
fn guest(entry: &Entry, request: &ServiceRequest, shared: web::Data<Shared>) -> (Guest, bool) {
    let surface = entry.whom.surface();
    let transport = request
        .app_data::<Transport>()
        .copied()
        .unwrap_or(Transport::Plain);
    let secure = shared.web.is_secure(transport);
    let cookie = match entry.whom {
        For::All(_) => Cookie::SignIn,
        _ => Cookie::Session(surface),
    };
    let key = cookie.read(request.request(), secure);
    let is_new = key.is_none();
    let address: String = request.uri().to_string();
    let guest = Guest {
        surface,
        language: language_of(
            surface,
            &header(request, ACCEPT_LANGUAGE.as_str()).unwrap_or_default(),
            None,
        ),
        key: key.unwrap_or_else(SessionKey::random),
        secure,
        address: address.chars().take(ADDRESS_BYTES).collect(),
        shared,
    };
    (guest, is_new)
}

/// Who is signed in. A page that looks for news by itself is not used by anybody.
async fn signed_in(guest: &Guest, query: &Query) -> Result<Option<SignedIn>, Problem> {
    let (app, key) = (&guest.shared.app, guest.key.digest());
    let found = web_sessions::find(app, key, guest.surface, query.since.is_none()).await;
    Ok(found?)
}

/// What every page may be asked with.
#[derive(Default, Deserialize)]
struct Query {
    since: Option<String>,
    notice: Option<String>,
}

/// Without a session a page leads to the sign-in, and back; a form is shown again, with what
/// was entered.
fn refused(
    guest: Guest,
    request: ServiceRequest,
    form: Option<&Form>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let sign_in = address::sign_in(guest.surface);
    let Some(form) = form else {
        let to = utf8_percent_encode(&guest.address, NON_ALPHANUMERIC);
        let place = format!("{sign_in}?to={to}");
        return Ok(request.into_response(see_other(&place)));
    };
    if Sender::of(request.request()) == Sender::Own {
        let again = form::resend(request.path(), form);
        request.extensions_mut().insert(again);
    }
    let detail = format!(
        "the session has ended: sign in again in another tab ({sign_in}), then send the form again"
    );
    Err(Problem::new(ProblemCode::Unauthorized, detail).into())
}

fn visitor(guest: Guest, signed_in: SignedIn, query: Query, accepted: &str) -> Visitor {
    let SignedIn { session, principal } = signed_in;
    let chosen = session.language.as_deref().and_then(Language::from_tag);
    let language = language_of(guest.surface, accepted, chosen);
    let named = |name: &str| notice_named(guest.surface, language, name);
    Visitor {
        principal,
        since: query.since,
        notice: query.notice.as_deref().and_then(named),
        once: None,
        session,
        guest: Guest { language, ..guest },
    }
}

/// How often one session may come.
fn admit(visitor: &Visitor, writes: bool) -> Result<(), Problem> {
    let rates = &visitor.guest.shared.rates;
    let id = visitor.session.id.0.as_bytes();
    rates.admit_session(id)?;
    if writes && visitor.by().person().is_some() {
        rates.admit_person(id)?;
    }
    Ok(())
}

/// A form that this session's own page sent.
fn check_form(guest: &Guest, request: &ServiceRequest, form: &Form) -> Result<(), Problem> {
    let sender = Sender::of(request.request());
    if sender == Sender::Other {
        let detail = "the form was sent by a page of another site";
        return Err(Problem::new(ProblemCode::Forbidden, detail));
    }
    if guest.key.is_csrf(form.exact(form::CSRF)) {
        return Ok(());
    }
    // Only what this site's own page sent is offered to be sent again: a button that sends
    // another site's form would be what the token prevents.
    if sender == Sender::Own {
        let again = form::resend(request.path(), form);
        request.extensions_mut().insert(again);
    }
    let detail = "the form is not one of this session";
    Err(Problem::new(ProblemCode::Forbidden, detail))
}

fn not_for(whom: For, visitor: &Visitor) -> Problem {
    let detail = match whom {
        For::Console(access) => format!(
            "this needs the role {}; you are signed in with the role {}",
            access.needed(),
            visitor.by().role().name()
        ),
        For::Person | For::All(_) => "this is for the user of a tablet".to_owned(),
    };
    Problem::new(ProblemCode::Forbidden, detail)
}

/// The body of a form. A write that was asked for twice is told by the field that its page made.
async fn read_form(request: &mut ServiceRequest) -> Result<Form, Error> {
    let given = header(request, CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(FORM_TYPE) {
        let detail = format!("expected {FORM_TYPE}, found {}", quoted(essence));
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail).into());
    }
    let payload = request.extract::<web::Payload>().await?;
    let body = payload.to_bytes_limited(form::BYTES).await;
    let too_large = |_| {
        let detail = format!("expected a form of at most {} bytes", form::BYTES);
        Problem::new(ProblemCode::BodyTooLarge, detail)
    };
    let broken = |_| Problem::new(ProblemCode::MalformedBody, "the form broke off");
    Ok(Form::read(&body.map_err(too_large)?.map_err(broken)?)?)
}

/// The name of a write, by the field that its page made, with the digest of what was entered.
fn once(visitor: &Visitor, path: &str, form: &Form) -> Option<IdempotencyKey> {
    let key = form.optional(form::ONCE)?;
    let is_good = key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut hasher = Sha256::new();
    let entered = form.entered();
    let fields = entered
        .iter()
        .flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    for part in std::iter::once(path).chain(fields) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    is_good.then(|| IdempotencyKey {
        scope: format!("web:{}", visitor.session.id),
        key: key.to_owned(),
        digest: hasher.finalize().into(),
        at: visitor.now(),
    })
}

fn set_cookie(response: &mut ServiceResponse<BoxBody>, cookie: &str) {
    if let Ok(value) = cookie.parse() {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn header(request: &ServiceRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}
