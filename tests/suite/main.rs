//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_input;
mod codec;
mod configuration;
mod crash;
mod gating;
mod harness;
mod identity;
mod inventory;
mod models;
mod operating;
mod operations;
mod packaging;
mod proxy;
mod server_auth;
mod sessions;
mod simulated_device;
mod store_conformance;
mod tls_refusals;
mod walkthrough;
mod wbxml;
mod wbxml_refused;
mod wbxml_tools;
mod wns_bench;
mod wns_client;
mod wns_hostile;
