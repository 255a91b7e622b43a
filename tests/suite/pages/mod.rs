//! The pages over real HTTP, as a browser without script asks for them.

mod apps;
mod batches;
pub mod client;
mod commands;
mod devices;
mod forms;
mod portal;
mod sign_in;
