//! Messages in and out: bounded and with a length, in both directions.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use modegate_mde::envelope::Envelope;
use modegate_mde::fault::{Fault, HTTP_STATUS};
use modegate_mde::reply::{CONTENT_TYPE, Reply};
use uuid::Uuid;

use super::MESSAGE_BYTES;
use crate::http::payload;
use crate::http::problem::{Problem, ProblemCode};

/// Reads a message, has it answered, and writes the answer. What is wrong with the transport is
/// told by HTTP, all else by a fault.
pub(super) async fn exchange(
    request: &HttpRequest,
    body: web::Payload,
    answer: impl AsyncFnOnce(&Envelope) -> Result<Reply, Fault>,
) -> Result<HttpResponse, Problem> {
    let Some(length) = length(request.headers()) else {
        return Ok(HttpResponse::LengthRequired().finish());
    };
    if length > MESSAGE_BYTES as u64 {
        let why = format!("the message is larger than {MESSAGE_BYTES} bytes");
        return Err(Problem::new(ProblemCode::BodyTooLarge, why));
    }
    let bytes = payload::read(body, "message", MESSAGE_BYTES).await?;
    let envelope = match Envelope::read(&bytes) {
        Ok(envelope) => envelope,
        Err(error) => return Ok(refusal(&error.into(), None)),
    };
    let id = envelope.message_id();
    Ok(match answer(&envelope).await {
        Ok(reply) => written(StatusCode::OK, reply, id),
        Err(fault) => refusal(&fault, id),
    })
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A fault names its line in the log. No message and nothing of it is logged.
fn refusal(fault: &Fault, id: Option<&str>) -> HttpResponse {
    let trace = Uuid::new_v4().to_string();
    let (code, why) = (fault.code().name(), fault.reason());
    tracing::info!(%trace, code, why, "refused a message of enrollment");
    let status = StatusCode::from_u16(HTTP_STATUS).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    written(status, fault.reply(Some(&trace)), id)
}

fn written(status: StatusCode, reply: Reply, id: Option<&str>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(("content-type", CONTENT_TYPE))
        .insert_header(("cache-control", "no-store"))
        .body(reply.relates_to(id).write())
}
