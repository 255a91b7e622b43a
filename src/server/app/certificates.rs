//! Certificates of devices, bound and revoked one at a time.

use sha2::{Digest, Sha256};

use super::devices::{EnrollmentWord, identity_change};
use super::input::{Line, Parsed, Text, Time, input};
use super::word::Word;
use super::{App, AppError, Principal, WriteOptions};
use crate::pem;
use modegate_core::change::Refusal;
use modegate_core::device::{CertificateDigest, Device, DeviceRecord};
use modegate_core::device::{CertificateNote, RotationError};
use modegate_core::event::{Event, EventType};
use modegate_core::fields::FieldError;
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_store::Decide;

/// Longest certificate in PEM, bytes; those of devices take about 2 KiB.
const PEM_BYTES: usize = 16 * 1024;
/// Longest note, bytes.
const NOTE_BYTES: usize = 256;

input! {
    /// A certificate to bind to a device: named by `sha256`, or as a whole by `pem`.
    pub(crate) struct NewCertificate {
        /// Its digest.
        pub(crate) sha256: Option<Parsed<CertificateDigest>>,
        /// The certificate itself.
        pub(crate) pem: Option<Text<PEM_BYTES>>,
        /// Since when it is accepted. Default: at once.
        pub(crate) not_before: Option<Time>,
        /// `new`: it is of a new enrollment of the device, so that the queue, the channel and
        /// the installs of the one before end. `same`: it renews another. Default: `same`
        /// beside a certificate that stays bound, unless the device is being unenrolled or
        /// wiped; else `new`. A device's first certificate ends nothing.
        pub(crate) enrollment: Option<Word<EnrollmentWord>>,
        /// What it is for.
        pub(crate) note: Option<Line<NOTE_BYTES>>,
    }
}

impl NewCertificate {
    fn digest(&self, app: &App) -> Result<CertificateDigest, FieldError> {
        match (&self.sha256, &self.pem) {
            (Some(digest), None) => Ok(digest.0),
            (None, Some(pem)) => from_pem(app, &pem.0),
            (Some(_), Some(_)) => Err(FieldError::new("pem", "it or sha256", "both")),
            (None, None) => Err(FieldError::new("sha256", "it, or pem instead", "neither")),
        }
    }
}

/// What TLS would refuse is not bound: it could never prove anything.
fn from_pem(app: &App, text: &str) -> Result<CertificateDigest, FieldError> {
    let all = pem::certificates(text.as_bytes());
    let certificate = match all.as_deref() {
        Ok([one]) => one,
        Ok(all) => return Err(FieldError::new("pem", "one certificate", all.len())),
        Err(fault) => return Err(FieldError::new("pem", fault.expected(), fault.found())),
    };
    match (app.certificate_fault)(certificate) {
        Some(fault) => Err(FieldError::new(
            "pem",
            "a certificate that TLS accepts",
            fault,
        )),
        None => Ok(CertificateDigest(Sha256::digest(certificate).into())),
    }
}

/// A device, and the certificate of it that a write was about.
#[derive(Debug, Clone)]
pub(crate) struct DeviceCertificate {
    /// The device afterwards.
    pub(crate) device: Device,
    /// The certificate.
    pub(crate) digest: CertificateDigest,
}

/// Binds one more certificate to a device.
pub(crate) async fn bind(
    app: &App,
    by: &Principal,
    id: DeviceId,
    new: NewCertificate,
    options: WriteOptions<DeviceCertificate>,
) -> Result<DeviceCertificate, AppError> {
    by.device(app, id).await?;
    let digest = new.digest(app)?;
    let note = CertificateNote {
        digest,
        not_before: new.not_before.map(|at| at.0),
        note: new.note.map(|note| note.0),
        added_at: app.now(),
    };
    let detail = match note.not_before {
        Some(at) => format!("certificate {digest} bound, in force from {at}"),
        None => format!("certificate {digest} bound"),
    };
    let decide = rotate(by, (detail, new.enrollment), app.now(), move |record| {
        record.bind(note)
    });
    alter(app, id, digest, decide, options).await
}

/// Revokes a certificate, bound or not: it proves nothing for this device from now on.
pub(crate) async fn revoke(
    app: &App,
    by: &Principal,
    id: DeviceId,
    digest: CertificateDigest,
    options: WriteOptions<DeviceCertificate>,
) -> Result<DeviceCertificate, AppError> {
    let detail = format!("certificate {digest} revoked");
    let decide = rotate(by, (detail, None), app.now(), move |record| {
        record.revoke(digest)
    });
    alter(app, id, digest, decide, options).await
}

async fn alter(
    app: &App,
    id: DeviceId,
    digest: CertificateDigest,
    decide: Decide,
    options: WriteOptions<DeviceCertificate>,
) -> Result<DeviceCertificate, AppError> {
    let of = move |device: &Device| DeviceCertificate {
        device: device.clone(),
        digest,
    };
    let keep = options.keep.map(|keep| keep.from_written(of));
    let device = app.store.alter(id, decide, keep).await?;
    Ok(DeviceCertificate { device, digest })
}

/// The change of a device's certificates, on record with who did it.
fn rotate(
    by: &Principal,
    (detail, word): (String, Option<Word<EnrollmentWord>>),
    now: Timestamp,
    rotate: impl FnOnce(&mut DeviceRecord) -> Result<(), RotationError> + Send + 'static,
) -> Decide {
    let actor = by.actor();
    by.decide(move |device| {
        let mut record = device.record.clone();
        rotate(&mut record).map_err(|error| match error {
            RotationError::Revoked(_) => Refusal::Conflict(error.to_string()),
            RotationError::TooMany | RotationError::TooManyRevoked => {
                Refusal::Limit(error.to_string())
            }
        })?;
        let event = Event::new(now, actor, Some(device.id), EventType::DeviceChanged);
        Ok(identity_change(device, record, event.detail(detail), word))
    })
}
