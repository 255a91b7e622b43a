//! Enrollment without HTTP: tokens are checked, certificates are issued by whatever signs them,
//! and renewed.

mod certificate;
pub mod issuer;
mod service;

pub use service::{
    EnrollmentError, EnrollmentService, Issued, MadeToken, RenewalAsked, SignedRequest, WantedToken,
};
