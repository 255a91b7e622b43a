//! The pages over real HTTP, as a browser without script asks for them.

pub mod client;
mod forms;
mod sign_in;
