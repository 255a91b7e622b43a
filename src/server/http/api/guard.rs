//! What every request to the API passes before its handler, by what the table
//! says of its endpoint: token, rate, role, query, idempotency key; and after it,
//! whether the caller has the current response already.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use serde_json::Value;

use super::caller::{Caller, unauthorized};
use super::endpoint::{Endpoint, ParamKind};
use super::idempotency;
use crate::app::revision::Match;
use crate::app::{CURSOR_BYTES, Principal};
use crate::http::problem::{Problem, ProblemCode};
use crate::http::shared::Shared;
use modegate_core::fields::{is_line, quoted, shortened};
use modegate_core::suggestion::nearest;
use modegate_core::time::Timestamp;
use modegate_core::tokens::{Access, Token};
use modegate_store::api::IdempotencyKey;

/// Longest value of a query parameter that is text, bytes.
const TEXT_BYTES: usize = 512;

/// Lets a request through to its handler, or not.
pub(super) async fn guard(
    endpoint: &'static Endpoint,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if endpoint.access == Access::Public {
        check_query(endpoint, request.query_string())?;
        return next.call(request).await;
    }
    let shared = shared(&request)?;
    let is_for_all = endpoint.access == Access::Proof && shared.app.audit_public;
    if is_for_all && !request.headers().contains_key(AUTHORIZATION) {
        let address = shared.identifier.client_address(request.request());
        shared.rates.admit_address(address).map_err(Problem::from)?;
        check_query(endpoint, request.query_string())?;
        return next.call(request).await;
    }
    let token = authenticate(&shared, request.headers())?;
    check_role(endpoint.access, &token)?;
    check_query(endpoint, request.query_string())?;
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        request.extensions_mut().insert(Caller {
            shared,
            principal: Principal::new(token),
            idempotency_key: None,
            if_match: None,
        });
        let wanted = header(request.headers(), IF_NONE_MATCH.as_str());
        return Ok(unless_known(next.call(request).await?, wanted.as_deref()));
    }
    let if_match = header(request.headers(), IF_MATCH.as_str()).map(|value| Match::read(&value));
    if !endpoint.tagged && matches!(if_match, Some(Match::Tags(_))) {
        let detail = "If-Match: expected *, found tags: this resource has no ETag";
        return Err(Problem::new(ProblemCode::PreconditionFailed, detail).into());
    }
    if endpoint.body.is_none() {
        check_no_body(&mut request).await?;
    }
    let idempotency_key = idempotency_key(&mut request, &token, shared.app.now()).await?;
    let _in_flight = match &idempotency_key {
        None => None,
        Some(key) => {
            let in_flight = idempotency::enter(&shared, key)?;
            if let Some(stored) = idempotency::stored_response(&shared, key).await? {
                return Ok(request.into_response(replayed(stored)));
            }
            Some(in_flight)
        }
    };
    let caller = Caller {
        shared,
        principal: Principal::new(token),
        idempotency_key,
        if_match,
    };
    request.extensions_mut().insert(caller);
    next.call(request).await
}

/// For what is no endpoint: a caller without a token learns nothing, not even that.
pub(in crate::http) fn is_known(request: &actix_web::HttpRequest) -> Result<(), Problem> {
    let shared = request.app_data::<web::Data<Shared>>();
    let shared = shared.ok_or_else(unauthorized)?;
    authenticate(shared, request.headers()).map(drop)
}

fn shared(request: &ServiceRequest) -> Result<web::Data<Shared>, Problem> {
    let shared = request.app_data::<web::Data<Shared>>();
    shared.cloned().ok_or_else(unauthorized)
}

fn authenticate(shared: &Shared, headers: &HeaderMap) -> Result<Arc<Token>, Problem> {
    let given = header(headers, AUTHORIZATION.as_str()).unwrap_or_default();
    let (scheme, text) = given.split_once(' ').unwrap_or(("", ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthorized());
    }
    let found = shared.app.tokens.find(text.trim(), shared.app.now());
    let token = found.ok_or_else(unauthorized)?;
    shared.rates.admit_token(&token.digest.0)?;
    Ok(token)
}

