//! What is put on record of a certificate that an issuer signed.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::checked;
use super::issuer::{CertificateRequest, IssueError, IssuedCertificate, Unusable};
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::{EnrolledCertificate, IssuedAnswer, KeyDigest, RequestDigest};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// The certificate as it is kept, and the answer with it.
pub(super) fn on_record(
    issued: IssuedCertificate,
    asked: &CertificateRequest,
    (request, secrets): (RequestDigest, Option<Secret>),
    now: Timestamp,
) -> Result<(EnrolledCertificate, IssuedAnswer), IssueError> {
    checked::check(&issued, asked, now)?;
    let (_, leaf) = X509Certificate::from_der(&issued.leaf_der).map_err(|_| Unusable::Form)?;
    let at = |time: x509_parser::time::ASN1Time| Timestamp(time.timestamp().saturating_mul(1000));
    let (not_before, not_after) = (
        at(leaf.validity().not_before),
        at(leaf.validity().not_after),
    );
    let issuer = issued.chain_der.first().ok_or(Unusable::Form)?;
    let digest = digest_of(&issued.leaf_der);
    let certificate = EnrolledCertificate {
        digest,
        serial: HEXLOWER.encode(leaf.raw_serial()),
        not_before,
        not_after,
        issuer: digest_of(issuer),
        key: KeyDigest(Sha256::digest(&asked.spki_der).into()),
        request,
        issued_at: now,
        first_seen: None,
        superseded_at: None,
    };
    let answer = IssuedAnswer {
        digest,
        leaf: issued.leaf_der,
        chain: issued.chain_der,
        secrets,
    };
    Ok((certificate, answer))
}

fn digest_of(certificate: &[u8]) -> CertificateDigest {
    CertificateDigest(Sha256::digest(certificate).into())
}
