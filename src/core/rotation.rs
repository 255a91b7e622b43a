//! A device's certificates over time: an old and a new one side by side while
//! they rotate, and those that were revoked.

use serde::{Deserialize, Serialize};

use crate::device::{CertificateDigest, DeviceRecord};
use crate::time::Timestamp;

/// Most certificates bound to one device.
pub const BOUND: usize = 64;
/// Most revoked certificates kept for one device; each is 32 bytes of its record.
pub const REVOKED: usize = 256;

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
        "a device keeps at most {REVOKED} revoked certificates: retire it and register it anew"
    )]
    TooManyRevoked,
}

impl Rotation {
    /// Whether that certificate was revoked for this device.
    pub fn is_revoked(&self, digest: CertificateDigest) -> bool {
        self.revoked.contains(&digest)
    }

    /// What was said of that certificate.
    pub fn note(&self, digest: CertificateDigest) -> Option<&CertificateNote> {
        self.notes.iter().find(|note| note.digest == digest)
    }

    /// Whether that certificate's time has come.
    pub fn in_force(&self, digest: CertificateDigest, now: Timestamp) -> bool {
        self.note(digest)
            .and_then(|note| note.not_before)
            .is_none_or(|at| at <= now)
    }
}

impl DeviceRecord {
    /// Binds a certificate besides those that are bound; what was said of it
    /// before is replaced.
    pub fn bind(&mut self, note: CertificateNote) -> Result<(), RotationError> {
        let digest = note.digest;
        if self.rotation.is_revoked(digest) {
            return Err(RotationError::Revoked(digest));
        }
        if !self.certificates.contains(&digest) {
            if self.certificates.len() >= BOUND {
                return Err(RotationError::TooMany);
            }
            self.certificates.push(digest);
        }
        self.rotation.notes.retain(|other| other.digest != digest);
        self.rotation.notes.push(note);
        self.rotation.none_left = false;
        Ok(())
    }

    /// Revokes a certificate, bound or not: it proves nothing for this device from now on.
    pub fn revoke(&mut self, digest: CertificateDigest) -> Result<(), RotationError> {
        if !self.rotation.is_revoked(digest) {
            if self.rotation.revoked.len() >= REVOKED {
                return Err(RotationError::TooManyRevoked);
            }
            self.rotation.revoked.push(digest);
        }
        let before = self.certificates.len();
        self.certificates.retain(|bound| *bound != digest);
        self.rotation.notes.retain(|note| note.digest != digest);
        // Without this a device whose only certificate was stolen would be
        // known by less than a certificate.
        self.rotation.none_left |= before > 0 && self.certificates.is_empty();
        Ok(())
    }

    /// Sets the whole list, as an operator or an import says it.
    pub fn set_certificates(
        &mut self,
        certificates: Vec<CertificateDigest>,
    ) -> Result<(), RotationError> {
        let revoked = certificates
            .iter()
            .find(|digest| self.rotation.is_revoked(**digest));
        if let Some(revoked) = revoked {
            return Err(RotationError::Revoked(*revoked));
        }
        self.rotation
            .notes
            .retain(|note| certificates.contains(&note.digest));
        self.rotation.none_left = false;
        self.certificates = certificates;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::context::Family;
    use crate::ids::Source;

    fn note(byte: u8) -> CertificateNote {
        CertificateNote {
            digest: CertificateDigest([byte; 32]),
            not_before: None,
            note: None,
            added_at: Timestamp(0),
        }
    }

    #[test]
    fn a_certificate_comes_and_goes_for_good() {
        let mut record = DeviceRecord {
            source: Source("d".into()),
            family: Family::Windows81,
            device_client_id: "d".into(),
            user: None,
            groups: Vec::new(),
            credentials: None,
            certificates: Vec::new(),
            registered_at: Timestamp(0),
            rotation: Rotation::default(),
        };
        let [one, two] = [1, 2].map(|byte| note(byte).digest);
        record.revoke(note(9).digest).unwrap();
        assert!(!record.rotation.none_left, "nothing was bound");
        record.bind(note(1)).unwrap();
        record.bind(note(1)).unwrap();
        record.bind(note(2)).unwrap();
        assert_eq!(
            (record.certificates.len(), record.rotation.notes.len()),
            (2, 2)
        );
        record.revoke(one).unwrap();
        assert!(!record.rotation.none_left);
        assert_eq!(record.bind(note(1)), Err(RotationError::Revoked(one)));
        assert_eq!(
            record.set_certificates(vec![two, one]),
            Err(RotationError::Revoked(one))
        );
        record.revoke(two).unwrap();
        assert!(record.rotation.none_left && record.certificates.is_empty());
        record.set_certificates(Vec::new()).unwrap();
        assert!(!record.rotation.none_left, "by hand");
        for byte in 10..10 + BOUND as u8 {
            record.bind(note(byte)).unwrap();
        }
        assert_eq!(record.bind(note(200)), Err(RotationError::TooMany));
    }
}