fn check_role(access: Access, token: &Token) -> Result<(), Problem> {
    if token.person.is_some() && !access.is_for_persons() {
        let detail = "this endpoint is for no token that acts for one person";
        return Err(Problem::new(ProblemCode::Forbidden, detail));
    }
    if access.roles().contains(&token.role) {
        return Ok(());
    }
    let detail = format!(
        "this endpoint requires the role {}; the token has the role {}",
        access.needed(),
        token.role.name()
    );
    Err(Problem::new(ProblemCode::Forbidden, detail))
}

fn is_cursor(value: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=CURSOR_BYTES).contains(&value.len()) && value.bytes().all(is_of_one)
}

/// Checks the parameters of the query: those that the table does not name are faults.
fn check_query(endpoint: &Endpoint, query: &str) -> Result<(), Problem> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Problem::field("query", "name=value&name=value", "other text"))?;
    let mut seen = HashSet::new();
    for (name, value) in &pairs {
        let Some(param) = endpoint.query.iter().find(|param| param.name == name) else {
            let known: Vec<&str> = endpoint.query.iter().map(|param| param.name).collect();
            let found = "an unknown parameter";
            return Err(Problem::field(
                shortened(name),
                nearest(name, &known),
                found,
            ));
        };
        if !seen.insert(param.name) && !matches!(param.kind, ParamKind::Texts) {
            return Err(Problem::field(param.name, "one value", "two"));
        }
        let good = match param.kind {
            ParamKind::Integer(least, most) => value
                .parse()
                .is_ok_and(|number: u64| (least..=most).contains(&number)),
            // Its list knows the rest.
            ParamKind::Cursor => is_cursor(value),
            ParamKind::Text | ParamKind::Texts | ParamKind::OneOf(_) => {
                value.is_empty() || value.len() <= TEXT_BYTES && is_line(value)
            }
        };
        if !good {
            let expected = param.kind.expected();
            return Err(Problem::field(param.name, expected, quoted(value)));
        }
    }
    Ok(())
}

/// Checks that an endpoint without a body gets none with fields: nothing would read them.
async fn check_no_body(request: &mut ServiceRequest) -> Result<(), Error> {
    let payload = request.extract::<web::Payload>().await?;
    let body = super::body::bytes(payload).await?;
    if let Ok(Value::Object(fields)) = serde_json::from_slice(&body)
        && let Some(name) = fields.keys().next()
    {
        let found = "an unknown field";
        return Err(Problem::field(shortened(name), "no body", found).into());
    }
    request.set_payload(Payload::from(body));
    Ok(())
}

/// The `Idempotency-Key` of this write, with the digest of the request; the body is
/// read for it and put back.
async fn idempotency_key(
    request: &mut ServiceRequest,
    token: &Token,
    now: Timestamp,
) -> Result<Option<IdempotencyKey>, Error> {
    let Some(value) = request.headers().get(idempotency::HEADER) else {
        return Ok(None);
    };
    let key = idempotency::key(value.as_bytes())?;
    let payload = request.extract::<web::Payload>().await?;
    let body = super::body::bytes(payload).await?;
    let idempotency_key = idempotency::scoped_key(
        token,
        key,
        [
            request.method().as_str().as_bytes(),
            request.path().as_bytes(),
            request.query_string().as_bytes(),
            &body,
        ],
        now,
    );
    request.set_payload(Payload::from(body));
    Ok(Some(idempotency_key))
}

fn replayed(mut response: HttpResponse) -> HttpResponse {
    let name = actix_web::http::header::HeaderName::from_static("idempotency-replayed");
    let value = actix_web::http::header::HeaderValue::from_static("true");
    response.headers_mut().insert(name, value);
    response
}

/// 304 where the caller has this already.
fn unless_known(
    response: ServiceResponse<BoxBody>,
    wanted: Option<&str>,
) -> ServiceResponse<BoxBody> {
    let tag = header(response.headers(), ETAG.as_str());
    let (Some(tag), Some(wanted)) = (tag, wanted) else {
        return response;
    };
    if response.status() != StatusCode::OK || !Match::read(wanted).is_weakly(&tag) {
        return response;
    }
    let not_modified = HttpResponse::NotModified()
        .insert_header((ETAG, tag))
        .finish();
    response.into_response(not_modified)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}
