//! What a CA signs, read again, and what no CA is.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::enrollment::checked;
use modegate_core::context::Family;
use modegate_core::enrollment::DeviceClaims;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-29T12:00:00Z").unwrap()
}

/// A request for a key of the device's own.
fn request(key: &KeyPair) -> CertificateRequest {
    CertificateRequest {
        csr_der: vec![0x30, 0],
        spki_der: key.subject_public_key_info(),
        subject_cn: "7d9a5dc2-6fd1-4f5b-9ab4-0f8f5be7d0a1".to_owned(),
        not_before: now().plus_ms(-BACKDATED_MS),
        not_after: now().plus_ms(365 * DAY_MS),
        user: "ann@contoso.com".to_owned(),
        family: Family::Windows81,
        claims: DeviceClaims::default(),
        follows: None,
    }
}

fn device_rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

fn pem_of(issued: &IssuedCertificate) -> Vec<u8> {
    let ders = std::iter::once(&issued.leaf_der).chain(&issued.chain_der);
    let pem = |der: &Vec<u8>| {
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    ders.map(pem).collect::<String>().into_bytes()
}

#[test]
fn either_kind_of_ca_certifies_a_device_for_client_authentication_only() {
    let device = device_rsa();
    for kind in [KeyKind::Rsa, KeyKind::Ecdsa] {
        let authority = Authority::open(&AuthorityFiles::make(kind, now()).unwrap()).unwrap();
        let issued = authority.sign(&request(&device)).unwrap();
        let (rest, leaf) = X509Certificate::from_der(&issued.leaf_der).unwrap();
        assert!(rest.is_empty());
        assert_eq!(
            leaf.subject().to_string(),
            format!("CN={}", request(&device).subject_cn)
        );
        assert_eq!(leaf.public_key().raw, device.subject_public_key_info());
        let basic = leaf.basic_constraints().unwrap().unwrap();
        assert!(basic.critical && !basic.value.ca);
        let usage = leaf.key_usage().unwrap().unwrap();
        assert!(
            usage.critical && usage.value.digital_signature() && usage.value.key_encipherment()
        );
        assert!(!usage.value.key_cert_sign());
        let extended = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.client_auth && !extended.server_auth && !extended.any);
        assert!(leaf.raw_serial().len() == 16 && leaf.raw_serial()[0] < 0x80);
        let (_, root) = X509Certificate::from_der(authority.certificate()).unwrap();
        leaf.verify_signature(Some(root.public_key())).unwrap();
        let path = root.basic_constraints().unwrap().unwrap().value;
        assert!(path.ca && path.path_len_constraint == Some(0));
        assert!(
            root.extended_key_usage()
                .unwrap()
                .unwrap()
                .value
                .client_auth
        );
        // It is what an issuer outside would have to answer, too.
        assert_eq!(checked::read(&pem_of(&issued)).unwrap(), issued);
        checked::check(&issued, &request(&device), now()).unwrap();
    }
}

#[test]
fn two_certificates_have_two_numbers() {
    let device = device_rsa();
    let files = AuthorityFiles::make(KeyKind::Ecdsa, now()).unwrap();
    let authority = Authority::open(&files).unwrap();
    let [one, other] = [0, 1].map(|_| authority.sign(&request(&device)).unwrap().leaf_der);
    let serial = |der: &[u8]| {
        X509Certificate::from_der(der)
            .unwrap()
            .1
            .raw_serial()
            .to_vec()
    };
    assert_ne!(serial(&one), serial(&other));
}

#[test]
fn a_ca_does_not_sign_beyond_its_own_end() {
    let files = AuthorityFiles::make(KeyKind::Ecdsa, now().plus_ms(-CA_DAYS * DAY_MS)).unwrap();
    let authority = Authority::open(&files).unwrap();
    let refused = authority.sign(&request(&device_rsa())).unwrap_err();
    assert_eq!(refused, IssueError::Ending(authority.valid_until()));
}

#[test]
fn files_of_two_cas_open_as_none() {
    let [one, other] = [0, 1].map(|_| AuthorityFiles::make(KeyKind::Ecdsa, now()).unwrap());
    let mixed = AuthorityFiles {
        key: other.key,
        ..one
    };
    assert!(Authority::open(&mixed).is_err());
    assert!(!format!("{mixed:?}").contains("PRIVATE"));
}

#[test]
fn what_an_issuer_outside_may_not_answer() {
    use crate::enrollment::issuer::Unusable;
    let device = device_rsa();
    let files = AuthorityFiles::make(KeyKind::Ecdsa, now()).unwrap();
    let authority = Authority::open(&files).unwrap();
    let asked = request(&device);
    let issued = authority.sign(&asked).unwrap();
    let refused =
        |issued: &IssuedCertificate, at: Timestamp| checked::check(issued, &asked, at).unwrap_err();
    let foreign = Authority::open(&AuthorityFiles::make(KeyKind::Ecdsa, now()).unwrap()).unwrap();
    let of_another_key = authority.sign(&request(&device_rsa())).unwrap();
    assert_eq!(refused(&of_another_key, now()), Unusable::Key);
    let long = CertificateRequest {
        not_after: asked.not_after.plus_ms(2 * DAY_MS),
        ..asked.clone()
    };
    assert_eq!(
        refused(&authority.sign(&long).unwrap(), now()),
        Unusable::Validity
    );
    assert_eq!(refused(&issued, asked.not_after), Unusable::Validity);
    let root = foreign.certificate().to_vec();
    let other_root = IssuedCertificate {
        chain_der: vec![root.clone()],
        ..issued.clone()
    };
    assert_eq!(refused(&other_root, now()), Unusable::Signature);
    let alone = IssuedCertificate {
        chain_der: Vec::new(),
        ..issued.clone()
    };
    assert_eq!(refused(&alone, now()), Unusable::Form);
    let many = IssuedCertificate {
        chain_der: vec![root; 3],
        ..issued.clone()
    };
    assert_eq!(refused(&many, now()), Unusable::Chain);
    assert_eq!(checked::read(b"no"), Err(Unusable::Form));
}
