//! The body of a request: JSON, bounded while it is read.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;
use serde_json::Value;

use crate::app::input::{Input, read};
use crate::http::payload;
use crate::http::problem::Problem;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// The bytes of a body.
pub(super) async fn bytes(payload: web::Payload) -> Result<web::Bytes, Problem> {
    let limit = crate::limits::API_REQUEST_BYTES;
    payload::read(payload, "body", limit, ARRIVAL).await
}

/// A body, parsed as `T`; else every fault in it.
pub(super) async fn body<T: Input>(payload: web::Payload) -> Result<T, Problem> {
    let bytes = bytes(payload).await?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("expected a JSON body: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    read(&value).map_err(|faults| Problem::faults(StatusCode::UNPROCESSABLE_ENTITY, faults))
}
