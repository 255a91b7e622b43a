//! What every store does, whatever stands behind it.

mod alerts;
mod api;
mod closing;
pub mod conformance;
pub mod enrollments;
mod fleet;
mod installs;
mod portal_links;
pub mod proof;
mod redaction;
mod tally;
mod web_sessions;
