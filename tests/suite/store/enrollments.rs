//! What a store does for enrollments: each token enrolls one device, each certificate is of one.

use std::sync::Arc;

use modegate_core::change::DeviceChange;
use modegate_core::context::Family;
use modegate_core::device::{CertificateDigest, Device, EndReason};
use modegate_core::enrollment::rules::EnrollmentRules;
use modegate_core::enrollment::{
    DeviceClaims, DeviceEnrollment, DeviceSecrets, DrawnToken, EnrolledCertificate,
    EnrollmentState, EnrollmentToken, EnrollmentTokenId, IssueRequest, IssueStep, IssuedAnswer,
    KeyDigest, Phase, RenewalRequest, RenewalStep, RequestDigest, TokenDigest, TokenOrigin,
    TokenRequest, VALID_MS, first_session, issue, release, renew, revoke,
};
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{DeviceId, EnrollmentId, Source};
use modegate_core::session::revoke_enrollment;
use modegate_core::time::Timestamp;
use modegate_store::enrollment::{EnrollmentFilter, EnrollmentKey};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store, StoreError};
use uuid::Uuid;

use super::conformance::AT;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn digest(n: u8) -> TokenDigest {
    TokenDigest::from_text(&n.to_string())
}

async fn make_token(store: &dyn Store, n: u8, user: &str) -> EnrollmentToken {
    let drawn = DrawnToken {
        id: EnrollmentTokenId(Uuid::from_u128(n.into())),
        digest: digest(n),
    };
    let about = (user.to_owned(), None, vec!["kiosk".to_owned()]);
    let by = (TokenOrigin::Operator, "api:bob".to_owned());
    let token = EnrollmentToken::new(drawn, about, by, (AT, VALID_MS)).unwrap();
    store.create_enrollment_token(token, None).await.unwrap()
}

/// A certificate of this number, as an issuer signs it.
fn certificate(n: u8, key: u8, request: u8) -> (EnrolledCertificate, IssuedAnswer) {
    let digest = CertificateDigest([n; 32]);
    let certificate = EnrolledCertificate {
        digest,
        serial: "01".into(),
        not_before: AT,
        not_after: AT.plus_ms(365 * DAY),
        issuer: CertificateDigest([255; 32]),
        key: KeyDigest([key; 32]),
        request: RequestDigest([request; 32]),
        issued_at: AT,
        first_seen: None,
        superseded_at: None,
    };
    let answer = IssuedAnswer {
        digest,
        leaf: vec![n],
        chain: vec![vec![255]],
        secrets: None,
    };
    (certificate, answer)
}

/// Brings a token with a key and a request; with a certificate of that number if it is allowed.
pub async fn bring(store: &dyn Store, n: u8, (token, key, request): (u8, u8, u8)) -> IssueStep {
    bring_signed(store, token, certificate(n, key, request)).await
}

/// The same with this certificate, which a device may really have.
pub async fn bring_signed(
    store: &dyn Store,
    token: u8,
    signed: (EnrolledCertificate, IssuedAnswer),
) -> IssueStep {
    let key = signed.0.key;
    let id = Uuid::now_v7();
    let asked = IssueRequest {
        presented: TokenRequest {
            family: Family::Windows81,
            key,
            request: signed.0.request,
        },
        claims: DeviceClaims::new([("DeviceName".to_owned(), "Planted-Name".to_owned())]),
        enrollment: EnrollmentId(id),
        device: DeviceId(id),
        common_name: id.to_string(),
        secrets: DeviceSecrets::default(),
    };
    let rules = EnrollmentRules::builtin().unwrap();
    let decide = move |view: &_| issue(view, &rules, &asked, Some(signed), AT);
    let step = store.issue_enrollment(digest(token), key, AT, Box::new(decide));
    step.await.unwrap()
}

/// Enrolls a device of a user with the certificate of number `n`.
pub async fn enroll(store: &dyn Store, n: u8, user: &str) -> CertificateDigest {
    enroll_signed(store, n, user, certificate(n, n, n)).await
}

