//! Webhooks as the server sends them: targets, signatures, the client, the worker.

pub mod client;
pub mod sign;
pub mod target;
#[cfg(test)]
mod tests;
pub mod worker;
