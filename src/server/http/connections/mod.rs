//! Connections: how many may be open, and how long one may go without progress.
//!
//! A connection holds a [`ConnectionSlot`](admission::ConnectionSlot) from its acceptance to its end. One on
//! which the peer has begun nothing gives its place to a newcomer when there is none left;
//! one that began something and does not go on ends by a time-out.

pub(super) mod admission;
pub(super) mod arrival;
pub(super) mod follow;
pub(super) mod handshake;
pub(super) mod progress;
pub(super) mod watched;
