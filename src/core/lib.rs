//! The core of modegate: types and pure functions. No I/O, no clock, no
//! randomness: time, identifiers and random bytes are arguments.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::too_many_lines))]

pub mod activity;
pub mod alert;
pub mod audit;
pub mod batch;
pub mod catalogue;
pub mod change;
pub mod classify;
pub mod command;
pub mod compliance;
pub mod context;
pub mod device;
pub mod enrollment;
pub mod event;
pub mod fields;
#[cfg(test)]
mod fixtures;
pub mod fleet;
pub mod forecast;
pub mod ids;
pub mod installs;
pub mod inventory;
pub mod kind;
pub mod limits;
pub mod loc_uri;
pub mod log_health;
pub mod log_record;
mod named;
pub mod operations;
pub mod package;
pub mod policy;
pub mod polling;
pub mod portal_link;
pub mod push;
pub mod refusal;
pub mod retention;
pub mod secret;
pub mod session;
pub mod session_calendar;
pub mod siem;
pub mod suggestion;
pub mod tally;
pub mod templates;
pub mod time;
pub mod tlog;
pub mod tokens;
pub mod toml_file;
pub mod waiting;
pub mod web_session;
pub mod webhooks;
mod wmi;
