//! The bytes of a request: bounded in size and in time.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;

use super::problem::Problem;

/// Reads a payload of at most `limit` bytes that arrives within `timeout`; `what`
/// names it in problem details.
pub(super) async fn read(
    payload: web::Payload,
    what: &str,
    limit: usize,
    timeout: Duration,
) -> Result<web::Bytes, Problem> {
    let read = tokio::time::timeout(timeout, payload.to_bytes_limited(limit)).await;
    let (status, detail) = match read {
        Ok(Ok(Ok(bytes))) => return Ok(bytes),
        Err(_) => (
            StatusCode::REQUEST_TIMEOUT,
            format!("the {what} did not arrive within {} s", timeout.as_secs()),
        ),
        Ok(Err(_)) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the {what} is larger than {limit} bytes"),
        ),
        Ok(Ok(Err(error))) => (
            StatusCode::BAD_REQUEST,
            format!("could not read the {what}: {error}"),
        ),
    };
    Err(Problem::new(status, detail))
}
