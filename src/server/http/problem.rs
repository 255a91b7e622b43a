//! Problem details (RFC 9457): what every error over HTTP looks like.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;

use super::rates::RetryAfter;
use crate::app::AppError;
use modegate_core::fields::FieldError;
use modegate_store::StoreError;

/// When to retry what others are doing, seconds.
const BUSY: u32 = 5;
/// Faults of one request that are listed.
const FAULTS: usize = 100;

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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
    /// What few problems have.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    more: Option<Box<More>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
struct More {
    /// Everything that is wrong, where more than one thing was looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// When to retry, seconds: the header Retry-After.
    #[serde(skip)]
    retry_after: Option<u32>,
    /// The methods that there are: the header Allow.
    #[serde(skip)]
    allow: Option<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Fault {
    /// The field.
    pub field: String,
    /// What was expected and what came.
    pub detail: String,
}

impl From<FieldError> for Fault {
    fn from(error: FieldError) -> Self {
        Fault {
            detail: error.to_string(),
            field: error.field,
        }
    }
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
            more: None,
        }
    }

    /// Fields that are not what they should be: the first speaks for all, the first
    /// hundred are under `errors`.
    pub fn faults(status: StatusCode, mut faults: Vec<FieldError>) -> Self {
        let Some(first) = faults.first() else {
            return Problem::new(status, "the request is invalid");
        };
        let detail = match faults.len() {
            1 => first.to_string(),
            count => format!("{first}; and {} more, see errors", count - 1),
        };
        let field = Some(first.field.clone());
        faults.truncate(FAULTS);
        Problem {
            field,
            more: Some(Box::new(More {
                errors: faults.into_iter().map(Fault::from).collect(),
                ..More::default()
            })),
            ..Problem::new(status, detail)
        }
    }

    /// Retry after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.more.get_or_insert_default().retry_after = Some(seconds);
        self
    }

    /// These methods are allowed, and no others: 405.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.more.get_or_insert_default().allow = Some(methods);
        self
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
        Problem::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    /// The response that says it.
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code());
        response
            .content_type("application/problem+json")
            .insert_header(("cache-control", "no-store"));
        let (mut retry_after, mut allow) = (None, None);
        if let Some(more) = &self.more {
            (retry_after, allow) = (more.retry_after, more.allow.as_deref());
        }
        match self.status {
            401 => {
                response.insert_header(("www-authenticate", "Bearer"));
            }
            405 => {
                response.insert_header(("allow", allow.unwrap_or("POST")));
            }
            _ => {}
        }
        if let Some(seconds) = retry_after.or((self.status == 503).then_some(5)) {
            response.insert_header(("retry-after", seconds.to_string()));
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

impl From<RetryAfter> for Problem {
    fn from(RetryAfter(seconds): RetryAfter) -> Self {
        let detail = RetryAfter(seconds).to_string();
        Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        let status = match error {
            AppError::Fields(faults) => {
                return Problem::faults(StatusCode::UNPROCESSABLE_ENTITY, faults);
            }
            AppError::Conflicts(faults) => return Problem::faults(StatusCode::CONFLICT, faults),
            AppError::SourceTaken(id) => {
                let detail = format!("source: device {id} is already registered with it");
                return Problem {
                    field: Some("source".to_owned()),
                    ..Problem::new(StatusCode::CONFLICT, detail)
                };
            }
            AppError::Done => {
                let detail = "another request with this Idempotency-Key was executed meanwhile; retry \
                              to get its response";
                return Problem::new(StatusCode::CONFLICT, detail);
            }
            AppError::Store(StoreError::Changed) => {
                let detail = "another request changed the device; retry";
                return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
            }
            AppError::Store(why) => {
                tracing::error!(%why, "the store failed");
                let detail = "the store is unavailable; nothing was changed, retry later";
                return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
            }
            AppError::Missing(_) => StatusCode::NOT_FOUND,
            AppError::Conflict(_) => StatusCode::CONFLICT,
            AppError::Limit(_) => StatusCode::PAYLOAD_TOO_LARGE,
            AppError::Stale(_) => StatusCode::PRECONDITION_FAILED,
            AppError::Forbidden(_) => StatusCode::FORBIDDEN,
            AppError::Busy(_) => {
                return Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(BUSY);
            }
            AppError::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
        };
        Problem::new(status, detail)
    }
}
