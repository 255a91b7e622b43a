//! What a write answers, in a form that can be kept and given again.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::problem::Problem;

/// A status, a few headers and a JSON body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    body: Option<String>,
}

impl Answer {
    /// 201 with what was made, and where it is.
    pub(super) fn created(location: String, etag: Option<String>, body: &Value) -> Vec<u8> {
        let location = Some(location);
        Answer::of(StatusCode::CREATED, location, etag, Some(body))
    }

    /// 202 with what is under way, and where its progress is.
    pub(super) fn accepted(location: String, body: &Value) -> Vec<u8> {
        Answer::of(StatusCode::ACCEPTED, Some(location), None, Some(body))
    }

    /// 200 with this.
    pub(super) fn ok(etag: Option<String>, body: &Value) -> Vec<u8> {
        Answer::of(StatusCode::OK, None, etag, Some(body))
    }

    /// 204.
    pub(super) fn nothing() -> Vec<u8> {
        Answer::of(StatusCode::NO_CONTENT, None, None, None)
    }

    fn of(
        status: StatusCode,
        location: Option<String>,
        etag: Option<String>,
        body: Option<&Value>,
    ) -> Vec<u8> {
        let answer = Answer {
            status: status.as_u16(),
            location,
            etag,
            body: body.map(Value::to_string),
        };
        // Numbers and text, written to memory: it cannot fail.
        serde_json::to_vec(&answer).unwrap_or_default()
    }

    /// The response that these bytes stand for.
    pub(super) fn read(bytes: &[u8]) -> Result<HttpResponse, Problem> {
        let lost = || {
            let detail = "the write was done, but its answer cannot be read";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
        };
        let answer: Answer = serde_json::from_slice(bytes).map_err(|_| lost())?;
        let status = StatusCode::from_u16(answer.status).map_err(|_| lost())?;
        let mut response = HttpResponse::build(status);
        if let Some(location) = answer.location {
            response.insert_header(("location", location));
        }
        if let Some(etag) = answer.etag {
            response.insert_header(("etag", etag));
        }
        Ok(match answer.body {
            None => response.finish(),
            Some(body) => response.content_type("application/json").body(body),
        })
    }
}