/// The same with this certificate.
pub async fn enroll_signed(
    store: &dyn Store,
    n: u8,
    user: &str,
    signed: (EnrolledCertificate, IssuedAnswer),
) -> CertificateDigest {
    make_token(store, n, user).await;
    let IssueStep::Write(new) = bring_signed(store, n, signed).await else {
        panic!("it was refused");
    };
    new.enrollment.certificates[0].digest
}

/// A message with that certificate and that Source.
async fn meet(store: &dyn Store, n: u8, source: &str) -> DeviceEnrollment {
    let digest = CertificateDigest([n; 32]);
    let source = Source(source.to_owned());
    let own = source.clone();
    let decide = move |view: &_| Ok(first_session(view, (digest, &own), AT));
    let key = EnrollmentKey::Certificate(digest);
    let met = store.alter_enrollment(key, Some(source), Box::new(decide), None);
    met.await.unwrap()
}

async fn device(store: &dyn Store, id: DeviceId) -> Device {
    store.device(id).await.unwrap().unwrap()
}

async fn of(store: &dyn Store, n: u8) -> DeviceEnrollment {
    let key = EnrollmentKey::Certificate(CertificateDigest([n; 32]));
    let view = store.enrollment_view(key, None).await.unwrap();
    view.unwrap().enrollment
}

async fn logged(store: &dyn Store, what: EventType) -> usize {
    let all = store.all_events(0, 1_000).await.unwrap();
    all.iter().filter(|one| one.event.what == what).count()
}

pub async fn a_token_is_used_once_whoever_comes(store: Arc<dyn Store>) {
    make_token(&*store, 1, "anna").await;
    let comers = (0..8).map(|n| {
        let store = Arc::clone(&store);
        // Four bring the same request, the others each another one.
        tokio::spawn(async move { bring(&*store, 10 + n, (1, 1 + n / 4 * n, 1)).await })
    });
    let mut certificates = Vec::new();
    for comer in comers.collect::<Vec<_>>() {
        match comer.await.unwrap() {
            IssueStep::Write(new) => certificates.push(new.enrollment.certificates[0].digest),
            IssueStep::Repeat(made) => certificates.push(made.answer.unwrap().digest),
            IssueStep::Refuse(..) => {}
            IssueStep::Sign(_) => panic!("it was signed"),
        }
    }
    certificates.dedup();
    assert_eq!(certificates.len(), 1, "{certificates:?}");
    assert_eq!(store.devices(0, 10).await.unwrap().len(), 1);
    assert_eq!(logged(&*store, EventType::EnrollmentIssued).await, 1);
    assert_eq!(logged(&*store, EventType::DeviceRegistered).await, 1);
    let refused = bring(&*store, 9, (2, 9, 9)).await;
    assert!(
        matches!(refused, IssueStep::Refuse(_, None)),
        "no such token"
    );
    // The key is that of a live device, whatever token comes with it.
    make_token(&*store, 3, "anna").await;
    let enrollment = store
        .enrollments(EnrollmentFilter::default(), u64::MAX, 9)
        .await;
    let key = enrollment.unwrap()[0].1.certificates[0].key;
    let signed = certificate(50, key.0[0], 7);
    let refused = bring_signed(&*store, 3, signed).await;
    assert!(
        matches!(refused, IssueStep::Refuse(_, Some(_))),
        "{refused:?}"
    );
}

pub async fn tokens_are_found_withdrawn_and_deleted(store: Arc<dyn Store>) {
    let token = make_token(&*store, 1, "anna").await;
    assert_eq!(
        store.enrollment_token(digest(1)).await.unwrap().as_ref(),
        Some(&token)
    );
    assert_eq!(store.enrollment_token(digest(2)).await.unwrap(), None);
    make_token(&*store, 2, "anna").await;
    let listed = store.enrollment_tokens(u64::MAX, 1).await.unwrap();
    assert_eq!(listed[0].1.digest, digest(2));
    let listed = store.enrollment_tokens(listed[0].0, 9).await.unwrap();
    assert_eq!(listed.len(), 1);
    let withdraw = || Box::new(|token: EnrollmentToken| token.withdraw("api:bob", AT));
    let withdrawn = store.alter_enrollment_token(token.id, withdraw(), None);
    withdrawn.await.unwrap();
    let again = store
        .alter_enrollment_token(token.id, withdraw(), None)
        .await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    let refused = bring(&*store, 5, (1, 5, 5)).await;
    assert!(matches!(refused, IssueStep::Refuse(..)));
    let before = AT.plus_ms(VALID_MS);
    let purged = store.purge_enrollment_tokens(before, 9).await.unwrap();
    assert_eq!(purged.count, 0);
    let before = before.plus_ms(1);
    let purged = store.purge_enrollment_tokens(before, 1).await.unwrap();
    assert!(purged.count == 1 && purged.more);
}

