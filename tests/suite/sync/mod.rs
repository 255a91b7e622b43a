//! Sync sessions over real HTTP: who a device is, what it gets, and how it may misbehave.

mod bad_input;
mod families;
mod gating;
mod hostile;
mod hostile_messages;
mod identity;
mod odd_sessions;
mod server_auth;
mod sessions;
pub mod simulated_device;
mod wbxml;
