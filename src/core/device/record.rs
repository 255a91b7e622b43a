//! What is on record of a device, and how its certificates are bound and revoked.

use serde::{Deserialize, Serialize};

use super::certificates::{
    BOUND, CertificateDigest, CertificateNote, REVOKED, Rotation, RotationError,
};
use crate::context::Family;
use crate::ids::{EnrollmentId, Source};
use crate::secret::Secret;
use crate::time::Timestamp;
use modegate_wire::auth::PasswordDigest;

/// What an operator says of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// What it sends as SyncHdr Source.
    pub source: Source,
    /// Its family.
    pub family: Family,
    /// The key of MDM_Client, as the API says it. A certificate from a trusted issuer may
    /// have it as its name, so nothing that a device reports is ever put here.
    pub device_client_id: String,
    /// The enrolled user.
    pub user: Option<String>,
    /// The groups it belongs to.
    pub groups: Vec<String>,
    /// Its SyncML credentials.
    pub credentials: Option<Credentials>,
    /// SHA-256 of each client certificate that is bound to it.
    pub certificates: Vec<CertificateDigest>,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// What is known of its certificates besides.
    pub rotation: Rotation,
    /// By what the server proves itself to this device alone, if one was made for it.
    #[serde(default)]
    pub server_password: Option<Secret>,
    /// The enrollment by which this server issued its certificate, if it did.
    #[serde(default)]
    pub enrollment: Option<EnrollmentId>,
}

/// SyncML credentials of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// What it sends as Source/LocName.
    pub username: String,
    /// MD5 of `user:password`, all that Basic and MD5 need (OMA DM Security 5.4).
    pub digest: PasswordDigest,
}

impl DeviceRecord {
    /// A device of which nothing else is known. The key of MDM_Client is taken to be
    /// its Source until it reports another.
    pub fn new(source: Source, family: Family, registered_at: Timestamp) -> Self {
        DeviceRecord {
            device_client_id: source.0.clone(),
            source,
            family,
            user: None,
            groups: Vec::new(),
            credentials: None,
            certificates: Vec::new(),
            registered_at,
            rotation: Rotation::default(),
            server_password: None,
            enrollment: None,
        }
    }

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

    /// Revokes a certificate in whose place the device has another one. Where no more are kept
    /// as revoked, it is only unbound: it proves nothing beside the other one.
    pub(crate) fn supersede(&mut self, digest: CertificateDigest) {
        if self.revoke(digest).is_err() {
            self.certificates.retain(|bound| *bound != digest);
            self.rotation.notes.retain(|note| note.digest != digest);
            self.rotation.none_left |= self.certificates.is_empty();
        }
    }

    /// Revokes every certificate that is bound: nothing less proves the device from now on.
    pub(crate) fn revoke_all(&mut self) {
        for digest in self.certificates.clone() {
            self.supersede(digest);
        }
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
            server_password: None,
            enrollment: None,
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
