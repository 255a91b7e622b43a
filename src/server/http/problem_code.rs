//! What kinds of problems there are: the `type` of problem details. Codes are part of
//! the interface: they are added, never renamed. docs/problems.md explains each.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::app::word::{Words, words};

/// The page that explains the codes, one section each.
const PAGE: &str = "/docs/problems.md";

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemCode {
    /// The body is not JSON, or broke off.
    MalformedBody,
    /// What a device sent is no SyncML document that can be read.
    MalformedMessage,
    /// No token, or none that is valid.
    Unauthorized,
    /// The token is valid, and this is not for it.
    Forbidden,
    /// The device is not registered, or did not prove who it is.
    DeviceNotAuthenticated,
    /// Nothing there, or nothing that the caller may see.
    NotFound,
    /// Another method is expected here.
    MethodNotAllowed,
    /// The pages are served under other host names.
    MisdirectedRequest,
    /// The body took too long to arrive.
    BodyTimeout,
    /// Not possible in the present state.
    StateConflict,
    /// Something else has this name or id already.
    AlreadyExists,
    /// A request with the same idempotency key is under way, or was a moment ago.
    RequestInProgress,
    /// The resource is not as the caller last saw it.
    PreconditionFailed,
    /// The body is too large.
    BodyTooLarge,
    /// What the body asks for is over a limit.
    LimitExceeded,
    /// The body is of no type that is read here.
    UnsupportedMediaType,
    /// A field, parameter or header is not what it should be.
    InvalidField,
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The caller's share is used up for now.
    TooManyRequests,
    /// A fault of the server.
    InternalError,
    /// The server does as much as it can at once.
    ServerBusy,
    /// Another write came between each time.
    DeviceBusy,
    /// The server ends, or the write was interrupted: whether it was done is not known.
    WriteInterrupted,
    /// The database cannot be used now.
    StoreUnavailable,
    /// `/readyz`: the server does not take requests now.
    NotReady,
}

words!(ProblemCode {
    MalformedBody => "malformed-body",
    MalformedMessage => "malformed-message",
    Unauthorized => "unauthorized",
    Forbidden => "forbidden",
    DeviceNotAuthenticated => "device-not-authenticated",
    NotFound => "not-found",
    MethodNotAllowed => "method-not-allowed",
    MisdirectedRequest => "misdirected-request",
    BodyTimeout => "body-timeout",
    StateConflict => "state-conflict",
    AlreadyExists => "already-exists",
    RequestInProgress => "request-in-progress",
    PreconditionFailed => "precondition-failed",
    BodyTooLarge => "body-too-large",
    LimitExceeded => "limit-exceeded",
    UnsupportedMediaType => "unsupported-media-type",
    InvalidField => "invalid-field",
    IdempotencyKeyReused => "idempotency-key-reused",
    TooManyRequests => "too-many-requests",
    InternalError => "internal-error",
    ServerBusy => "server-busy",
    DeviceBusy => "device-busy",
    WriteInterrupted => "write-interrupted",
    StoreUnavailable => "store-unavailable",
    NotReady => "not-ready",
});

impl ProblemCode {
    /// The status that it is answered with.
    pub fn status(self) -> StatusCode {
        match self {
            ProblemCode::MalformedBody | ProblemCode::MalformedMessage => StatusCode::BAD_REQUEST,
            ProblemCode::Unauthorized => StatusCode::UNAUTHORIZED,
            ProblemCode::Forbidden | ProblemCode::DeviceNotAuthenticated => StatusCode::FORBIDDEN,
            ProblemCode::NotFound => StatusCode::NOT_FOUND,
            ProblemCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ProblemCode::MisdirectedRequest => StatusCode::MISDIRECTED_REQUEST,
            ProblemCode::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            ProblemCode::StateConflict
            | ProblemCode::AlreadyExists
            | ProblemCode::RequestInProgress => StatusCode::CONFLICT,
            ProblemCode::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            ProblemCode::BodyTooLarge | ProblemCode::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
            ProblemCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ProblemCode::InvalidField | ProblemCode::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ProblemCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            ProblemCode::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            ProblemCode::ServerBusy
            | ProblemCode::DeviceBusy
            | ProblemCode::WriteInterrupted
            | ProblemCode::StoreUnavailable
            | ProblemCode::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The reference that stands as `type`: a path in the source tree and its section.
    fn reference(self) -> String {
        format!("{PAGE}#{}", self.word())
    }
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.reference())
    }
}

impl JsonSchema for ProblemCode {
    fn schema_name() -> Cow<'static, str> {
        "ProblemType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all = ProblemCode::ALL.iter().map(|code| code.reference());
        json_schema!({"type": "string", "enum": all.collect::<Vec<_>>()})
    }
}
