//! Who signs certificates for devices: a certification authority of the server's own, or
//! another program.

use async_trait::async_trait;

use modegate_core::context::Family;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::DeviceClaims;
use modegate_core::time::Timestamp;

/// A certificate that is to be signed. The caller has checked that the device has the key.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    /// What the device sent: PKCS#10, DER. Its subject and extensions mean nothing.
    pub csr_der: Vec<u8>,
    /// The public key: SubjectPublicKeyInfo, DER.
    pub spki_der: Vec<u8>,
    /// The common name of the subject, all that the subject has.
    pub subject_cn: String,
    /// From when on it is to be valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// Whose device it is.
    pub user: String,
    /// The family of the device.
    pub family: Family,
    /// What the device says of itself: for the issuer's records, proved by nothing.
    pub claims: DeviceClaims,
    /// The issuer of the certificate that this one follows; none for a first one.
    pub follows: Option<CertificateDigest>,
}

/// A certificate that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The certificate, DER.
    pub leaf_der: Vec<u8>,
    /// Its issuers, the root last, DER.
    pub chain_der: Vec<Vec<u8>>,
}

/// What is wrong with what an issuer signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no certificate in PEM, or not followed by its root.
    #[error("not a certificate with its issuers behind it, the root last")]
    Form,
    /// There are more issuers than a device takes.
    #[error("followed by more than one intermediate and a root")]
    Chain,
    /// A certificate is not signed by the one behind it.
    #[error("not signed by the certificate behind it")]
    Signature,
    /// It is for another key.
    #[error("for another key than the device's")]
    Key,
    /// It is not valid now, or begins or ends at another time than asked for.
    #[error("not valid now, or valid from or until another time than asked for")]
    Validity,
    /// It could issue others, or does not say that it is for a client.
    #[error("that of a certification authority, or without the usage \"client authentication\"")]
    Usage,
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
    #[error("the issuer's certificate is {0}")]
    Unusable(#[from] Unusable),
    /// The server's own authority ends before the certificate would.
    #[error("the enrollment CA ends at {0}: make a new one")]
    Ending(Timestamp),
}

/// Signs certificates.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Signs a certificate for a device.
    ///
    /// # Errors
    /// None was signed.
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError>;
}
