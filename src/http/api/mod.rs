//! The API: JSON over `/api/v1`, one file per resource.

mod certificates;
mod command_view;
mod commands;
mod devices;
mod events;
mod inventory;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Shared;
use super::problem::Problem;
use crate::ids::{CommandId, DeviceId};
use crate::limits;

/// Registers the API's routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/devices", web::post().to(devices::register))
        .route("/devices", web::get().to(devices::list))
        .route("/devices/{device}", web::get().to(devices::one))
        .route("/devices/{device}", web::patch().to(devices::change))
        .route("/devices/{device}", web::delete().to(devices::retire))
        .route(
            "/devices/{device}/certificates",
            web::post().to(certificates::bind),
        )
        .route(
            "/devices/{device}/certificates/{sha256}",
            web::delete().to(certificates::revoke),
        )
        .route(
            "/devices/{device}/commands",
            web::post().to(commands::queue),
        )
        .route("/devices/{device}/commands", web::get().to(commands::list))
        .route(
            "/devices/{device}/preview",
            web::get().to(commands::preview),
        )
        .route(
            "/devices/{device}/sessions",
            web::get().to(events::sessions),
        )
        .route("/devices/{device}/events", web::get().to(events::of_device))
        .route("/commands/{command}", web::get().to(commands::one))
        .route("/commands/{command}", web::delete().to(commands::cancel))
        .route("/commands/{command}/retry", web::post().to(commands::retry))
        .route(
            "/devices/{device}/inventory",
            web::get().to(inventory::of_device),
        )
        .route(
            "/devices/{device}/inventory/changes",
            web::get().to(inventory::changes),
        )
        .route("/inventory", web::get().to(inventory::search))
        .route("/events", web::get().to(events::all))
        .default_service(web::to(nothing));
}

async fn nothing(_: Admin) -> Result<(), Problem> {
    Err(Problem::missing("resource, or not with this method"))
}

/// A request that carries the admin token.
pub(super) struct Admin;

impl Admin {
    /// How the log names whoever holds the token.
    const ACTOR: &str = "api:admin";
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = given
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or("")
            .trim();
        let right = request
            .app_data::<web::Data<Shared>>()
            .is_some_and(|shared| {
                let digest: [u8; 32] = Sha256::digest(token).into();
                bool::from(digest.ct_eq(&shared.token))
            });
        ready(if right {
            Ok(Admin)
        } else {
            let detail =
                "expected Authorization: Bearer TOKEN with the token of the file admin-token";
            Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
        })
    }
}

/// Where a list goes on, and how long a page is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    after: Option<String>,
    limit: Option<usize>,
}

impl Paging {
    fn after<T: std::str::FromStr + Default>(&self) -> Result<T, Problem> {
        match &self.after {
            None => Ok(T::default()),
            Some(after) => after.parse().map_err(|_| {
                Problem::field("after", "what 'next' of the last page said", "other text")
            }),
        }
    }

    /// Whether this is the first page.
    fn begins(&self) -> bool {
        self.after.is_none()
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(50).clamp(1, limits::PAGE_ITEMS)
    }
}

/// A page of a list.
fn page(items: Vec<Value>, next: Option<String>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "items": items, "next": next }))
}

fn device_id(text: &str) -> Result<DeviceId, Problem> {
    text.parse().map_err(|_| Problem::missing("device"))
}

fn command_id(text: &str) -> Result<CommandId, Problem> {
    text.parse().map_err(|_| Problem::missing("command"))
}

/// The body of a request, bounded while it is read.
async fn body(payload: web::Payload) -> Result<Value, Problem> {
    let most = limits::API_REQUEST_BYTES;
    let bytes = tokio::time::timeout(
        std::time::Duration::from_secs(30),
        payload.to_bytes_limited(most),
    )
    .await;
    match bytes {
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive within 30 s",
        )),
        Ok(Err(_)) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body may have {most} bytes at most"),
        )),
        Ok(Ok(Err(error))) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the body broke off: {error}"),
        )),
        Ok(Ok(Ok(bytes))) => parse(&bytes),
    }
}

/// Parses a body, which must be a JSON object.
fn parse(body: &[u8]) -> Result<Value, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the body is not JSON: {error}"),
        )
    })?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Problem::field(
            "body",
            "an object",
            crate::fields::type_of(&value),
        ))
    }
}
