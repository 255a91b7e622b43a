//! The API: JSON over `/api/v1`, one file per resource. What endpoints there are,
//! and who may call them, is said in [`table`] and nowhere else.

mod answer;
mod apps;
mod batches;
mod body;
mod caller;
mod certificates;
mod command_view;
mod commands;
mod conditional;
mod device_fields;
mod devices;
mod endpoint;
mod events;
mod guard;
mod idempotency;
mod import;
mod install_schemas;
mod install_stream;
mod install_table;
mod installs;
mod inventory;
mod openapi;
mod policies;
mod push;
mod push_profiles;
mod schemas;
mod stream;
mod table;
mod tokens;
mod webhooks;

use actix_web::error::QueryPayloadError;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use guard::is_known;
pub use idempotency::UnderWay;

use super::problem::Problem;
use modegate_core::ids::{CommandId, DeviceId};

/// Registers the API's routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    endpoint::register(config);
    config.default_service(web::to(nothing));
}

async fn nothing(request: HttpRequest) -> Result<(), Problem> {
    guard::is_known(&request)?;
    Err(Problem::missing("resource"))
}

/// A query that no handler can read: what the table does not name of it is wrong.
pub(super) fn bad_query(error: &QueryPayloadError) -> Error {
    Problem::field("query", "parameters as documented", error).into()
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
        self.limit.unwrap_or(50).clamp(1, crate::limits::PAGE_ITEMS)
    }
}

/// A page of a list.
fn page(items: Vec<Value>, next: Option<String>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "items": items, "next": next }))
}

fn device_id(text: &str) -> Result<DeviceId, Problem> {
    let id: Option<DeviceId> = text.parse().ok();
    // The nil id stands for no device in the log.
    id.filter(|id| !id.0.is_nil())
        .ok_or_else(|| Problem::missing("device"))
}

fn command_id(text: &str) -> Result<CommandId, Problem> {
    let id: Option<CommandId> = text.parse().ok();
    id.filter(|id| !id.device.0.is_nil())
        .ok_or_else(|| Problem::missing("command"))
}
