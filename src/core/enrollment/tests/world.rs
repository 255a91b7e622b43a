//! A world in which tokens are made, devices enroll, come, renew and leave in any order, as a
//! store would write it. What must always hold is checked after each step.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::{NOW, builtin, token};
use crate::change::DeviceChange;
use crate::context::Family;
use crate::device::{CertificateDigest, Device, DeviceState, EndReason};
use crate::enrollment::{
    DeviceClaims, DeviceEnrollment, DeviceSecrets, EnrolledCertificate, EnrollmentChange,
    EnrollmentToken, EnrollmentView, IssueRequest, IssueStep, IssueView, IssuedAnswer, KeyDigest,
    Phase, RenewalFault, RenewalRequest, RenewalStep, RequestDigest, TokenRequest, TokenState,
    first_session, issue, release, renew, revoke,
};
use crate::ids::{DeviceId, EnrollmentId, Source};
use crate::session::{end_enrollment, revoke_enrollment};
use crate::time::Timestamp;

pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// What a store would hold.
#[derive(Default)]
pub(super) struct World {
    pub(super) now: i64,
    pub(super) devices: BTreeMap<DeviceId, Device>,
    pub(super) enrollments: BTreeMap<EnrollmentId, DeviceEnrollment>,
    pub(super) tokens: Vec<EnrollmentToken>,
    drawn: u128,
    /// The certificates that came of each token.
    yielded: BTreeMap<usize, BTreeSet<[u8; 32]>>,
}

impl World {
    pub(super) fn now(&self) -> Timestamp {
        NOW.plus_ms(self.now)
    }

    fn draw(&mut self) -> u128 {
        self.drawn += 1;
        self.drawn
    }

    pub(super) fn make_token(&mut self, user: &str) -> usize {
        let number = self.draw();
        self.tokens.push(token(number, user, self.now()));
        self.tokens.len() - 1
    }

