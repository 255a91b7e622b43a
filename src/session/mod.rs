//! The session core: one pure step per message. No I/O, no clock, no
//! randomness of its own.
//!
//! [`step`] turns a snapshot and a message into an exchange; [`queue`] turns
//! API writes into changes; [`preview`] says what a session would carry.
//! All three ask the same policy set in the same way.

pub mod preview;
pub mod queue;
