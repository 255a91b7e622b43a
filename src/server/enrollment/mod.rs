//! Enrollment without HTTP: tokens are checked, certificates are issued by whatever signs them,
//! and renewed. What signs is a certification authority of this server's own, or an issuer
//! outside that is handed the request.

pub mod authority;
mod certificate;
mod checked;
pub mod command;
pub mod issuer;
pub mod own;
pub mod provisioning;
mod question;
pub mod remote;
mod service;

pub use service::{
    EnrollmentError, EnrollmentService, Issued, MadeToken, RenewalAsked, SignedRequest, WantedToken,
};
