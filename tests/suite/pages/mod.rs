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
mod me;
mod policies;
mod portal;
mod push;
mod routes;
mod sign_in;
