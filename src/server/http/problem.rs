//! Problem details (RFC 9457): what every error over HTTP looks like.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;

pub use super::problem_code::ProblemCode;
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
    /// What kind it is: a reference to the section of docs/problems.md about it.
    #[serde(rename = "type")]
    pub kind: ProblemCode,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was expected and what came, or what to do next.
    pub detail: String,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The id of what the request conflicts with, if the caller may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts_with: Option<String>,
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
    /// The id of what the field conflicts with, if the caller may see that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts_with: Option<String>,
}

impl From<FieldError> for Fault {
    fn from(error: FieldError) -> Self {
        Fault {
            detail: error.to_string(),
            field: error.field,
            conflicts_with: error.conflicts_with,
        }
    }
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ProblemCode, detail: impl Into<String>) -> Self {
        let status = kind.status();
        Problem {
            kind,
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            conflicts_with: None,
            more: None,
        }
    }

    /// Fields that are not what they should be: the first speaks for all, the first
    /// hundred are under `errors`.
    pub fn faults(kind: ProblemCode, mut faults: Vec<FieldError>) -> Self {
        let Some(first) = faults.first() else {
            return Problem::new(kind, "the request is invalid");
        };
        let detail = match faults.len() {
            1 => first.to_string(),
            count => format!("{first}; and {} more, see errors", count - 1),
        };
        let (field, conflicts_with) = (Some(first.field.clone()), first.conflicts_with.clone());
        faults.truncate(FAULTS);
        Problem {
            field,
            conflicts_with,
            more: Some(Box::new(More {
                errors: faults.into_iter().map(Fault::from).collect(),
                ..More::default()
            })),
            ..Problem::new(kind, detail)
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
        Problem::about(ProblemCode::InvalidField, field, expected, found)
    }

    /// A field that makes a problem of another kind.
    pub fn about(
        kind: ProblemCode,
        field: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        let field = field.into();
        let detail = format!("{field}: expected {expected}, found {found}");
        Problem {
            field: Some(field),
            ..Problem::new(kind, detail)
        }
    }

    /// When to retry, if it says so, seconds.
    pub fn retry_seconds(&self) -> Option<u32> {
        self.more.as_ref().and_then(|more| more.retry_after)
    }

    /// Nothing there: 404.
    pub fn missing(what: &str) -> Self {
        Problem::new(ProblemCode::NotFound, format!("{what} not found"))
    }

    /// The response that says it.
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status());
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
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.title, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
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
        Problem::new(ProblemCode::TooManyRequests, detail).retry_after(seconds)
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        let kind = match error {
            AppError::Fields(faults) => return Problem::faults(ProblemCode::InvalidField, faults),
            AppError::Conflicts(faults) => {
                return Problem::faults(ProblemCode::AlreadyExists, faults);
            }
            AppError::Done => {
                let detail = "another request with this Idempotency-Key was executed meanwhile; retry \
                              to get its response";
                return Problem::new(ProblemCode::RequestInProgress, detail);
            }
            AppError::Store(StoreError::Changed) => {
                let detail = "another request changed the device; retry";
                return Problem::new(ProblemCode::DeviceBusy, detail);
            }
            AppError::Store(why) => {
                tracing::error!(%why, "the store failed");
                let detail = "the store is unavailable; nothing was changed, retry later";
                return Problem::new(ProblemCode::StoreUnavailable, detail);
            }
            AppError::Busy(_) => {
                return Problem::new(ProblemCode::TooManyRequests, detail).retry_after(BUSY);
            }
            AppError::Missing(_) => ProblemCode::NotFound,
            AppError::Conflict(_) => ProblemCode::StateConflict,
            AppError::Limit(_) => ProblemCode::LimitExceeded,
            AppError::Stale(_) => ProblemCode::PreconditionFailed,
            AppError::Forbidden(_) => ProblemCode::Forbidden,
            AppError::Interrupted => ProblemCode::WriteInterrupted,
        };
        Problem::new(kind, detail)
    }
}
