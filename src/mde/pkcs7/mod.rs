//! PKCS#7 messages of renewal: a new certificate request, signed with the old key.

mod certificate;
mod signer;

use crate::base64;
use crate::csr::{CertificateRequest, CsrError};
use crate::der::{DerError, Reader, Value, tag};
use crate::fault::{Fault, FaultCode};
use crate::rsa_key::{KeyError, SignatureHash};
use certificate::Certificate;
use signer::Signer;

/// Longest message, in bytes.
pub const MAX_BYTES: usize = 32 * 1024;
/// Most certificates in a message.
const MAX_CERTIFICATES: usize = 8;

/// signedData, 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

/// Why a PKCS#7 message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs7Error {
    /// Too long.
    #[error("expected a PKCS#7 message of at most {MAX_BYTES} bytes")]
    TooLong,
    /// Not PKCS#7.
    #[error("expected PKCS#7 SignedData in DER")]
    Structure,
    /// There is nothing in it.
    #[error("expected a certificate request inside the PKCS#7 message")]
    NoContent,
    /// There is not one signer.
    #[error("expected one signer")]
    Signers,
    /// Another digest or signature algorithm.
    #[error("expected a signature with RSA and SHA-256 or SHA-1")]
    Algorithm,
    /// The signer's certificate is not there.
    #[error("expected the signer's certificate")]
    NoCertificate,
    /// The signer is not the client whose certificate the connection presented.
    #[error("expected the signature of the certificate that the connection presented")]
    OtherSigner,
    /// The signer's key is not acceptable.
    #[error(transparent)]
    SignerKey(KeyError),
    /// The signed attributes do not fit the content.
    #[error("expected signed attributes with the digest and the type of the content")]
    Attributes,
    /// The signature is not the signer's.
    #[error("expected the signature of the signer's key")]
    Signature,
    /// The certificate request in it is refused.
    #[error(transparent)]
    Request(#[from] CsrError),
}

impl From<DerError> for Pkcs7Error {
    fn from(_: DerError) -> Self {
        Pkcs7Error::Structure
    }
}

impl From<Pkcs7Error> for Fault {
    fn from(error: Pkcs7Error) -> Fault {
        let code = match error {
            Pkcs7Error::NoCertificate
            | Pkcs7Error::OtherSigner
            | Pkcs7Error::SignerKey(_)
            | Pkcs7Error::Attributes
            | Pkcs7Error::Signature => FaultCode::Authentication,
            _ => FaultCode::CertificateRequest,
        };
        Fault::new(code, error.to_string())
    }
}

/// A request to renew, of which both signatures are verified: the old key's over the message
/// and the new key's over the certificate request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalRequest {
    request: CertificateRequest,
    signer_certificate: Vec<u8>,
    hash: SignatureHash,
}

impl RenewalRequest {
    /// Reads and verifies a message. `presented` is the client certificate of the TLS
    /// connection: with it, the signer must be this certificate, byte for byte. Without it,
    /// the certificate is the one in the message; whether it is known is for the caller to
    /// decide, by the digest of the whole certificate.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn read(der: &[u8], presented: Option<&[u8]>) -> Result<Self, Pkcs7Error> {
        if der.len() > MAX_BYTES {
            return Err(Pkcs7Error::TooLong);
        }
        let signed = SignedData::read(der)?;
        let certificate = signed.signer_certificate(presented)?;
        let hash = signed.signer.verify(&certificate, &signed)?;
        Ok(RenewalRequest {
            request: certificate_request(signed.content)?,
            signer_certificate: certificate.der.to_vec(),
            hash,
        })
    }

    /// The new certificate request.
    pub fn request(&self) -> &CertificateRequest {
        &self.request
    }

    /// The certificate of the old key, as DER.
    pub fn signer_certificate(&self) -> &[u8] {
        &self.signer_certificate
    }

    /// The hash of the old key's signature.
    pub fn signature_hash(&self) -> SignatureHash {
        self.hash
    }
}

