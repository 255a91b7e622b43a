//! Issue and renewal with a certification authority: what is decided, signed and kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use modegate_core::context::Family;
use modegate_core::device::CertificateDigest;
use modegate_core::enrollment::rules::{Denial, EnrollmentRules};
use modegate_core::enrollment::{
    DeviceClaims, DeviceSecrets, IssueFault, RenewalFault, TokenFault, TokenOrigin, VALID_MS,
    first_session,
};
use modegate_core::ids::Source;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::enrollment::issuer::{
    CertificateRequest, IssueError, IssuedCertificate, Issuer,
};
use modegate_server::enrollment::{
    EnrollmentError, EnrollmentService, RenewalAsked, SignedRequest, WantedToken,
};
use modegate_store::Store;
use modegate_store::enrollment::{EnrollmentKey, EnrollmentStore};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
};
use sha2::{Digest as _, Sha256};

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The key of a device, as a certificate request brings it.
struct RequestedKey(Vec<u8>);

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        // The point of a P-256 key stands last.
        &self.0[self.0.len() - 65..]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// What an issuer does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Rejects,
    OtherKey,
    TooLong,
    Garbage,
    NoChain,
}

struct TestIssuer {
    ca: CertifiedIssuer<'static, KeyPair>,
    fault: Fault,
    signed: AtomicUsize,
}

impl TestIssuer {
    fn new(fault: Fault) -> Arc<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let signed = AtomicUsize::new(0);
        Arc::new(TestIssuer { ca, fault, signed })
    }
}

#[async_trait]
impl Issuer for TestIssuer {
    async fn issue(&self, request: CertificateRequest) -> Result<IssuedCertificate, IssueError> {
        if self.fault == Fault::Rejects {
            return Err(IssueError::Rejected("no".into()));
        }
        self.signed.fetch_add(1, Ordering::SeqCst);
        let at = |time: Timestamp| {
            let start = rcgen::date_time_ymd(1970, 1, 1);
            start + std::time::Duration::from_millis(time.0 as u64)
        };
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, request.subject_cn);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = at(request.not_before);
        let more = if self.fault == Fault::TooLong {
            400 * DAY
        } else {
            0
        };
        params.not_after = at(request.not_after.plus_ms(more));
        let other = KeyPair::generate().unwrap().subject_public_key_info();
        let spki = if self.fault == Fault::OtherKey {
            other
        } else {
            request.spki_der
        };
        let leaf = params.signed_by(&RequestedKey(spki), &self.ca).unwrap();
        let mut leaf_der = leaf.der().to_vec();
        if self.fault == Fault::Garbage {
            leaf_der.truncate(99);
        }
        let chain = match self.fault {
            Fault::NoChain => Vec::new(),
            _ => vec![self.ca.der().to_vec()],
        };
        Ok(IssuedCertificate {
            leaf_der,
            chain_der: chain,
        })
    }
}

struct Bench {
    service: EnrollmentService,
    store: Arc<SqliteStore>,
    issuer: Arc<TestIssuer>,
    now: Arc<AtomicI64>,
    _own: tempfile::TempDir,
}

fn bench(fault: Fault) -> Bench {
    let own = tempfile::tempdir().unwrap();
    let keys = Keys::from_bytes(&[1; 32]).unwrap();
    let store = Arc::new(SqliteStore::open(&own.path().join("m.db"), keys).unwrap());
    let issuer = TestIssuer::new(fault);
    let now = Arc::new(AtomicI64::new(NOW.0));
    let told = Arc::clone(&now);
    let clock = Clock::new(move || Timestamp(told.load(Ordering::SeqCst)));
    let rules = Arc::new(EnrollmentRules::builtin().unwrap());
    let service = EnrollmentService::new(store.clone(), clock, rules, issuer.clone());
    Bench {
        service,
        store,
        issuer,
        now,
        _own: own,
    }
}

impl Bench {
    async fn token(&self, origin: TokenOrigin) -> Secret {
        let wanted = WantedToken {
            user: "anna@contoso.com".into(),
            family: Some(Family::Windows81),
            groups: vec!["kiosk".into()],
            origin,
            made_by: "api:bob".into(),
            valid_ms: VALID_MS,
        };
        self.service.make_token(wanted, None).await.unwrap().text
    }
}

/// A certificate request with this key.
fn request(token: &Secret, key: &KeyPair, request: u8) -> SignedRequest {
    SignedRequest {
        token: token.clone(),
        family: Family::Windows81,
        spki_der: key.subject_public_key_info(),
        csr_der: vec![request; 32],
        claims: DeviceClaims::default(),
        secrets: DeviceSecrets::default(),
        answered_secrets: Some(Secret::new("only here")),
    }
}

