//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_input;
mod codec;
mod configuration;
mod crash;
mod families;
mod gating;
mod harness;
mod hostile;
mod hostile_messages;
mod identity;
mod models;
mod odd_sessions;
mod operating;
mod packaging;
mod sessions;
mod simulated_device;
mod store_conformance;
mod walkthrough;
mod wbxml;
mod wbxml_refused;
mod wbxml_sync;
mod wbxml_tools;
