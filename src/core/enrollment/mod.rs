//! Enrollment: who may enroll a device, with which one-time token, what is on record of it, and
//! what an issue, a first session, a renewal and an end change. Pure: times, ids, random bytes
//! and certificates are arguments.

mod claims;
mod expiry;
mod first_session;
mod issue;
mod operate;
mod record;
mod renewal;
pub mod rules;
mod token;

pub use claims::DeviceClaims;
pub use expiry::Expiry;
pub use first_session::first_session;
pub use issue::{
    DeviceSecrets, IssueFault, IssueRequest, IssueStep, IssueView, NewEnrollment, issue,
};
pub use operate::{release, revoke};
pub use record::{
    DeviceEnrollment, EnrolledCertificate, EnrollmentChange, EnrollmentConflict, EnrollmentState,
    EnrollmentView, IssuedAnswer, Phase,
};
pub use renewal::{RenewalFault, RenewalRequest, RenewalStep, renew};
pub use token::{
    DrawnToken, EnrollmentToken, EnrollmentTokenId, TOKENS, TokenDigest, TokenFault, TokenOrigin,
    TokenRequest, TokenState, TokenUse, VALID_MS,
};

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// A day, milliseconds.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// SHA-256 of a public key (SubjectPublicKeyInfo, DER).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyDigest(pub [u8; 32]);

/// SHA-256 of a certificate request (DER).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestDigest(pub [u8; 32]);