#[tokio::test]
async fn the_same_request_gets_the_same_certificate_and_another_one_none() {
    let bench = bench(Fault::None);
    let token = bench.token(TokenOrigin::Operator).await;
    assert_eq!(token.reveal().len(), 64);
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let checked = bench.service.check_token(&token, Family::Windows81).await;
    assert_eq!(checked.unwrap().user, "anna@contoso.com");
    let checked = bench.service.check_token(&token, Family::Windows10).await;
    assert!(matches!(
        checked,
        Err(EnrollmentError::Token(TokenFault::OtherFamily))
    ));
    let first = bench.service.issue(request(&token, &key, 1)).await.unwrap();
    let again = bench.service.issue(request(&token, &key, 1)).await.unwrap();
    assert_eq!(first.answer, again.answer);
    assert_eq!(first.answer.secrets, Some(Secret::new("only here")));
    for refused in [request(&token, &other, 1), request(&token, &key, 2)] {
        let refused = bench.service.issue(refused).await;
        assert!(
            matches!(refused, Err(EnrollmentError::Token(TokenFault::Used))),
            "{refused:?}"
        );
    }
    assert_eq!(bench.issuer.signed.load(Ordering::SeqCst), 1);
    let device = bench
        .store
        .device(first.enrollment.device)
        .await
        .unwrap()
        .unwrap();
    let digest = CertificateDigest(Sha256::digest(&first.answer.leaf).into());
    assert_eq!(device.record.certificates, [digest]);
    assert_eq!(device.record.source, first.enrollment.provisional);
    assert_eq!(device.record.groups, ["kiosk"]);
    let certificate = &first.enrollment.certificates[0];
    assert_eq!(certificate.not_after, NOW.plus_ms(365 * DAY));
    assert_eq!(certificate.not_before, NOW.plus_ms(-600_000));
    bench.now.fetch_add(VALID_MS, Ordering::SeqCst);
    let late = bench.service.issue(request(&token, &key, 1)).await;
    assert!(matches!(
        late,
        Err(EnrollmentError::Token(TokenFault::Expired))
    ));
}

#[tokio::test]
async fn eight_who_come_at_once_with_one_token_get_one_certificate() {
    let bench = Arc::new(bench(Fault::None));
    let token = bench.token(TokenOrigin::Operator).await;
    let comers = (0..8).map(|n| {
        let (bench, token) = (Arc::clone(&bench), token.clone());
        tokio::spawn(async move {
            let key = KeyPair::generate().unwrap();
            bench.service.issue(request(&token, &key, n)).await
        })
    });
    let mut issued = Vec::new();
    for comer in comers.collect::<Vec<_>>() {
        match comer.await.unwrap() {
            Ok(done) => issued.push(done),
            Err(EnrollmentError::Busy | EnrollmentError::Token(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(issued.len(), 1);
    assert_eq!(bench.issuer.signed.load(Ordering::SeqCst), 1);
    assert_eq!(bench.store.devices(0, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_an_issuer_signs_wrong_is_not_taken_and_the_token_stays() {
    for fault in [
        Fault::Rejects,
        Fault::OtherKey,
        Fault::TooLong,
        Fault::Garbage,
        Fault::NoChain,
    ] {
        let bench = bench(fault);
        let token = bench.token(TokenOrigin::Operator).await;
        let key = KeyPair::generate().unwrap();
        for _ in 0..2 {
            let refused = bench.service.issue(request(&token, &key, 1)).await;
            assert!(
                matches!(refused, Err(EnrollmentError::Issuer(_))),
                "{refused:?}"
            );
        }
        assert!(bench.store.devices(0, 9).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn who_the_rules_do_not_allow_gets_nothing_signed() {
    let bench = bench(Fault::None);
    let token = bench.token(TokenOrigin::SignIn(vec!["staff".into()])).await;
    let key = KeyPair::generate().unwrap();
    let refused = bench.service.issue(request(&token, &key, 1)).await;
    let Err(EnrollmentError::Issue(IssueFault::Denied(denial, _))) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(denial, Denial::NoRule);
    let text = "[[rule]]\nid = \"staff\"\neffect = \"allow\"\nclaimed_group = [\"staff\"]\ncertificate_days = 90\n";
    let rules = EnrollmentRules::from_texts(vec![("a.toml".into(), text.into())]).unwrap();
    bench.service.enforce(Arc::new(rules));
    let issued = bench.service.issue(request(&token, &key, 1)).await.unwrap();
    let certificate = &issued.enrollment.certificates[0];
    assert_eq!(certificate.not_after, NOW.plus_ms(90 * DAY));
    assert_eq!(issued.enrollment.rule.as_deref(), Some("staff"));
    assert_eq!(bench.issuer.signed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_is_renewed_in_its_time_once_for_each_request() {
    let bench = bench(Fault::None);
    let token = bench.token(TokenOrigin::Operator).await;
    let key = KeyPair::generate().unwrap();
    let issued = bench.service.issue(request(&token, &key, 1)).await.unwrap();
    let presented = issued.answer.digest;
    let new = KeyPair::generate().unwrap();
    let asked = |n| RenewalAsked {
        presented,
        spki_der: new.subject_public_key_info(),
        csr_der: vec![n; 32],
    };
    let refused = bench.service.renew(asked(2)).await;
    assert!(
        matches!(
            refused,
            Err(EnrollmentError::Renewal(RenewalFault::NotBound))
        ),
        "it was not used"
    );
    let source = Source("tablet".into());
    let own = source.clone();
    let meet = Box::new(move |view: &_| Ok(first_session(view, (presented, &own), NOW)));
    let certificate = EnrollmentKey::Certificate(presented);
    let met = bench
        .store
        .alter_enrollment(certificate, Some(source), meet, None);
    met.await.unwrap();
    let refused = bench.service.renew(asked(2)).await;
    assert!(matches!(
        refused,
        Err(EnrollmentError::Renewal(RenewalFault::TooEarly))
    ));
    bench.now.fetch_add(320 * DAY, Ordering::SeqCst);
    let renewed = bench.service.renew(asked(2)).await.unwrap();
    let again = bench.service.renew(asked(2)).await.unwrap();
    assert_eq!(renewed, again);
    assert_ne!(renewed.digest, presented);
    let device = bench
        .store
        .device(issued.enrollment.device)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(device.record.certificates, [presented, renewed.digest]);
    assert_eq!(bench.issuer.signed.load(Ordering::SeqCst), 2);
}
