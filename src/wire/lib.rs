//! The wire: bytes to messages and back.
//!
//! [`message`] is the one model of an OMA DM 1.2 message; [`decode`] reads it
//! tolerantly and [`encode`] writes it strictly, in XML; [`wbxml`] does both in
//! WBXML through the same two, and [`encoding`] names the choice. Pure: no I/O,
//! no clock. What a message *means* is not known here.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::too_many_lines))]

pub mod auth;
pub mod decode;
pub mod document;
pub mod encode;
pub mod encoding;
mod end_tag;
pub mod error_number;
mod events;
pub mod fault;
pub mod guard;
pub mod limits;
pub mod mac;
pub mod message;
mod tags;
mod text;
pub mod wbxml;
mod xml;
mod xml_writer;
