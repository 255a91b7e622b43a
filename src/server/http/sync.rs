//! The device endpoint: HTTP in front of [`SyncService::handle`](crate::sync::SyncService::handle).

use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use tracing::Instrument;

use super::Shared;
use super::connections::progress::Progress;
use super::identity::{mac_claim, names_origin};
use super::payload::{self, Beginning};
use super::problem::{Problem, ProblemCode};
use super::rates::RetryAfter;
use crate::metrics::RefusedReason;
use crate::sync::{MacClaim, Received, Sender, SyncResponse};
use modegate_wire::encoding::Encoding;
use modegate_wire::mac;

/// One message of a device. One that is refused is logged.
pub(super) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let source = OnceLock::new();
    let answered = answer(&request, payload, &shared, &source).await;
    if let Err(problem) = &answered {
        let peer = shared.identifier.client_address(&request);
        let source = source.get().map(String::as_str);
        shared.refused.log(peer, source, problem);
    }
    answered
}

/// The answer. `named` becomes what the device calls itself.
async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Shared,
    named: &OnceLock<String>,
) -> Result<HttpResponse, Problem> {
    let received = receive(request, payload, shared).await;
    let (encoding, body) = received.inspect_err(|problem| {
        let reason = RefusedReason::from_status(problem.status);
        shared.metrics.message_refused(reason);
    })?;
    // Only now: who sends slowly takes no place of others.
    let Some(_permit) = shared.rates.enter() else {
        return Err(unavailable("too many sync requests are in progress"));
    };
    let mut evidence = shared.identifier.evidence_of(request);
    evidence.mac = match body.is_whole {
        true => mac_claim(request.headers(), &body.bytes),
        // It covers what was not read.
        false => mac_claim(request.headers(), &[]).map(|_| MacClaim::Unusable),
    };
    let address = shared.identifier.client_address(request);
    evidence.address = Some(address);
    evidence.names_origin = names_origin(request.headers());
    let progress = request.conn_data::<Rc<Progress>>();
    // What came on a proven connection was not counted for its address yet.
    let uncounted = progress.is_some_and(|progress| progress.is_proven());
    let proven = AtomicBool::new(false);
    let admit = |sender: Sender<'_>| {
        let admitted = match sender {
            Sender::Device(source) => {
                let _ = named.set(source.to_owned());
                proven.store(true, Ordering::Relaxed);
                shared.rates.admit_device(source)
            }
            Sender::Unproven(source) => {
                if let Some(source) = source {
                    let _ = named.set(source.to_owned());
                }
                match uncounted {
                    true => shared.rates.admit_address(address),
                    false => Ok(()),
                }
            }
        };
        admitted.map_err(|RetryAfter(seconds)| seconds)
    };
    let span = tracing::info_span!("sync", otel.kind = "server", bytes = body.bytes.len());
    let (sync, query) = (&shared.app.sync, request.query_string());
    let received = Received {
        encoding,
        bytes: &body.bytes,
        is_whole: body.is_whole,
    };
    let handled = sync.handle_admitted(&evidence, query, received, &admit);
    let response = handled.instrument(span).await;
    if let Some(progress) = progress.filter(|_| proven.into_inner())
        && !shared.identifier.is_proxied(request)
    {
        progress.prove();
    }
    render(response, encoding)
}

/// The body, and how it is written.
async fn receive(
    request: &HttpRequest,
    payload: web::Payload,
    shared: &Shared,
) -> Result<(Encoding, Beginning), Problem> {
    let encoding = encoding(request)?;
    let share = shared.bodies.share(shared.identifier.own_address(request));
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = shared.bodies.longest();
    let body = payload::read_beginning(payload, length, limit, share).await?;
    Ok((encoding, body))
}

fn render(response: SyncResponse, encoding: Encoding) -> Result<HttpResponse, Problem> {
    match response {
        SyncResponse::Reply(reply) => Ok(document(encoding).body(reply)),
        SyncResponse::Signed(reply, mac) => Ok(document(encoding)
            .insert_header((mac::HEADER, mac))
            .body(reply)),
        SyncResponse::BadRequest(why) => Err(Problem::new(ProblemCode::MalformedMessage, why)),
        SyncResponse::TooLarge(why) => Err(Problem::new(ProblemCode::BodyTooLarge, why)),
        SyncResponse::Forbidden => Err(Problem::new(
            ProblemCode::DeviceNotAuthenticated,
            "the device is not registered, or did not prove to be the one named as Source",
        )),
        SyncResponse::TooOften(seconds) => Err(RetryAfter(seconds).into()),
        SyncResponse::Busy => Err(unavailable("the server is busy")),
    }
}

fn unavailable(why: &str) -> Problem {
    let detail = format!("{why}; retry later");
    Problem::new(ProblemCode::ServerBusy, detail)
}

fn document(encoding: Encoding) -> HttpResponseBuilder {
    let mut document = HttpResponse::Ok();
    document
        .content_type(encoding.content_type())
        .insert_header(("cache-control", "no-store"));
    document
}

/// How the message is written, by what its Content-Type says.
fn encoding(request: &HttpRequest) -> Result<Encoding, Problem> {
    let value = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    Encoding::from_content_type(value).ok_or_else(|| {
        let essence = value.split(';').next().unwrap_or("").trim();
        let found: String = essence.chars().take(60).collect();
        Problem::new(
            ProblemCode::UnsupportedMediaType,
            format!(
                "Content-Type: expected {} or {}, found {}",
                Encoding::Xml.media_type(),
                Encoding::Wbxml.media_type(),
                if found.is_empty() { "none" } else { &found }
            ),
        )
    })
}
