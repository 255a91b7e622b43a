//! The pages over real HTTP, as a browser without script asks for them.

pub mod client;
mod forms;
mod portal;
mod sign_in;
