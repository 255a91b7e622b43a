//! Sync sessions over real HTTP: who a device is, what it gets, and how it may misbehave.

mod alerts;
mod bad_input;
mod bad_values;
mod device_bounds;
mod enrollments;
mod families;
mod gating;
mod hostile;
mod hostile_messages;
mod identity;
mod keys;
mod odd_sessions;
mod odd_statuses;
mod phones;
mod refused_devices;
mod removals;
mod server_auth;
mod sessions;
pub mod simulated_device;
mod unanswered;
mod unclassified;
mod wbxml;
