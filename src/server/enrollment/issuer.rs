//! Who signs certificates for devices: a certification authority of the server's own, or
//! another program.

use async_trait::async_trait;

use modegate_core::enrollment::DeviceClaims;
use modegate_core::time::Timestamp;

/// A certificate that is to be signed. The caller has checked that the device has the key.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    /// The public key: SubjectPublicKeyInfo, DER.
    pub spki_der: Vec<u8>,
    /// The common name of the subject, all that the subject has.
    pub subject_cn: String,
    /// From when on it is to be valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// What the device says of itself: for the issuer's records, proved by nothing.
    pub claims: DeviceClaims,
}

/// A certificate that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The certificate, DER.
    pub leaf_der: Vec<u8>,
    /// Its issuers, the root last, DER.
    pub chain_der: Vec<Vec<u8>>,
}

/// Why no certificate was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The issuer does not sign it.
    #[error("the issuer rejected the certificate request: {0}")]
    Rejected(String),
    /// The issuer cannot sign now.
    #[error("the issuer is not available: {0}")]
    Unavailable(String),
    /// What it signed is not what was asked for.
    #[error("the issuer returned an unusable certificate: {0}")]
    Unusable(String),
}

/// Signs certificates.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Signs a certificate for a device.
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError>;
}
