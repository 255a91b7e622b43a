//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(clippy::unwrap_used, missing_docs)]

mod api_behaviour;
mod api_docs;
mod api_fields;
mod api_limits;
mod api_random;
mod api_stream;
mod bad_input;
mod codec;
mod crash;
mod gating;
mod harness;
mod identity;
mod models;
mod openapi;
mod operating;
mod sessions;
mod simulated_device;
mod store_api;
mod store_conformance;
mod tokens;
mod walkthrough;
mod wbxml;
mod wbxml_refused;
mod wbxml_tools;
