//! PKCS#10 certificate requests. Only the public key counts, and the proof that the device
//! has the private one; the subject and the extensions are the server's to choose. They are
//! not read: Windows writes `!` and NUL into a PrintableString, and an extension whose value
//! is not DER.

use aws_lc_rs::digest;

use crate::der::{DerError, Reader, tag};
use crate::fault::{Fault, FaultCode};
pub use crate::rsa_key::{KeyError, SignatureHash};
use crate::rsa_key::{RsaKey, algorithm_oid};

/// Longest request, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

/// Why a certificate request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Too long.
    #[error("expected a certificate request of at most {MAX_BYTES} bytes")]
    TooLong,
    /// Not PKCS#10.
    #[error("expected a PKCS#10 certificate request in DER")]
    Structure,
    /// The key is not acceptable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another algorithm of signature.
    #[error("expected a signature with RSA and SHA-256 or SHA-1")]
    SignatureAlgorithm,
    /// The signature is not the key's: the request does not prove possession of it.
    #[error("expected the signature of the key in the certificate request")]
    Signature,
}

impl From<DerError> for CsrError {
    fn from(_: DerError) -> Self {
        CsrError::Structure
    }
}

impl From<CsrError> for Fault {
    fn from(error: CsrError) -> Fault {
        Fault::new(FaultCode::CertificateRequest, error.to_string())
    }
}

/// A certificate request that proves possession of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
    spki: Vec<u8>,
    subject: Vec<u8>,
    hash: SignatureHash,
}

impl CertificateRequest {
    /// Reads a request and verifies its signature.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn read(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > MAX_BYTES {
            return Err(CsrError::TooLong);
        }
        let mut request = Reader::only(der, tag::SEQUENCE)?.reader();
        let info = request.expect(tag::SEQUENCE)?;
        let algorithm = request.expect(tag::SEQUENCE)?;
        let signature = request.expect(tag::BIT_STRING)?.bits()?;
        request.end()?;

        let mut fields = info.reader();
        fields.expect(tag::INTEGER)?;
        let subject = fields.expect(tag::SEQUENCE)?;
        let spki = fields.expect(tag::SEQUENCE)?;
        fields.optional(tag::CONTEXT_0)?;
        fields.end()?;

        let key = RsaKey::from_spki(spki)?;
        let hash = SignatureHash::from_signature_oid(algorithm_oid(&algorithm)?)
            .ok_or(CsrError::SignatureAlgorithm)?;
        if !key.verify(hash, info.whole, signature) {
            return Err(CsrError::Signature);
        }
        Ok(CertificateRequest {
            der: der.to_vec(),
            spki: key.spki.to_vec(),
            subject: subject.whole.to_vec(),
            hash,
        })
    }

    /// The whole request as it came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The public key as SubjectPublicKeyInfo, for the certificate.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The SHA-256 of the SubjectPublicKeyInfo, by which keys are compared: equal keys have
    /// equal digests.
    pub fn spki_sha256(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, &self.spki).as_ref());
        bytes
    }

    /// The subject as the client wrote it, possibly no valid DER: for diagnostics only.
    pub fn raw_subject(&self) -> &[u8] {
        &self.subject
    }

    /// The hash with which the request is signed.
    pub fn signature_hash(&self) -> SignatureHash {
        self.hash
    }
}
