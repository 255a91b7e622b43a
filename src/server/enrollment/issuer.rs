//! What issues a device's certificate, whichever it is.

use async_trait::async_trait;
use serde::Serialize;

use modegate_core::time::Timestamp;

/// What a device's certificate is asked for. The key is proven to be the device's.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    /// The request of the device, PKCS#10, DER. Its subject and extensions mean nothing.
    pub csr: Vec<u8>,
    /// The SubjectPublicKeyInfo of the device's key, DER.
    pub key: Vec<u8>,
    /// The common name that the certificate is to have.
    pub name: String,
    /// From when it is to be valid.
    pub not_before: Timestamp,
    /// Until when, at most.
    pub not_after: Timestamp,
    /// For whom it is, as far as it is proven.
    pub claims: Claims,
    /// The issuer of the certificate that this one renews, DER; none for a first one.
    pub renews: Option<Vec<u8>>,
}

/// For whom a certificate is issued.
#[derive(Debug, Clone, Serialize)]
pub struct Claims {
    /// The id of the enrollment.
    pub enrollment: String,
    /// Who enrolls.
    pub user: String,
    /// The family that the device shows: `windows81`, `windows_phone81` or `windows10`.
    pub family: &'static str,
    /// The groups that the policy gives the device.
    pub groups: Vec<String>,
}

/// A certificate that was issued, with its issuers, the root last. DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The device's certificate.
    pub leaf: Vec<u8>,
    /// Its issuers: one root, or one intermediate and the root.
    pub issuers: Vec<Vec<u8>>,
}

/// What is wrong with what an issuer made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no certificate in PEM, or not followed by its root.
    #[error("not a certificate in PEM with its issuers behind it, the root last")]
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
    /// It is not valid now, or for longer than was asked for.
    #[error("not valid now, or valid for longer than was asked for")]
    Validity,
    /// It could issue others, or does not say that it is for a client.
    #[error("that of a CA, or without the usage \"client authentication\"")]
    Usage,
}

/// Why no certificate was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The issuer could not be asked, or did not answer in time.
    #[error("the issuer of certificates cannot be reached: {0}")]
    Unavailable(String),
    /// It refused this request.
    #[error("the issuer of certificates refused: {0}")]
    Refused(String),
    /// What it made is not what was asked for.
    #[error("the issuer's certificate is {0}")]
    Unusable(Unusable),
    /// The CA of this server ends before the certificate would.
    #[error("the enrollment CA ends on {0}: make a new one")]
    Ending(Timestamp),
}

/// What issues certificates.
#[async_trait]
pub trait Issuer: Send + Sync {
    /// Issues a certificate as it was asked for.
    ///
    /// # Errors
    /// None was issued.
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError>;
}
