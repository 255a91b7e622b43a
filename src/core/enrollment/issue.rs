//! An issue: whether a device that brings a token and a certificate request is enrolled, and
//! what is written then.

use super::record::EnrollmentState;
use super::rules::{Applicant, Denial, EnrollmentRules, Grant};
use super::token::TokenUse;
use super::{
    DeviceClaims, DeviceEnrollment, EnrolledCertificate, EnrollmentToken, IssuedAnswer, Phase,
    TokenFault, TokenRequest,
};
use crate::device::{Credentials, DeviceRecord};
use crate::event::{EnrollmentRecord, Event, EventType, RecordChange};
use crate::ids::{DeviceId, EnrollmentId, Source};
use crate::limits;
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a decision on an issue sees, inside the transaction that writes it.
#[derive(Debug, Clone, Default)]
pub struct IssueView {
    /// The token that came, if there is one with that digest.
    pub token: Option<EnrollmentToken>,
    /// The enrollment that the token was used for.
    pub made: Option<DeviceEnrollment>,
    /// How many devices its user has enrolled whose certificates are valid.
    pub devices_of_user: u64,
    /// An enrollment that has not ended and has a certificate with the key that came.
    pub of_key: Option<EnrollmentId>,
}

/// What is made for one device alone, and is on its record in some form.
#[derive(Debug, Clone, Default)]
pub struct DeviceSecrets {
    /// What the device proves itself by in SyncML.
    pub credentials: Option<Credentials>,
    /// What the server proves itself by.
    pub server_password: Option<Secret>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct IssueRequest {
    /// What came with the token.
    pub presented: TokenRequest,
    /// What the device says of itself.
    pub claims: DeviceClaims,
    /// The id that the enrollment gets.
    pub enrollment: EnrollmentId,
    /// The id that the device gets.
    pub device: DeviceId,
    /// The common name of the certificate, which nobody else has: the device's name until it
    /// says its own.
    pub common_name: String,
    /// What is made for the device alone.
    pub secrets: DeviceSecrets,
}

/// Why nothing is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueFault {
    /// The token does not let the device enroll: who it is was not proved.
    Token(TokenFault),
    /// The rules do not.
    Denied(Denial, String),
    /// The key is that of another device.
    KeyInUse,
}

impl IssueFault {
    /// Why, in words.
    pub fn words(&self) -> String {
        match self {
            IssueFault::Token(fault) => fault.words().to_owned(),
            IssueFault::Denied(_, why) => why.clone(),
            IssueFault::KeyInUse => "the key is that of another enrolled device".to_owned(),
        }
    }
}

/// What comes of it.
#[derive(Debug)]
pub enum IssueStep {
    /// The same request was answered before, by this enrollment, which has its certificate.
    Repeat(Box<DeviceEnrollment>),
    /// It is allowed: a certificate is to be signed.
    Sign(Grant),
    /// It is written.
    Write(Box<NewEnrollment>),
    /// It is not allowed, with what is on record of that.
    Refuse(IssueFault, Option<Box<(EnrollmentToken, Event)>>),
}

/// A new enrollment with its device.
#[derive(Debug)]
pub struct NewEnrollment {
    /// The enrollment.
    pub enrollment: DeviceEnrollment,
    /// The token, used.
    pub token: EnrollmentToken,
    /// The record of the device.
    pub record: DeviceRecord,
    /// What is logged as the device is registered.
    pub registered: Event,
    /// What is logged of the issue.
    pub issued: Event,
}

