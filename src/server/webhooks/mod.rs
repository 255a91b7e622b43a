//! Webhooks as the server sends them: signatures, the client, the worker.

pub(crate) mod client;
mod sign;
#[cfg(test)]
mod tests;
pub(crate) mod worker;
