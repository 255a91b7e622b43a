//! What every store does, whatever stands behind it.

mod alerts;
mod api;
mod closing;
pub mod conformance;
mod fleet;
mod installs;
pub mod proof;
mod redaction;
mod tally;
