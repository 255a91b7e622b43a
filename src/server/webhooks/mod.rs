//! Webhooks as the server sends them: targets, signatures, the client, the worker.

pub(crate) mod client;
mod sign;
pub mod target;
#[cfg(test)]
mod tests;
pub(crate) mod worker;
