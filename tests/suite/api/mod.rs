//! The API over real HTTP: a module for each path, and one for each rule of them all.

mod apps;
mod batches;
mod behaviour;
mod commands;
mod devices;
mod events;
mod fields;
mod idempotency;
pub mod installs;
mod inventory;
mod limits;
mod openapi;
mod random;
mod tokens;
mod webhooks;