    /// A certificate as an issuer signs it, and the answer with it.
    fn sign(
        &mut self,
        key: KeyDigest,
        request: RequestDigest,
    ) -> (EnrolledCertificate, IssuedAnswer) {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.draw().to_be_bytes());
        let digest = CertificateDigest(bytes);
        let now = self.now();
        let certificate = EnrolledCertificate {
            digest,
            serial: "01".into(),
            not_before: now.plus_ms(-600_000),
            not_after: now.plus_ms(365 * DAY),
            issuer: CertificateDigest([9; 32]),
            key,
            request,
            issued_at: now,
            first_seen: None,
            superseded_at: None,
        };
        let answer = IssuedAnswer {
            digest,
            leaf: bytes.to_vec(),
            chain: Vec::new(),
            secrets: None,
        };
        (certificate, answer)
    }

    pub(super) fn of_key(&self, key: KeyDigest) -> Option<EnrollmentId> {
        let mut all = self.enrollments.values();
        let has = |one: &&DeviceEnrollment| {
            one.phase() != Phase::Ended && one.certificates.iter().any(|one| one.key == key)
        };
        all.find(has).map(|one| one.id)
    }

    pub(super) fn issue(&mut self, at: usize, key: u8, request: u8) -> Option<CertificateDigest> {
        let (key, request) = (KeyDigest([key; 32]), RequestDigest([request; 32]));
        let number = self.draw();
        let asked = IssueRequest {
            presented: TokenRequest {
                family: Family::Windows81,
                key,
                request,
            },
            claims: DeviceClaims::default(),
            enrollment: EnrollmentId(Uuid::from_u128(number)),
            device: DeviceId(Uuid::from_u128(number)),
            common_name: Uuid::from_u128(number).to_string(),
            secrets: DeviceSecrets::default(),
        };
        let view = IssueView {
            token: self.tokens.get(at).cloned(),
            made: self.tokens.get(at).and_then(|token| match token.state {
                TokenState::Bound(_, _, id) => self.enrollments.get(&id).cloned(),
                _ => None,
            }),
            devices_of_user: 0,
            of_key: self.of_key(key),
        };
        let signed = self.sign(key, request);
        let digest = match issue(&view, &builtin(), &asked, Some(signed), self.now()) {
            IssueStep::Repeat(made) => made.answer?.digest,
            IssueStep::Refuse(_, record) => {
                let (token, _) = *record?;
                self.tokens[at] = token;
                return None;
            }
            IssueStep::Sign(_) => unreachable!("it was signed"),
            IssueStep::Write(new) => {
                let digest = new.enrollment.certificates[0].digest;
                let device = Device {
                    number: number as u64,
                    id: new.enrollment.device,
                    record: new.record,
                    state: DeviceState::registered(),
                };
                self.devices.insert(device.id, device);
                self.tokens[at] = new.token;
                self.enrollments.insert(new.enrollment.id, new.enrollment);
                digest
            }
        };
        self.yielded.entry(at).or_default().insert(digest.0);
        Some(digest)
    }

    pub(super) fn by_certificate(&self, digest: CertificateDigest) -> Option<EnrollmentId> {
        let mut all = self.enrollments.values();
        all.find(|one| one.certificate(digest).is_some())
            .map(|one| one.id)
    }

    pub(super) fn view(&self, id: EnrollmentId, source: Option<&Source>) -> EnrollmentView {
        let enrollment = self.enrollments[&id].clone();
        let device = self.devices.get(&enrollment.device).cloned();
        let named = |one: &&Device| match source {
            Some(source) => one.record.source == *source,
            None => enrollment
                .conflict
                .is_some_and(|conflict| conflict.device == one.id),
        };
        let other = self.devices.values().find(named);
        let other = other.filter(|other| other.id != enrollment.device).cloned();
        let of_other = self.enrollments.values().filter(|one| {
            other.as_ref().is_some_and(|other| one.device == other.id)
                && one.phase() != Phase::Ended
        });
        EnrollmentView {
            of_other: of_other.cloned().collect(),
            enrollment,
            device,
            other,
        }
    }

    fn put(&mut self, id: DeviceId, change: DeviceChange) {
        if let Some(ending) = change.ending {
            self.enrollments
                .get_mut(&ending.enrollment)
                .unwrap()
                .end(ending.end);
        }
        let device = self.devices.get_mut(&id).unwrap();
        device.state = change.state;
        device.record = change.record.unwrap_or(device.record.clone());
    }

    pub(super) fn write(&mut self, view: &EnrollmentView, change: EnrollmentChange) {
        if let Some(device) = change.device {
            self.put(view.enrollment.device, device);
        }
        if let Some(other) = change.other {
            self.put(view.other.as_ref().unwrap().id, other);
        }
        if change.retire.is_some() {
            self.devices.remove(&view.enrollment.device);
        }
        for one in change.ended.into_iter().chain([change.enrollment]) {
            self.enrollments.insert(one.id, one);
        }
    }

    /// A message with that certificate and that Source; whether something changed.
    pub(super) fn session(&mut self, digest: CertificateDigest, source: &str) -> bool {
        let source = Source(source.to_owned());
        let Some(id) = self.by_certificate(digest) else {
            return false;
        };
        let view = self.view(id, Some(&source));
        match first_session(&view, (digest, &source), self.now()) {
            Some(change) => {
                self.write(&view, change);
                true
            }
            None => false,
        }
    }

    pub(super) fn renew(
        &mut self,
        presented: CertificateDigest,
        key: u8,
        request: u8,
    ) -> Result<CertificateDigest, RenewalFault> {
        let (key, request) = (KeyDigest([key; 32]), RequestDigest([request; 32]));
        let id = self
            .by_certificate(presented)
            .ok_or(RenewalFault::NotBound)?;
        let view = self.view(id, None);
        let signed = self.sign(key, request);
        let asked = RenewalRequest {
            presented,
            key,
            request,
        };
        let digest = signed.0.digest;
        match renew(&view, self.of_key(key), &asked, Some(signed), self.now()) {
            RenewalStep::Repeat(answer) => Ok(answer.digest),
            RenewalStep::Refuse(fault) => Err(fault),
            RenewalStep::Sign => unreachable!("it was signed"),
            RenewalStep::Write(change) => {
                self.write(&view, *change);
                Ok(digest)
            }
        }
    }

    pub(super) fn release(&mut self, id: EnrollmentId) -> bool {
        let view = self.view(id, None);
        match release(&view, "api:bob", self.now()) {
            Ok(change) => {
                self.write(&view, change);
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn revoke(&mut self, id: EnrollmentId) -> bool {
        let view = self.view(id, None);
        match revoke(&view, "api:bob", self.now()) {
            Ok(change) => {
                self.write(&view, change);
                true
            }
            Err(_) => false,
        }
    }

    /// A device leaves, as after alert 1226.
    pub(super) fn leave(&mut self, id: DeviceId) {
        let device = self.devices[&id].clone();
        let change = revoke_enrollment(&device, "device", self.now());
        self.put(id, change);
    }

    /// The device begins a session after it left.
    fn come_back(&mut self, id: DeviceId) {
        let device = self.devices[&id].clone();
        let end = end_enrollment(&device, EndReason::Requested, "api:bob", self.now());
        let state = DeviceState {
            unenrolled_at: None,
            ..end.state.clone()
        };
        self.put(id, DeviceChange { state, ..end });
    }

    /// What holds at any time.
    fn check(&self) {
        for certificates in self.yielded.values() {
            assert!(certificates.len() <= 1, "a token yielded {certificates:?}");
        }
        let mut bound = BTreeSet::new();
        let mut names = BTreeSet::new();
        for device in self.devices.values() {
            assert!(names.insert(&device.record.source), "two of one name");
            for digest in &device.record.certificates {
                assert!(bound.insert(digest.0), "bound twice");
                let id = self.by_certificate(*digest).unwrap();
                let of = &self.enrollments[&id];
                assert_eq!(of.device, device.id);
                assert!(of.certificate(*digest).unwrap().superseded_at.is_none());
                assert_ne!(of.phase(), Phase::Ended);
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Token(bool),
    Issue(u8, u8, u8),
    Session(u8, u8),
    Renew(u8, u8, u8),
    Release(u8),
    Revoke(u8),
    Leave(u8),
    ComeBack(u8),
    Later(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => any::<bool>().prop_map(Op::Token),
        5 => (0..8_u8, 0..4_u8, 0..3_u8).prop_map(|(a, b, c)| Op::Issue(a, b, c)),
        6 => (any::<u8>(), 0..4_u8).prop_map(|(a, b)| Op::Session(a, b)),
        3 => (any::<u8>(), 4..8_u8, 0..3_u8).prop_map(|(a, b, c)| Op::Renew(a, b, c)),
        1 => any::<u8>().prop_map(Op::Release),
        1 => any::<u8>().prop_map(Op::Revoke),
        1 => any::<u8>().prop_map(Op::Leave),
        1 => any::<u8>().prop_map(Op::ComeBack),
        1 => (0..120_u8).prop_map(Op::Later),
    ]
}

fn pick<T: Clone>(all: impl Iterator<Item = T>, at: u8) -> Option<T> {
    let all: Vec<T> = all.collect();
    (!all.is_empty()).then(|| all[usize::from(at) % all.len()].clone())
}

fn run(world: &mut World, op: &Op) {
    let certificates: Vec<CertificateDigest> = world
        .enrollments
        .values()
        .flat_map(|one| one.certificates.iter().map(|one| one.digest))
        .collect();
    match *op {
        Op::Token(anna) => {
            world.make_token(if anna { "anna" } else { "bob" });
        }
        Op::Issue(token, key, request) => {
            if token as usize >= world.tokens.len() {
                return;
            }
            world.issue(token.into(), key, request);
        }
        Op::Session(certificate, source) => {
            let Some(digest) = pick(certificates.iter().copied(), certificate) else {
                return;
            };
            let before = world.devices.clone();
            let id = world.by_certificate(digest).unwrap();
            let own = world.enrollments[&id].clone();
            world.session(digest, &format!("tablet-{source}"));
            no_live_device_was_rebound(&before, world, &own);
        }
        Op::Renew(certificate, key, request) => {
            if let Some(digest) = pick(certificates.iter().copied(), certificate) {
                let _ = world.renew(digest, key, request);
            }
        }
        Op::Release(at) => {
            let id = pick(world.enrollments.keys().copied(), at);
            id.map(|id| world.release(id));
        }
        Op::Revoke(at) => {
            let id = pick(world.enrollments.keys().copied(), at);
            id.map(|id| world.revoke(id));
        }
        Op::Leave(at) => {
            if let Some(id) = pick(world.devices.keys().copied(), at) {
                world.leave(id);
            }
        }
        Op::ComeBack(at) => {
            if let Some(id) = pick(world.devices.keys().copied(), at) {
                world.come_back(id);
            }
        }
        Op::Later(days) => world.now += i64::from(days) * DAY / 2,
    }
}

/// A session changes no record but that of the certificate's own device, unless that of a
/// device whose enrollment has ended; and the name of a device that is in use stays.
fn no_live_device_was_rebound(
    before: &BTreeMap<DeviceId, Device>,
    world: &World,
    own: &DeviceEnrollment,
) {
    for (id, device) in before {
        let after = world.devices.get(id);
        if *id == own.device {
            if own.phase() != Phase::Issued {
                let after = after.unwrap();
                assert_eq!(after.record.source, device.record.source);
                let mut kept = after.record.certificates.iter();
                assert!(kept.all(|one| device.record.certificates.contains(one)));
            }
            continue;
        }
        if device.state.unenrolled_at.is_none() {
            assert_eq!(after.map(|after| &after.record), Some(&device.record));
        } else if after.map(|after| &after.record) != Some(&device.record) {
            assert_eq!(device.record.user.as_ref(), Some(&own.user));
            assert!(own.takes_up_record);
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_no_claim_moves_a_live_device_and_no_token_yields_two_certificates(
        ops in proptest::collection::vec(op(), 1..80)
    ) {
        let mut world = World::default();
        for op in &ops {
            run(&mut world, op);
            world.check();
        }
    }
}
