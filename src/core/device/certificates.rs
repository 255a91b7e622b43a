//! A device's certificates over time: an old and a new one side by side while
//! they rotate, and those that were revoked.

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Most certificates bound to one device.
pub(super) const BOUND: usize = 64;
/// Most revoked certificates kept for one device; each is 32 bytes of its record.
pub(super) const REVOKED: usize = 256;

/// SHA-256 of a DER certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertificateDigest(pub [u8; 32]);

impl CertificateDigest {
    /// Reads 64 hexadecimal digits, with colons or spaces between them or not.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b':' | b' ')).collect();
        let bytes = HEXLOWER_PERMISSIVE.decode(&digits).ok()?;
        bytes.try_into().ok().map(CertificateDigest)
    }
}

impl fmt::Display for CertificateDigest {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// How a device's certificates change over time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rotation {
    /// What was said when a certificate was bound by itself.
    pub notes: Vec<CertificateNote>,
    /// Certificates that prove nothing any more, wherever they turn up again.
    pub revoked: Vec<CertificateDigest>,
    /// The last bound certificate was revoked: until another is bound, or the list
    /// is set by hand, nothing else proves the device either.
    pub none_left: bool,
}

/// What an operator said of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateNote {
    /// Which.
    pub digest: CertificateDigest,
    /// It proves nothing before.
    pub not_before: Option<Timestamp>,
    /// Why it is there.
    pub note: Option<String>,
    /// When it was bound.
    pub added_at: Timestamp,
}

/// Why a device's certificates stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// It was revoked before.
    #[error("the certificate {0} is revoked for this device: issue another one")]
    Revoked(CertificateDigest),
    /// The list is full.
    #[error("a device has at most {BOUND} certificates: revoke those that are not used any more")]
    TooMany,
    /// The other list is full.
    #[error(
        "a device keeps at most {REVOKED} revoked certificates: retire it and register it again"
    )]
    TooManyRevoked,
}

impl Rotation {
    /// Whether that certificate was revoked for this device.
    pub(crate) fn is_revoked(&self, digest: CertificateDigest) -> bool {
        self.revoked.contains(&digest)
    }

    /// What was said of that certificate.
    pub fn note(&self, digest: CertificateDigest) -> Option<&CertificateNote> {
        self.notes.iter().find(|note| note.digest == digest)
    }

    /// Whether that certificate's time has come.
    pub(crate) fn in_force(&self, digest: CertificateDigest, now: Timestamp) -> bool {
        self.note(digest)
            .and_then(|note| note.not_before)
            .is_none_or(|at| at <= now)
    }
}
