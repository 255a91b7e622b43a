//! What a device reads of an X.509 certificate.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::crypto::aws_lc_rs::default_provider;
use sha1::{Digest, Sha1};

use super::der::{self, Element};

/// A certificate taken apart. Names, numbers and keys are DER.
#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) public_key_info: Vec<u8>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    signed: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads one; `None` where it is none.
    pub(super) fn read(certificate: &[u8]) -> Option<Self> {
        let outer = der::inside(certificate)?;
        let [signed, algorithm, signature] = outer[..] else {
            return None;
        };
        let mut fields = der::all(signed.content)?;
        if fields.first()?.tag == der::CONTEXT_0 {
            fields.remove(0);
        }
        let [serial, _, issuer, validity, subject, key, ..] = fields[..] else {
            return None;
        };
        let dates = der::all(validity.content)?;
        let whole = |element: Element<'_>| element.whole.to_vec();
        Some(Certificate {
            serial: whole(serial),
            issuer: whole(issuer),
            subject: whole(subject),
            public_key_info: whole(key),
            not_before: date(dates.first()?)?,
            not_after: date(dates.get(1)?)?,
            signed: whole(signed),
            algorithm: algorithm.content.to_vec(),
            signature: signature.content.get(1..)?.to_vec(),
        })
    }

    /// The subject as text: `CN=…, O=…`.
    pub(super) fn subject_text(&self) -> String {
        let mut parts = Vec::new();
        for set in der::inside(&self.subject).unwrap_or_default() {
            for pair in der::all(set.content).unwrap_or_default() {
                let two = der::all(pair.content).unwrap_or_default();
                let [kind, text] = two[..] else {
                    continue;
                };
                let short = match kind.content {
                    [0x55, 4, 3] => "CN",
                    [0x55, 4, 10] => "O",
                    [0x55, 4, 11] => "OU",
                    _ => "OID",
                };
                parts.push(format!("{short}={}", String::from_utf8_lossy(text.content)));
            }
        }
        parts.join(", ")
    }

    /// Whether `issuer` signed it.
    pub(super) fn is_issued_by(&self, issuer: &Certificate) -> bool {
        let Some(key) = der::inside(&issuer.public_key_info) else {
            return false;
        };
        let [algorithm, bits] = key[..] else {
            return false;
        };
        let Some(public_key) = bits.content.get(1..) else {
            return false;
        };
        let provider = default_provider();
        let mut known = provider.signature_verification_algorithms.all.iter();
        self.issuer == issuer.subject
            && known.any(|candidate| {
                candidate.public_key_alg_id().as_ref() == algorithm.content
                    && candidate.signature_alg_id().as_ref() == self.algorithm
                    && candidate
                        .verify_signature(public_key, &self.signed, &self.signature)
                        .is_ok()
            })
    }

    /// Whether its dates cover `now`.
    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// SHA-1 of a certificate in upper-case hexadecimal.
pub(super) fn thumbprint(certificate: &[u8]) -> String {
    let digest = Sha1::digest(certificate);
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn date(element: &Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?;
    let text = match (element.tag, text.get(..2)?.parse::<u8>().ok()?) {
        (der::UTC_TIME, 50..) => format!("19{text}"),
        (der::UTC_TIME, _) => format!("20{text}"),
        _ => text.to_owned(),
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}
