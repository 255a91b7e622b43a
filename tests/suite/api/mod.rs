//! The API over real HTTP: a module for each path, and one for each rule of them all.

pub mod alerts;
mod apps;
mod assumed_job_data;
mod batches;
mod clients;
mod commands;
mod conditional;
mod devices;
mod event_filters;
mod events;
mod fields;
mod head;
mod idempotency;
pub mod installs;
mod inventory;
mod limits;
mod openapi;
mod persons;
mod policies;
mod problems;
mod random;
mod routes;
mod scopes;
mod tokens;
mod typos;
pub mod webhooks;
