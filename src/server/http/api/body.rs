//! The body of a request: JSON, bounded while it is read.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;
use serde_json::Value;

use crate::app::input::{Input, read};
use crate::http::problem::Problem;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The bytes of a body.
pub(super) async fn bytes(payload: web::Payload) -> Result<web::Bytes, Problem> {
    let most = crate::limits::API_REQUEST_BYTES;
    let read = tokio::time::timeout(ARRIVAL, payload.to_bytes_limited(most)).await;
    let (status, detail) = match read {
        Ok(Ok(Ok(bytes))) => return Ok(bytes),
        Err(_) => (
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} s", ARRIVAL.as_secs()),
        ),
        Ok(Err(_)) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body may have {most} bytes at most"),
        ),
        Ok(Ok(Err(error))) => (
            StatusCode::BAD_REQUEST,
            format!("the body broke off: {error}"),
        ),
    };
    Err(Problem::new(status, detail))
}

/// A body, read as what is asked for; every fault of it where there is one.
pub(super) async fn body<T: Input>(payload: web::Payload) -> Result<T, Problem> {
    let bytes = bytes(payload).await?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("the body is not JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    read(&value).map_err(|faults| Problem::faults(StatusCode::UNPROCESSABLE_ENTITY, faults))
}
