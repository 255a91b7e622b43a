//! Use cases: each is one function that handlers, pages, workers and the command
//! line call. They know no HTTP: they take who asks, what is asked as types, and
//! return what there is now, or why not.

pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod baseline_reload;
pub(crate) mod batches;
pub(crate) mod catalogue;
pub(crate) mod catalogue_input;
pub(crate) mod certificates;
pub(crate) mod commands;
pub(crate) mod compliance;
mod context;
mod cursor;
pub(crate) mod device_list;
pub(crate) mod devices;
pub(crate) mod enrolling;
pub(crate) mod enrollments;
mod error;
pub(crate) mod fleet;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod input;
pub(crate) mod installs;
pub(crate) mod inventory;
mod list;
pub(crate) mod log;
pub(crate) mod offers;
#[cfg(feature = "oidc")]
pub(crate) mod oidc;
pub(crate) mod persons;
pub(crate) mod policies;
pub(crate) mod policy_reload;
pub(crate) mod policy_sets;
pub(crate) mod portal_links;
mod principal;
pub(crate) mod push_profiles;
pub(crate) mod refused_devices;
pub(crate) mod revision;
pub(crate) mod server;
pub(crate) mod server_password;
pub(crate) mod sessions;
pub(crate) mod timeline;
pub(crate) mod tokens;
pub(crate) mod waiting;
pub(crate) mod waits;
pub(crate) mod wakes;
pub(crate) mod web_sessions;
pub(crate) mod webhooks;
pub(crate) mod word;

pub(crate) use context::App;
pub(crate) use context::WriteOptions;
use context::to_the_end;
pub(crate) use cursor::CURSOR_BYTES;
pub(crate) use error::AppError;
pub(crate) use list::{Listed, Page};
pub(crate) use principal::Principal;
