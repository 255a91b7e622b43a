//! Installs: one user's request for an app on one device, with its history.
//!
//! An install is a saga: its command waits, a push wakes the device, the
//! command goes out, the device makes a job of it, and later sessions tell how
//! the job ends. [`machine`] says what the facts of a device make of it, and
//! [`request`] what a request, or a cancellation, does. Both are pure. Only
//! the server's worker has effects: it reads the facts and writes what follows.
//!
//! The machine looks at where things stand, not at what happened. So nothing
//! is lost with a process that dies: whatever it had not seen yet is there to
//! be seen by the next one.

pub mod facts;
pub mod fault;
mod install;
pub mod machine;
pub mod offer;
pub mod readiness;
pub mod reading;
pub mod request;
pub mod standing;
#[cfg(test)]
mod tests;

pub use install::{Install, InstallId, InstallState, JobRules, OPEN, STEPS, Step, outdated};