/// Decides on an issue: once without a certificate, before one is signed, and once more with
/// it, as it is written. Two who come at once are one after the other there.
pub fn issue(
    view: &IssueView,
    rules: &EnrollmentRules,
    asked: &IssueRequest,
    signed: Option<(EnrolledCertificate, IssuedAnswer)>,
    now: Timestamp,
) -> IssueStep {
    let Some(token) = &view.token else {
        return IssueStep::Refuse(IssueFault::Token(TokenFault::Unknown), None);
    };
    let refuse = |fault: IssueFault| {
        let record = token.refuse(&fault.words(), asked.presented.family, now);
        IssueStep::Refuse(fault, record.map(Box::new))
    };
    match token.present(&asked.presented, now) {
        Err(fault) => return refuse(IssueFault::Token(fault)),
        Ok(TokenUse::Repeated(id)) => {
            let made = view.made.as_ref();
            // The device has used its certificate, or lost it: a new one takes a new token.
            let made = made.filter(|made| made.id == id && made.phase() == Phase::Issued);
            return match made.filter(|made| made.answer.is_some()) {
                Some(made) => IssueStep::Repeat(Box::new(made.clone())),
                None => refuse(IssueFault::Token(TokenFault::Used)),
            };
        }
        Ok(TokenUse::First) => {}
    }
    if view.of_key.is_some() {
        return refuse(IssueFault::KeyInUse);
    }
    let applicant = Applicant::of_token(token, asked.presented.family, view.devices_of_user);
    let decision = rules.decide(&applicant);
    let grant = match decision.outcome {
        Err(denial) => {
            let why = decision.reasons.join("; ");
            return refuse(IssueFault::Denied(denial, why));
        }
        Ok(grant) => grant,
    };
    match signed {
        None => IssueStep::Sign(grant),
        Some(signed) => IssueStep::Write(Box::new(write(
            (token, grant, decision.rule),
            asked,
            signed,
            now,
        ))),
    }
}

fn write(
    (token, grant, rule): (&EnrollmentToken, Grant, Option<String>),
    asked: &IssueRequest,
    (certificate, answer): (EnrolledCertificate, IssuedAnswer),
    now: Timestamp,
) -> NewEnrollment {
    let presented = &asked.presented;
    let source = Source(asked.common_name.clone());
    let mut record = DeviceRecord::new(source.clone(), presented.family, now);
    record.user = Some(token.user.clone());
    record.groups = joined(&token.groups, &grant.groups);
    record.credentials.clone_from(&asked.secrets.credentials);
    record
        .server_password
        .clone_from(&asked.secrets.server_password);
    record.enrollment = Some(asked.enrollment);
    record.certificates = vec![certificate.digest];
    record.rotation.notes = vec![certificate.note()];
    let more = EnrollmentRecord {
        token: Some(token.id.to_string()),
        family: Some(presented.family),
        rule: rule.clone(),
        certificate_sha256: Some(certificate.digest.to_string()),
        not_after: Some(certificate.not_after),
        ..EnrollmentRecord::default()
    };
    let enrollment = DeviceEnrollment {
        id: asked.enrollment,
        device: asked.device,
        family: presented.family,
        user: token.user.clone(),
        state: EnrollmentState::Issued,
        certificates: vec![certificate],
        token: token.id,
        origin: token.origin.clone(),
        made_by: token.made_by.clone(),
        rule,
        claims: asked.claims.clone(),
        provisional: source,
        renewal_days: grant.renewal_days,
        takes_up_record: grant.takes_up_record,
        conflict: None,
        made_at: now,
        answer: Some(answer),
    };
    let device = Some(asked.device);
    let registered = Event::new(now, "server", device, EventType::DeviceRegistered)
        .detail("registered as it enrolled")
        .change(RecordChange::registered(&record));
    let issued = enrollment.event(("server", device), EventType::EnrollmentIssued, now, more);
    NewEnrollment {
        token: token.clone().bound(presented, asked.enrollment),
        enrollment,
        record,
        registered,
        issued,
    }
}

/// Both lists, each group once, as many as a device may have.
pub(super) fn joined(some: &[String], more: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for group in some.iter().chain(more) {
        if !all.contains(group) && all.len() < limits::DEVICE_LIST {
            all.push(group.clone());
        }
    }
    all
}
