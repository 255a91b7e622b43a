//! Renewal: a device asks with its certificate for the one that follows. Both prove it until
//! it uses the new one, because the answer may get lost.

use super::record::EnrollmentState;
use super::{
    DAY_MS, EnrolledCertificate, EnrollmentChange, EnrollmentView, IssuedAnswer, KeyDigest, Phase,
    RequestDigest,
};
use crate::change::DeviceChange;
use crate::device::{CertificateDigest, Device};
use crate::event::{EnrollmentRecord, Event, EventType, RecordChange};
use crate::ids::EnrollmentId;
use crate::time::Timestamp;

/// Most renewed certificates that the device has not used. A further one takes the place of
/// the oldest.
const UNSEEN: usize = 4;
/// Most certificates that are issued beside one that is in use. A device that has asked so
/// often without using one is refused, so that it cannot make the issuer sign for ever.
const ASKED: usize = 12;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalRequest {
    /// The certificate that the device presented, which signed the request.
    pub presented: CertificateDigest,
    /// The key of the new one.
    pub key: KeyDigest,
    /// The whole certificate request.
    pub request: RequestDigest,
}

/// Why a certificate is not renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewalFault {
    /// It proves no device.
    NotBound,
    /// It has expired.
    Expired,
    /// It is too early.
    TooEarly,
    /// Too many were issued that the device has not used.
    TooOften,
    /// The key is that of another device.
    KeyInUse,
}

impl RenewalFault {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            RenewalFault::NotBound => "the certificate proves no enrolled device",
            RenewalFault::Expired => "the certificate has expired",
            RenewalFault::TooEarly => "it is too early to renew the certificate",
            RenewalFault::TooOften => "the device has not used the certificates that it got before",
            RenewalFault::KeyInUse => "the key is that of another enrolled device",
        }
    }
}

/// What comes of it.
#[derive(Debug)]
pub enum RenewalStep {
    /// The same request was answered before.
    Repeat(IssuedAnswer),
    /// It is allowed: a certificate is to be signed.
    Sign,
    /// It is written.
    Write(Box<EnrollmentChange>),
    /// It is not allowed.
    Refuse(RenewalFault),
}

/// Decides on a renewal: once without a certificate, before one is signed, and once more with
/// it, as it is written. `of_key` is an enrollment that has not ended and has that key.
pub fn renew(
    view: &EnrollmentView,
    of_key: Option<EnrollmentId>,
    asked: &RenewalRequest,
    signed: Option<(EnrolledCertificate, IssuedAnswer)>,
    now: Timestamp,
) -> RenewalStep {
    let device = match check(view, of_key, asked, now) {
        Ok(device) => device,
        Err(fault) => return RenewalStep::Refuse(fault),
    };
    let mut unseen = view.enrollment.unseen();
    let same = unseen.find(|one| (one.key, one.request) == (asked.key, asked.request));
    let answer = view.enrollment.answer.as_ref();
    if let Some((same, answer)) = same.zip(answer)
        && same.digest == answer.digest
    {
        return RenewalStep::Repeat(answer.clone());
    }
    match signed {
        None => RenewalStep::Sign,
        Some(signed) => match write(view, device, signed, now) {
            Some(change) => RenewalStep::Write(Box::new(change)),
            None => RenewalStep::Refuse(RenewalFault::TooOften),
        },
    }
}

fn check<'a>(
    view: &'a EnrollmentView,
    of_key: Option<EnrollmentId>,
    asked: &RenewalRequest,
    now: Timestamp,
) -> Result<&'a Device, RenewalFault> {
    let enrollment = &view.enrollment;
    let device = view.device.as_ref().ok_or(RenewalFault::NotBound)?;
    let presented = enrollment.certificate(asked.presented);
    let presented = presented.ok_or(RenewalFault::NotBound)?;
    let is_in_use = matches!(enrollment.phase(), Phase::Active | Phase::Renewing);
    let is_bound = device.record.certificates.contains(&presented.digest);
    if !is_in_use || !is_bound || presented.superseded_at.is_some() {
        return Err(RenewalFault::NotBound);
    }
    if now >= presented.not_after {
        return Err(RenewalFault::Expired);
    }
    let days = i64::from(enrollment.renewal_days);
    if presented.not_after.ms_since(now) > days * DAY_MS {
        return Err(RenewalFault::TooEarly);
    }
    if of_key.is_some_and(|id| id != enrollment.id) {
        return Err(RenewalFault::KeyInUse);
    }
    let since_used = enrollment.certificates.iter().rev();
    let asked = since_used.take_while(|one| one.first_seen.is_none());
    match asked.count() < ASKED {
        true => Ok(device),
        false => Err(RenewalFault::TooOften),
    }
}

/// `None` where the device's list of certificates is full.
fn write(
    view: &EnrollmentView,
    device: &Device,
    (certificate, answer): (EnrolledCertificate, IssuedAnswer),
    now: Timestamp,
) -> Option<EnrollmentChange> {
    let mut after = view.enrollment.clone();
    let unseen: Vec<CertificateDigest> = after.unseen().map(|one| one.digest).collect();
    let surplus = (unseen.len() + 1).saturating_sub(UNSEEN);
    let mut record = device.record.clone();
    for digest in &unseen[..surplus] {
        record.supersede(*digest);
    }
    after.supersede(&unseen[..surplus], now);
    record.bind(certificate.note()).ok()?;
    let (digest, not_after) = (certificate.digest, certificate.not_after);
    after.add(certificate);
    after.answer = Some(answer);
    after.state = EnrollmentState::Renewing;
    let more = EnrollmentRecord {
        certificate_sha256: Some(digest.to_string()),
        not_after: Some(not_after),
        ..EnrollmentRecord::default()
    };
    let about = ("device", Some(device.id));
    let renewed = after.event(about, EventType::EnrollmentRenewed, now, more);
    let changed = Event::new(now, "device", Some(device.id), EventType::DeviceChanged)
        .detail("a renewed certificate is bound beside the one in use")
        .change(RecordChange::between(&device.record, &record));
    let change = DeviceChange::new(device, device.state.clone())
        .with_record(record)
        .with_events(vec![renewed, changed]);
    Some(EnrollmentChange::new(after, change))
}
