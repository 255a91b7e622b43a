//! The messages of device enrollment: bytes to types and back.
//!
//! Windows 8.1 enrolls by MS-MDE, Windows Phone 8.1 and Windows 10 by its successor
//! MS-MDE2. Both send SOAP requests: a discovery, a question for the certificate policy
//! (MS-XCEP), and a request for a certificate (MS-WSTEP), whose answer contains a
//! provisioning document with the certificates and the account for OMA DM. This crate
//! reads the requests leniently and writes the answers exactly as each [`family`]
//! expects them. Pure: no I/O, no clock, no randomness. It checks that a request proves
//! possession of its key; whether anybody may enroll is not known here.
//!
//! A handler reads an [`envelope::Envelope`], passes it to [`discovery`], [`policies`] or
//! [`token_request`], and renders the answer with [`reply::Reply`]. Every error converts
//! into the one [`fault::Fault`] that the device is sent.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::too_many_lines))]

mod base64;
pub mod csr;
mod der;
pub mod discovery;
pub mod envelope;
pub mod family;
pub mod fault;
mod namespace;
pub mod pkcs7;
pub mod policies;
pub mod provisioning;
pub mod reply;
mod rsa_key;
pub mod secret;
pub mod service_url;
pub mod token_request;
pub mod token_response;
pub mod xml;

// The tests include the fuzz target, which names the crate.
#[cfg(test)]
extern crate self as modegate_mde;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
