//! Sync sessions over real HTTP: who a device is, what it gets, and how it may misbehave.

mod alerts;
mod bad_input;
mod bad_values;
mod device_bounds;
mod enrollments;
mod families;
mod family_changes;
mod gating;
mod hostile;
mod hostile_messages;
mod identity;
mod keep_alive;
mod keys;
mod large_objects;
mod odd_sessions;
mod odd_statuses;
mod refused_devices;
mod removals;
mod schema;
mod server_auth;
mod sessions;
pub mod simulated_device;
mod status_500;
mod unanswered;
mod unclassified;
mod wbxml;
