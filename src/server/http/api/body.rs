//! The body of a request: JSON, bounded while it is read.

use actix_web::web;
use serde_json::Value;

use super::caller::Caller;
use crate::app::input::{Input, read};
use crate::http::payload;
use crate::http::problem::{Problem, ProblemCode};

/// The bytes of a body.
pub(super) async fn bytes(payload: web::Payload) -> Result<web::Bytes, Problem> {
    let limit = crate::limits::API_REQUEST_BYTES;
    payload::read(payload, "body", limit).await
}

/// Longest body that is parsed where it arrived, bytes: some tens of microseconds.
const SMALL: usize = 8 * 1024;

/// A body, parsed as `T`; else every fault in it. A long one is parsed off the threads
/// that answer devices.
pub(super) async fn body<T: Input + Send + 'static>(
    caller: &Caller,
    payload: web::Payload,
) -> Result<T, Problem> {
    let bytes = bytes(payload).await?;
    match bytes.len() <= SMALL {
        true => parse(&bytes),
        false => {
            caller
                .off_workers(move || async move { parse(&bytes) })
                .await?
        }
    }
}

/// The same where it may be left out, which counts as one without fields.
pub(super) async fn optional_body<T: Input>(payload: web::Payload) -> Result<T, Problem> {
    let bytes = bytes(payload).await?;
    match bytes.is_empty() {
        true => parse(b"{}"),
        false => parse(&bytes),
    }
}

fn parse<T: Input>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!("expected a JSON body: {error}");
        Problem::new(ProblemCode::MalformedBody, detail)
    })?;
    read(&value).map_err(|faults| Problem::faults(ProblemCode::InvalidField, faults))
}