/// The parts of SignedData (RFC 5652, 5.1).
struct SignedData<'a> {
    content_type: &'a [u8],
    content: &'a [u8],
    certificates: Vec<Certificate<'a>>,
    signer: Signer<'a>,
}

impl<'a> SignedData<'a> {
    fn read(der: &'a [u8]) -> Result<Self, Pkcs7Error> {
        let mut info = Reader::only(der, tag::SEQUENCE)?.reader();
        let kind = info.expect(tag::OID)?;
        let inner = info.expect(tag::CONTEXT_0)?;
        info.end()?;
        if kind.content != SIGNED_DATA {
            return Err(Pkcs7Error::Structure);
        }
        let mut data = Reader::only(inner.content, tag::SEQUENCE)?.reader();
        data.expect(tag::INTEGER)?;
        data.expect(tag::SET)?;
        let content = data.expect(tag::SEQUENCE)?;
        let certificates = data.optional(tag::CONTEXT_0)?;
        data.optional(tag::CONTEXT_1)?;
        let signers = data.expect(tag::SET)?;
        data.end()?;
        let (content_type, content) = encapsulated(&content)?;
        Ok(SignedData {
            content_type,
            content,
            certificates: certificates.map_or(Ok(Vec::new()), |bag| all_certificates(&bag))?,
            signer: only_signer(&signers)?,
        })
    }

    /// The certificate that the signer names.
    fn signer_certificate(
        &self,
        presented: Option<&'a [u8]>,
    ) -> Result<Certificate<'a>, Pkcs7Error> {
        if let Some(der) = presented {
            let certificate = Certificate::read(der)?;
            if !self.signer.is(&certificate) {
                return Err(Pkcs7Error::OtherSigner);
            }
            let mut others = self.certificates.iter();
            if others.any(|other| self.signer.is(other) && other.der != der) {
                return Err(Pkcs7Error::OtherSigner);
            }
            return Ok(certificate);
        }
        let mut found = self.certificates.iter().filter(|it| self.signer.is(it));
        match (found.next(), found.next()) {
            (Some(certificate), None) => Ok(*certificate),
            _ => Err(Pkcs7Error::NoCertificate),
        }
    }
}

/// The type and the bytes of the content. Both PKCS#7 and CMS put the bytes of data into an
/// octet string.
fn encapsulated<'a>(content: &Value<'a>) -> Result<(&'a [u8], &'a [u8]), Pkcs7Error> {
    let mut reader = content.reader();
    let kind = reader.expect(tag::OID)?;
    let inner = reader.optional(tag::CONTEXT_0)?;
    reader.end()?;
    let inner = inner.ok_or(Pkcs7Error::NoContent)?;
    let bytes = Reader::only(inner.content, tag::OCTET_STRING)?;
    Ok((kind.content, bytes.content))
}

fn all_certificates<'a>(bag: &Value<'a>) -> Result<Vec<Certificate<'a>>, Pkcs7Error> {
    let mut reader = bag.reader();
    let mut all = Vec::new();
    while let Some(value) = reader.next()? {
        if all.len() >= MAX_CERTIFICATES {
            return Err(Pkcs7Error::Structure);
        }
        // Attribute certificates and the like have context tags and sign nothing here.
        if value.tag == tag::SEQUENCE {
            all.push(Certificate::read(value.whole)?);
        }
    }
    Ok(all)
}

fn only_signer<'a>(signers: &Value<'a>) -> Result<Signer<'a>, Pkcs7Error> {
    let mut reader = signers.reader();
    match (reader.next()?, reader.next()?) {
        (Some(signer), None) => Signer::read(&signer),
        _ => Err(Pkcs7Error::Signers),
    }
}

/// The certificate request: raw in automatic renewals, base64 in manual ones.
fn certificate_request(content: &[u8]) -> Result<CertificateRequest, CsrError> {
    if content.first() == Some(&tag::SEQUENCE)
        && let Ok(request) = CertificateRequest::read(content)
    {
        return Ok(request);
    }
    let text = std::str::from_utf8(content).ok();
    match text.and_then(base64::decode) {
        Some(der) => CertificateRequest::read(&der),
        None => CertificateRequest::read(content),
    }
}
