//! What is on record of an enrollment: the device, its certificates over time, and how far it is.

use serde::{Deserialize, Serialize};

use super::{DeviceClaims, EnrollmentTokenId, KeyDigest, RequestDigest, TokenOrigin};
use crate::change::DeviceChange;
use crate::context::Family;
use crate::device::{CertificateDigest, CertificateNote, Device, EnrollmentEnd};
use crate::event::{EnrollmentRecord, Event, EventType};
use crate::ids::{DeviceId, EnrollmentId, Source};
use crate::named::named;
use crate::secret::Secret;
use crate::time::Timestamp;

/// Most certificates on record of one enrollment: what is older is in the log.
const CERTIFICATES: usize = 16;

named! {
    /// How far an enrollment is. Rows hold the numbers: new values go last.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Phase by eq {
        /// The certificate was issued; the device has not used it.
        Issued = "issued",
        /// The device uses its certificate.
        Active = "active",
        /// The certificate that follows was issued too; the device has not used it.
        Renewing = "renewing",
        /// It is over.
        Ended = "ended",
    }
}

/// How far an enrollment is, with what belongs to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnrollmentState {
    /// [`Phase::Issued`].
    Issued,
    /// [`Phase::Active`].
    Active,
    /// [`Phase::Renewing`].
    Renewing,
    /// [`Phase::Ended`]: when and why.
    Ended(EnrollmentEnd),
}

/// A certificate that was issued in an enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolledCertificate {
    /// SHA-256 of it.
    pub digest: CertificateDigest,
    /// Its serial number, hexadecimal digits.
    pub serial: String,
    /// Since when it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// SHA-256 of its issuer's certificate.
    pub issuer: CertificateDigest,
    /// Its key.
    pub key: KeyDigest,
    /// The request that it answers.
    pub request: RequestDigest,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When the device first used it.
    pub first_seen: Option<Timestamp>,
    /// Since when it proves nothing any more, because another is in its place.
    pub superseded_at: Option<Timestamp>,
}

impl EnrolledCertificate {
    /// How it is bound in the record of its device.
    pub(super) fn note(&self) -> CertificateNote {
        CertificateNote {
            digest: self.digest,
            // Whoever's clock is behind the issuer's is not kept out.
            not_before: None,
            note: Some("issued at enrollment".to_owned()),
            added_at: self.issued_at,
        }
    }
}

/// What is kept of an answer that may have got lost, so that the same request gets the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedAnswer {
    /// The certificate that it brought.
    pub digest: CertificateDigest,
    /// That certificate, DER.
    pub leaf: Vec<u8>,
    /// Its issuers, the root last, DER.
    pub chain: Vec<Vec<u8>>,
    /// What else it contained that was made for this device alone.
    pub secrets: Option<Secret>,
}

/// The device on record that an enrolled one named itself as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentConflict {
    /// Which.
    pub device: DeviceId,
    /// When it first did.
    pub at: Timestamp,
}

/// An enrollment as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEnrollment {
    /// Its id.
    pub id: EnrollmentId,
    /// The device.
    pub device: DeviceId,
    /// The family that it enrolled as.
    pub family: Family,
    /// Whose device it is.
    pub user: String,
    /// How far it is.
    pub state: EnrollmentState,
    /// Its certificates, in the order in which they were issued.
    pub certificates: Vec<EnrolledCertificate>,
    /// The token that it was made by.
    pub token: EnrollmentTokenId,
    /// How somebody came by that.
    pub origin: TokenOrigin,
    /// Who made that, as the log names them.
    pub made_by: String,
    /// The rule that allowed it; none where the token alone did.
    pub rule: Option<String>,
    /// What the device said of itself.
    pub claims: DeviceClaims,
    /// The device's name until it says its own: the certificate's common name.
    pub provisional: Source,
    /// Days before the end of a certificate from which it may be renewed.
    pub renewal_days: u32,
    /// Whether the device takes up its record of an enrollment that has ended.
    pub takes_up_record: bool,
    /// The device that it named itself as, where that is another.
    pub conflict: Option<EnrollmentConflict>,
    /// When it was made.
    pub made_at: Timestamp,
    /// The latest answer, until the device has used its certificate.
    pub answer: Option<IssuedAnswer>,
}

