//! How devices get their certificates: from a CA of this server's own, or from an issuer
//! outside that is handed the request.

pub mod authority;
mod checked;
pub mod command;
pub mod issuer;
mod question;
pub mod remote;