pub async fn the_first_session_names_the_device_once(store: Arc<dyn Store>) {
    enroll(&*store, 1, "anna").await;
    let before = of(&*store, 1).await;
    let provisional = before.provisional.clone();
    let found = device(&*store, before.device).await;
    assert_eq!(found.record.source, provisional);
    let after = meet(&*store, 1, "tablet").await;
    assert_eq!(after.phase(), Phase::Active);
    assert_eq!(meet(&*store, 1, "other").await, after);
    let found = device(&*store, after.device).await;
    assert_eq!(found.record.source.0, "tablet");
    assert!(found.state.revision > 1);
    let load = async |source: &str| {
        let choose = |_: &Device| modegate_core::session::ReadPlan {
            bodies: Vec::new(),
            reply: false,
            inventory: false,
        };
        let loaded = store.load(&Source(source.into()), &choose).await.unwrap();
        loaded.map(|loaded| loaded.device.id)
    };
    assert_eq!(load("tablet").await, Some(after.device));
    assert_eq!(load(&provisional.0).await, None);
    assert_eq!(load("other").await, None);
    assert_eq!(logged(&*store, EventType::EnrollmentClaimed).await, 1);
    let renewal = renew_to(&*store, (1, 2)).await;
    assert!(matches!(renewal, RenewalStep::Repeat(answer) if answer.leaf == [2]));
    assert_eq!(of(&*store, 2).await.id, after.id);
    meet(&*store, 2, "tablet").await;
    let found = device(&*store, after.device).await;
    assert_eq!(found.record.certificates, [CertificateDigest([2; 32])]);
}

async fn renew_to(store: &dyn Store, (from, to): (u8, u8)) -> RenewalStep {
    let asked = RenewalRequest {
        presented: CertificateDigest([from; 32]),
        key: KeyDigest([to; 32]),
        request: RequestDigest([to; 32]),
    };
    let mut signed = certificate(to, to, to);
    signed.0.not_after = AT.plus_ms(700 * DAY);
    let now = AT.plus_ms(340 * DAY);
    let decide = move |view: &_, of_key| renew(view, of_key, &asked, Some(signed), now);
    let renewed = store.renew_enrollment(asked.presented, asked.key, Box::new(decide));
    renewed.await.unwrap()
}

pub async fn a_record_goes_to_a_later_enrollment_whole(store: Arc<dyn Store>) {
    enroll(&*store, 1, "anna").await;
    let first = meet(&*store, 1, "tablet").await;
    enroll(&*store, 2, "anna").await;
    let second = meet(&*store, 2, "tablet").await;
    assert_eq!(second.conflict.unwrap().device, first.device);
    assert_eq!(meet(&*store, 2, "tablet").await, second);
    assert_eq!(logged(&*store, EventType::EnrollmentConflict).await, 1);
    let in_conflict = EnrollmentFilter {
        in_conflict: true,
        ..EnrollmentFilter::default()
    };
    let listed = store.enrollments(in_conflict.clone(), u64::MAX, 9).await;
    assert_eq!(listed.unwrap().len(), 1);
    let decide = Box::new(|view: &_| release(view, "api:bob", AT).map(Some));
    let key = EnrollmentKey::Id(second.id);
    let released = store
        .alter_enrollment(key, None, decide, None)
        .await
        .unwrap();
    assert_eq!(released.device, first.device);
    let listed = store.enrollments(in_conflict, u64::MAX, 9).await;
    assert!(listed.unwrap().is_empty());
    let all = store.devices(0, 9).await.unwrap();
    assert_eq!(all.len(), 1, "the provisional one is retired");
    assert_eq!(all[0].record.certificates, [CertificateDigest([2; 32])]);
    assert_eq!(all[0].record.enrollment, Some(second.id));
    assert_eq!(of(&*store, 1).await.phase(), Phase::Ended);
    assert_eq!(meet(&*store, 2, "tablet").await.phase(), Phase::Active);
    let events = store.events(first.device, 0, 99).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|one| one.event.seq).collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected);
}

