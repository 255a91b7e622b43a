//! `/healthz` and `/readyz`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use tokio::sync::Mutex;

use super::Shared;
use super::problem::Problem;
use modegate_store::{Store, StoreError};

/// How long the store may take to show that it works.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds: probing writes, and anybody may ask.
const FRESH: Duration = Duration::from_secs(1);

/// Whether the server is ready to serve.
#[derive(Debug, Default)]
pub struct Health {
    draining: AtomicBool,
    probed: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Health {
    /// From now on the server is ending, and says so.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether `store` can be written and read now; if not, why in words.
    pub async fn ready(&self, store: &dyn Store) -> Result<(), String> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("the server is ending: it finishes what it has begun".to_owned());
        }
        let mut probed = self.probed.lock().await;
        if let Some((at, found)) = &*probed
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = match tokio::time::timeout(PATIENCE, store.probe()).await {
            Err(_) => Err(format!(
                "the store did not write within {} s",
                PATIENCE.as_secs()
            )),
            Ok(Err(error @ StoreError::Unwritable(_))) => Err(format!(
                "{error}; make room or make the disk writable, the server goes on by itself"
            )),
            Ok(answer) => answer.map_err(|error| error.to_string()),
        };
        *probed = Some((Instant::now(), found.clone()));
        found
    }
}

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(serde_json::json!({"status": "ok"}))
}

/// `GET /readyz`: the store takes writes, and the server is not ending.
pub(super) async fn ready(shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    let ready = shared.health.ready(&*shared.app.store).await;
    ready.map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(serde_json::json!({"status": "ready"})))
}
