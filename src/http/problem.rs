//! Problem details (RFC 9457): what every error over HTTP looks like.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::fields::FieldError;
use crate::store::{Refusal, StoreError};

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was expected and what came, or what to do next.
    pub detail: String,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// A problem of this status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
        }
    }

    /// A field that is not what it should be: 422.
    pub fn field(
        field: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        let field = field.into();
        let detail = format!("{field}: expected {expected}, found {found}");
        Problem {
            field: Some(field),
            ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// Nothing there: 404.
    pub fn missing(what: &str) -> Self {
        Problem::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// The response that says it.
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code());
        response
            .content_type("application/problem+json")
            .insert_header(("cache-control", "no-store"));
        match self.status {
            401 => {
                response.insert_header(("www-authenticate", "Bearer"));
            }
            405 => {
                response.insert_header(("allow", "POST"));
            }
            503 => {
                response.insert_header(("retry-after", "5"));
            }
            _ => {}
        }
        // A problem is plain data: this cannot fail.
        response.body(serde_json::to_vec(self).unwrap_or_default())
    }

    fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.title, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.response()
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Problem::field(error.field, error.expected, error.found)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(Refusal::Conflict(why)) => Problem::new(StatusCode::CONFLICT, why),
            StoreError::Refused(Refusal::Limit(why)) => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why)
            }
            StoreError::Refused(Refusal::Missing(why)) => Problem::new(StatusCode::NOT_FOUND, why),
            StoreError::SourceTaken(id) => Problem {
                field: Some("source".to_owned()),
                ..Problem::new(
                    StatusCode::CONFLICT,
                    format!("source: device {id} is registered with it already"),
                )
            },
            StoreError::NoDevice => Problem::missing("device"),
            StoreError::Changed => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the device changed meanwhile; try again",
            ),
            StoreError::Unwritable(why) | StoreError::Failed(why) => {
                tracing::error!(%why, "the store failed");
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the store cannot do this now; nothing was changed, try again",
                )
            }
        }
    }
}