pub async fn a_device_that_gave_its_certificate_up_has_ended_its_enrollment(store: Arc<dyn Store>) {
    enroll(&*store, 1, "anna").await;
    let enrollment = meet(&*store, 1, "tablet").await;
    assert_eq!(store.enrolled_devices("ANNA", AT).await.unwrap(), 1);
    let leave = |device: &Device| Ok(revoke_enrollment(device, "device", AT));
    let left = store.alter(enrollment.device, Box::new(leave), None).await;
    assert!(left.unwrap().record.certificates.is_empty());
    let EnrollmentState::Ended(end) = of(&*store, 1).await.state else {
        panic!("it goes on");
    };
    assert_eq!((end.reason, end.at), (EndReason::Revoked, AT));
    assert_eq!(store.enrolled_devices("anna", AT).await.unwrap(), 0);
    // The same user's device comes back under its name: it goes on under its record.
    enroll(&*store, 2, "anna").await;
    let second = meet(&*store, 2, "tablet").await;
    assert_eq!(
        (second.device, second.phase()),
        (enrollment.device, Phase::Active)
    );
    let revoke = Box::new(|view: &_| revoke(view, "api:bob", AT).map(Some));
    let key = EnrollmentKey::Id(second.id);
    store
        .alter_enrollment(key, None, revoke, None)
        .await
        .unwrap();
    let ended = of(&*store, 2).await;
    assert_eq!(ended.phase(), Phase::Ended);
    // A change that the store does not take is not taken in part.
    let before = device(&*store, second.device).await;
    let stale = Box::new(|view: &modegate_core::enrollment::EnrollmentView| {
        let device = view.device.as_ref().unwrap();
        let mut change = release_like(view, device);
        change.device = None;
        Ok(Some(change))
    });
    let refused = store.alter_enrollment(key, None, stale, None).await;
    assert!(matches!(refused, Err(StoreError::Changed)), "{refused:?}");
    assert_eq!(device(&*store, second.device).await, before);
    assert_eq!(of(&*store, 2).await, ended);
}

/// A change whose second half was made from a device as it is no more.
fn release_like(
    view: &modegate_core::enrollment::EnrollmentView,
    device: &Device,
) -> modegate_core::enrollment::EnrollmentChange {
    let mut enrollment = view.enrollment.clone();
    enrollment.state = EnrollmentState::Issued;
    let mut change = DeviceChange::new(device, device.state.clone());
    change.loaded = Some(modegate_core::change::Loaded {
        revision: device.state.revision + 7,
        next_command: device.state.next_command,
    });
    modegate_core::enrollment::EnrollmentChange {
        enrollment: enrollment.clone(),
        device: None,
        other: Some(change),
        retire: None,
        ended: vec![enrollment],
    }
}

