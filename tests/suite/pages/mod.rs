//! The pages over real HTTP, as a browser without script asks for them.

mod access;
mod alerts;
mod apps;
mod audit;
mod batches;
pub mod client;
mod commands;
mod compliance;
mod devices;
mod forms;
mod links;
mod me;
#[cfg(feature = "oidc")]
mod oidc;
mod policies;
mod policy_sets;
mod portal;
mod push;
mod routes;
mod server;
mod sign_in;
mod webhooks;
