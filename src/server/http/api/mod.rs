//! The API: JSON over `/api/v1`, one file per resource. What endpoints there are,
//! and who may call them, is said in `table` and nowhere else.

mod alerts;
mod answer;
mod apps;
mod audit;
mod batches;
mod body;
mod caller;
mod certificates;
pub(in crate::http) mod command_view;
mod commands;
mod compliance;
mod compliance_events;
mod devices;
mod endpoint;
mod event_parts;
mod events;
mod examples;
mod extract;
mod fleet;
mod guard;
mod history;
mod idempotency;
mod import;
mod install_stream;
mod installs;
mod inventory;
mod log_view;
mod offers;
mod openapi;
mod policies;
mod polling;
mod portal_links;
mod push;
mod push_profiles;
mod query;
mod refused_devices;
mod routes;
mod schemas;
mod server_password;
mod sse;
mod stream;
mod subjects;
mod table;
mod tokens;
mod webhooks;

use answer::{ApiResponse, HandlerResult};
use caller::Caller;
use extract::{Body, Id, OptionalBody, ok};
use query::{Paging, device_page, page, page_in};

pub(super) use events::shown as shown_event;
pub(super) use extract::{Id as PathId, id as path_id};
pub(super) use guard::is_known;
pub(super) use query::bad_query;
pub(super) use routes::routes;
