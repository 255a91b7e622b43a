//! What is put on record of a certificate that an issuer signed, and whether it is the one that
//! was asked for.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::issuer::{CertificateRequest, IssueError, IssuedCertificate};
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::{EnrolledCertificate, IssuedAnswer, KeyDigest, RequestDigest};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;

/// How much earlier or later than asked for a certificate may begin and end, milliseconds:
/// certificates have whole seconds, and an issuer may cut off the last day.
const SLACK_MS: i64 = 24 * 60 * 60 * 1000;

/// The certificate as it is kept, and the answer with it.
pub(super) fn on_record(
    issued: IssuedCertificate,
    asked: &CertificateRequest,
    (request, secrets): (RequestDigest, Option<Secret>),
    now: Timestamp,
) -> Result<(EnrolledCertificate, IssuedAnswer), IssueError> {
    let unusable = |why: &str| IssueError::Unusable(why.to_owned());
    let (rest, leaf) = X509Certificate::from_der(&issued.leaf_der)
        .map_err(|_| unusable("it is not an X.509 certificate"))?;
    if !rest.is_empty() {
        return Err(unusable("there are bytes behind it"));
    }
    if leaf.public_key().raw != asked.spki_der {
        return Err(unusable("it has another key"));
    }
    if leaf.is_ca() {
        return Err(unusable("it is that of a certification authority"));
    }
    let at = |time: x509_parser::time::ASN1Time| Timestamp(time.timestamp().saturating_mul(1000));
    let (not_before, not_after) = (
        at(leaf.validity().not_before),
        at(leaf.validity().not_after),
    );
    // Whoever asked was allowed so long and no longer.
    if not_after.ms_since(asked.not_after) > SLACK_MS || not_after <= now {
        return Err(unusable("it ends at another time than asked for"));
    }
    if not_before.ms_since(asked.not_before).abs() > SLACK_MS {
        return Err(unusable("it begins at another time than asked for"));
    }
    let issuer = issued
        .chain_der
        .first()
        .ok_or_else(|| unusable("it comes without its issuer"))?;
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
