//! The pages over real HTTP, as a browser without script asks for them.

pub mod client;
mod devices;
mod forms;
mod sign_in;
