//! The response to a write, in a form that can be stored and replayed.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::http::problem::Problem;

/// What a handler returns.
pub(super) type HandlerResult = Result<HttpResponse, Problem>;

/// A status, a few headers and a JSON body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ApiResponse {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    body: Option<String>,
}

impl ApiResponse {
    /// 201 with what was made, and where it is.
    pub(super) fn created(location: String, body: &impl Serialize) -> Self {
        ApiResponse {
            location: Some(location),
            ..ApiResponse::of(StatusCode::CREATED, body)
        }
    }

    /// 202 with what is under way, and where its progress is.
    pub(super) fn accepted(location: String, body: &impl Serialize) -> Self {
        ApiResponse {
            location: Some(location),
            ..ApiResponse::of(StatusCode::ACCEPTED, body)
        }
    }

    /// 200 with this.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        ApiResponse::of(StatusCode::OK, body)
    }

    /// 204.
    pub(super) fn nothing() -> Self {
        ApiResponse {
            status: StatusCode::NO_CONTENT.as_u16(),
            location: None,
            etag: None,
            body: None,
        }
    }

    /// The same with a tag.
    pub(super) fn tagged(self, etag: String) -> Self {
        ApiResponse {
            etag: Some(etag),
            ..self
        }
    }

    fn of(status: StatusCode, body: &impl Serialize) -> Self {
        ApiResponse {
            status: status.as_u16(),
            // Numbers and text, written to memory: it cannot fail.
            body: Some(serde_json::to_string(body).unwrap_or_default()),
            ..ApiResponse::nothing()
        }
    }

    /// The bytes to store.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Numbers and text, written to memory: it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The response that was stored as these bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map_err(|_| {
            let detail = "the write was executed, but its stored response is unreadable";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
        })
    }

    /// The response.
    pub(super) fn response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status);
        let mut response = HttpResponse::build(status.unwrap_or(StatusCode::OK));
        if let Some(location) = self.location {
            response.insert_header(("location", location));
        }
        if let Some(etag) = self.etag {
            response.insert_header(("etag", etag));
        }
        match self.body {
            None => response.finish(),
            Some(body) => response.content_type("application/json").body(body),
        }
    }
}
