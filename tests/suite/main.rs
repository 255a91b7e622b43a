//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_input;
mod codec;
mod crash;
mod gating;
mod harness;
mod identity;
mod operating;
mod proxy;
mod server_auth;
mod sessions;
mod store_conformance;
mod tls_refusals;
mod walkthrough;