impl DeviceEnrollment {
    /// How far it is.
    pub fn phase(&self) -> Phase {
        match self.state {
            EnrollmentState::Issued => Phase::Issued,
            EnrollmentState::Active => Phase::Active,
            EnrollmentState::Renewing => Phase::Renewing,
            EnrollmentState::Ended(_) => Phase::Ended,
        }
    }

    /// The certificate with that digest.
    pub fn certificate(&self, digest: CertificateDigest) -> Option<&EnrolledCertificate> {
        self.certificates.iter().find(|one| one.digest == digest)
    }

    /// The certificate that the device uses; in a new enrollment the one that it is to use.
    pub fn current(&self) -> Option<&EnrolledCertificate> {
        let mut in_force = self
            .certificates
            .iter()
            .filter(|one| one.superseded_at.is_none());
        let first = in_force.clone().next();
        in_force.rfind(|one| one.first_seen.is_some()).or(first)
    }

    /// The certificates that the device may come to use, in order.
    pub(super) fn unseen(&self) -> impl Iterator<Item = &EnrolledCertificate> {
        let open = |one: &&EnrolledCertificate| one.first_seen.or(one.superseded_at).is_none();
        self.certificates.iter().filter(open)
    }

    /// The latest end of those that prove the device.
    pub fn not_after(&self) -> Timestamp {
        let in_force = self.certificates.iter();
        let in_force = in_force.filter(|one| one.superseded_at.is_none());
        let last = in_force.map(|one| one.not_after).max();
        last.unwrap_or(self.made_at)
    }

    /// Adds a certificate; the oldest that proves nothing any more makes room.
    pub(super) fn add(&mut self, certificate: EnrolledCertificate) {
        if self.certificates.len() >= CERTIFICATES {
            let mut known = self.certificates.iter();
            let over = known.position(|one| one.superseded_at.is_some());
            over.map(|over| self.certificates.remove(over));
        }
        self.certificates.push(certificate);
    }

    /// Takes certificates out of use.
    pub(super) fn supersede(&mut self, digests: &[CertificateDigest], now: Timestamp) {
        for one in &mut self.certificates {
            if digests.contains(&one.digest) {
                one.superseded_at.get_or_insert(now);
            }
        }
    }

    /// Ends it. What ended already stays as it ended.
    pub fn end(&mut self, end: EnrollmentEnd) {
        if self.phase() == Phase::Ended {
            return;
        }
        for one in &mut self.certificates {
            one.superseded_at.get_or_insert(end.at);
        }
        self.state = EnrollmentState::Ended(end);
        (self.answer, self.conflict) = (None, None);
    }

    /// An event of it, about that device.
    pub(super) fn event(
        &self,
        (actor, device): (&str, Option<DeviceId>),
        what: EventType,
        at: Timestamp,
        more: EnrollmentRecord,
    ) -> Event {
        Event::new(at, actor, device, what).enrollment(EnrollmentRecord {
            id: Some(self.id.to_string()),
            ..more
        })
    }
}

/// What a decision on an enrollment sees, inside the transaction that writes it.
#[derive(Debug, Clone)]
pub struct EnrollmentView {
    /// The enrollment.
    pub enrollment: DeviceEnrollment,
    /// Its device; none where that was retired.
    pub device: Option<Device>,
    /// The device on record with the name that was said, or else the one that the enrollment
    /// is in conflict with; none where that is its own.
    pub other: Option<Device>,
    /// The enrollments of that other device that have not ended.
    pub of_other: Vec<DeviceEnrollment>,
}

/// What is written of an enrollment, in one transaction.
#[derive(Debug)]
pub struct EnrollmentChange {
    /// The enrollment afterwards.
    pub enrollment: DeviceEnrollment,
    /// What changes of its device.
    pub device: Option<DeviceChange>,
    /// What changes of the other device.
    pub other: Option<DeviceChange>,
    /// Retires its device, whose place the other one takes: what is logged of that.
    pub retire: Option<Event>,
    /// Other enrollments that ended by it.
    pub ended: Vec<DeviceEnrollment>,
}

impl EnrollmentChange {
    /// Nothing but the enrollment and what of its device.
    pub(super) fn new(enrollment: DeviceEnrollment, device: DeviceChange) -> Self {
        EnrollmentChange {
            enrollment,
            device: Some(device),
            other: None,
            retire: None,
            ended: Vec::new(),
        }
    }
}
