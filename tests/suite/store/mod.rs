//! What every store does, whatever stands behind it.

mod alerts;
mod api;
pub mod conformance;
mod installs;
pub mod proof;
mod redaction;
