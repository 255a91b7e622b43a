//! The wire: bytes to messages and back.
//!
//! [`message`] is the one model of an OMA DM 1.2 message; [`decode`] reads it
//! tolerantly from XML, [`encode`] writes it strictly. Pure: no I/O, no clock.
//! What a message *means* is not known here.

pub mod auth;
pub mod decode;
pub mod encode;
pub mod guard;
pub mod mac;
pub mod message;
mod xml;
