//! Behaviour, shown through the outside: a real process, real HTTP, a real database.
#![allow(clippy::unwrap_used, missing_docs)]

mod backup;
mod bad_input;
mod clock;
mod codec;
mod crash;
mod faults;
mod gating;
mod harness;
mod identity;
mod key_rotation;
mod metrics;
mod operating;
mod retention;
mod secrets;
mod sessions;
mod store_conformance;
mod walkthrough;