pub async fn enrollments_are_listed_by_what_is_known_of_them(store: Arc<dyn Store>) {
    for (n, user) in [(1, "anna"), (2, "Anna"), (3, "bob")] {
        enroll(&*store, n, user).await;
    }
    let active = meet(&*store, 2, "tablet").await;
    let list = async |filter: EnrollmentFilter, before, limit| {
        let found = store.enrollments(filter, before, limit).await.unwrap();
        found
            .into_iter()
            .map(|(number, one)| (number, one.certificates[0].digest.0[0]))
            .collect::<Vec<_>>()
    };
    let all = EnrollmentFilter::default;
    assert_eq!(list(all(), u64::MAX, 2).await, [(3, 3), (2, 2)]);
    assert_eq!(list(all(), 2, 2).await, [(1, 1)]);
    let issued = EnrollmentFilter {
        phase: Some(Phase::Issued),
        ..all()
    };
    assert_eq!(list(issued, u64::MAX, 9).await, [(3, 3), (1, 1)]);
    let device = EnrollmentFilter {
        device: Some(active.device),
        ..all()
    };
    assert_eq!(list(device, u64::MAX, 9).await, [(2, 2)]);
    let user = EnrollmentFilter {
        user: Some("ANNA".into()),
        ..all()
    };
    assert_eq!(list(user, u64::MAX, 9).await, [(2, 2), (1, 1)]);
    assert_eq!(store.enrolled_devices("anna", AT).await.unwrap(), 2);
    let expired = AT.plus_ms(365 * DAY);
    assert_eq!(store.enrolled_devices("anna", expired).await.unwrap(), 0);
    let expiring = async |before: Timestamp, after| {
        let found = store.enrollments_expiring(before, after, 2).await.unwrap();
        found
            .into_iter()
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    let start = (Timestamp(0), 0);
    assert!(expiring(expired, start).await.is_empty());
    let before = expired.plus_ms(1);
    assert_eq!(expiring(before, start).await, [1, 2]);
    assert_eq!(expiring(before, (expired, 2)).await, [3]);
    let of_key = store.enrollment_of_key(KeyDigest([2; 32])).await.unwrap();
    assert_eq!(of_key, Some(active.id));
    let of_key = store.enrollment_of_key(KeyDigest([4; 32])).await.unwrap();
    assert_eq!(of_key, None);
    // A user has so many devices at once; the fourth and fifth go, the sixth does not.
    for n in 4..=6 {
        enroll(&*store, n, "anna").await;
    }
    make_token(&*store, 7, "anna").await;
    let refused = bring(&*store, 7, (7, 7, 7)).await;
    assert!(matches!(refused, IssueStep::Refuse(..)), "{refused:?}");
}

pub async fn enrollments_go_with_their_device(store: Arc<dyn Store>) {
    enroll(&*store, 1, "anna").await;
    let enrollment = of(&*store, 1).await;
    let event = Event::new(
        AT,
        "test",
        Some(enrollment.device),
        EventType::DeviceRetired,
    );
    let retired = store.retire(enrollment.device, Box::new(|_| Ok(())), event, None);
    retired.await.unwrap();
    let key = EnrollmentKey::Id(enrollment.id);
    assert!(store.enrollment_view(key, None).await.unwrap().is_none());
    let key = EnrollmentKey::Certificate(CertificateDigest([1; 32]));
    assert!(store.enrollment_view(key, None).await.unwrap().is_none());
    let repeated = bring(&*store, 1, (1, 1, 1)).await;
    assert!(matches!(repeated, IssueStep::Refuse(..)), "{repeated:?}");
}

#[tokio::test]
async fn sqlite_keeps_what_devices_say_of_themselves_secret_and_survives_a_crash() {
    let own = tempfile::tempdir().unwrap();
    let open = |dir: &std::path::Path| {
        let keys = Keys::from_bytes(&[1; 32]).unwrap();
        SqliteStore::open(&dir.join("m.db"), keys).unwrap()
    };
    let store = open(own.path());
    enroll(&store, 1, "Planted-User").await;
    let before = of(&store, 1).await;
    // As `kill -9` would leave it: the files as they lie now, elsewhere.
    let copy = tempfile::tempdir().unwrap();
    for path in crate::files::files(own.path()) {
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&b"Planted-User"[..], b"Planted-Name"] {
            let mut windows = bytes.windows(secret.len());
            assert!(
                !windows.any(|window| window == secret),
                "{}",
                path.display()
            );
        }
        if !path.to_string_lossy().ends_with("-shm") {
            std::fs::write(copy.path().join(path.file_name().unwrap()), bytes).unwrap();
        }
    }
    let copied = open(copy.path());
    assert_eq!(of(&copied, 1).await, before);
    assert_eq!(before.claims.first("devicename"), Some("Planted-Name"));
}
