//! `/healthz` and `/readyz`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::problem::Problem;
use super::shared::Shared;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(serde_json::json!({"status": "ok"}))
}

/// `GET /readyz`: the store takes writes, and the server is not ending. What does not keep
/// it from serving, but will, is in `warnings`.
pub(super) async fn ready(shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let ready = shared.health.ready(&*shared.app.store).await;
    ready.map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))?;
    let mut body = serde_json::json!({"status": "ready"});
    let warnings = shared.health.warnings(shared.app.clock.now());
    if !warnings.is_empty() {
        body["warnings"] = warnings.into();
    }
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(body))
}
