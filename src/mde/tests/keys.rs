//! Certificate requests and signed messages that openssl made.
//!
//! `oiw_sha1.der` is a request as Windows 10 makes it: its subject is a PrintableString with
//! `!` and a final NUL, it has the private extension 1.3.6.1.4.1.311.66.1.0 of raw ASCII, and
//! its signature has the algorithm 1.3.14.3.2.29. The `cms_*.der` are that request, signed
//! by `openssl cms -sign -nodetach -binary` with the key of `signer.der`. For three of them,
//! openssl made the signature only: `cms_by_hand.der` is right, the other two have the
//! attribute with the digest never or twice. The private keys were deleted.

use crate::csr::{CertificateRequest, CsrError, KeyError, SignatureHash};
use crate::fault::{Fault, FaultCode};
use crate::pkcs7::{Pkcs7Error, RenewalRequest};
use crate::token_request;

const OIW_SHA1: &[u8] = include_bytes!("fixtures/oiw_sha1.der");
const SHA256: &[u8] = include_bytes!("fixtures/sha256.der");
const SIGNER: &[u8] = include_bytes!("fixtures/signer.der");
const CMS_SHA256: &[u8] = include_bytes!("fixtures/cms_sha256.der");
const CMS_NO_CERTIFICATE: &[u8] = include_bytes!("fixtures/cms_no_certificate.der");

/// The one place in `bytes` where `from` stands, replaced with something of equal length.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let found: Vec<usize> = (0..=bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    let [at] = found[..] else {
        panic!("{} places", found.len());
    };
    let mut bytes = bytes.to_vec();
    bytes[at..at + from.len()].copy_from_slice(to);
    bytes
}

#[test]
fn a_request_of_windows_is_read_though_its_subject_is_no_der() {
    let request = CertificateRequest::read(OIW_SHA1).unwrap();
    assert_eq!(request.signature_hash(), SignatureHash::Sha1);
    let subject = request.raw_subject();
    assert!(subject.ends_with(b"!A1B2C3D4E5F60718293A4B5C6\0"));
    let other = CertificateRequest::read(SHA256).unwrap();
    assert_eq!(other.signature_hash(), SignatureHash::Sha256);
    assert_eq!(request.spki(), other.spki(), "one key");
    assert_eq!(request.spki_sha256(), other.spki_sha256());
    assert_eq!(request.spki()[0], 0x30);
}

#[test]
fn both_names_of_sha1_with_rsa_are_known() {
    // The algorithm is not part of what is signed; its usual name is 4 bytes longer, and so
    // is everything around it.
    let at = OIW_SHA1.len() - 261 - 11;
    let (info, tail) = OIW_SHA1.split_at(at);
    assert_eq!(tail[..11], [0x30, 9, 6, 5, 0x2b, 14, 3, 2, 29, 5, 0]);
    let usual = [
        0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5, 5, 0,
    ];
    let mut der = [info, &usual, &tail[11..]].concat();
    let length = u16::try_from(der.len() - 4).unwrap();
    der[2..4].copy_from_slice(&length.to_be_bytes());
    let request = CertificateRequest::read(&der).unwrap();
    assert_eq!(request.signature_hash(), SignatureHash::Sha1);
}

#[test]
fn a_bad_request_has_its_reason() {
    let refused = |der: &[u8]| CertificateRequest::read(der).unwrap_err();
    for (name, der, expected) in [
        (
            "1024 bits",
            &include_bytes!("fixtures/small.der")[..],
            CsrError::Key(KeyError::Length),
        ),
        (
            "exponent 3",
            include_bytes!("fixtures/e3.der"),
            CsrError::Key(KeyError::Exponent),
        ),
        (
            "elliptic curve",
            include_bytes!("fixtures/ec.der"),
            CsrError::Key(KeyError::Algorithm),
        ),
        (
            "SHA-512",
            include_bytes!("fixtures/sha512.der"),
            CsrError::SignatureAlgorithm,
        ),
        ("nothing", b"", CsrError::Structure),
        ("half", &OIW_SHA1[..300], CsrError::Structure),
        ("a certificate", SIGNER, CsrError::Structure),
    ] {
        let error = refused(der);
        assert_eq!(error, expected, "{name}");
        assert_eq!(Fault::from(error).code(), FaultCode::CertificateRequest);
    }
    assert_eq!(refused(&[0x30; 20_000]), CsrError::TooLong);
    let longer = [OIW_SHA1, b"\0"].concat();
    assert_eq!(refused(&longer), CsrError::Structure, "trailing bytes");
    let named = patched(OIW_SHA1, b"!A1B2C3", b"!A1B2C4");
    assert_eq!(refused(&named), CsrError::Signature);
    // The hash that is named counts.
    let oiw = [0x2b, 14, 3, 2, 29];
    let other = patched(OIW_SHA1, &oiw, &[0x2b, 14, 3, 2, 28]);
    assert_eq!(refused(&other), CsrError::SignatureAlgorithm);
}

#[test]
fn no_changed_byte_of_a_request_passes() {
    for at in 0..OIW_SHA1.len() {
        let mut der = OIW_SHA1.to_vec();
        der[at] ^= 1;
        assert!(CertificateRequest::read(&der).is_err(), "byte {at}");
    }
}

#[test]
fn signed_requests_of_each_form_are_read() {
    let key_id = include_bytes!("fixtures/cms_key_id_base64.der");
    let plain = include_bytes!("fixtures/cms_plain.der");
    let sha1 = include_bytes!("fixtures/cms_sha1.der");
    for (name, der, hash) in [
        ("SHA-256", CMS_SHA256, SignatureHash::Sha256),
        ("SHA-1", sha1, SignatureHash::Sha1),
        ("key identifier, base64", key_id, SignatureHash::Sha256),
        ("without attributes", plain, SignatureHash::Sha256),
    ] {
        for presented in [None, Some(SIGNER)] {
            let renewal = RenewalRequest::read(der, presented);
            let renewal = renewal.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(renewal.signer_certificate(), SIGNER, "{name}");
            assert_eq!(renewal.signature_hash(), hash, "{name}");
            let expected = CertificateRequest::read(OIW_SHA1).unwrap();
            assert_eq!(*renewal.request(), expected, "{name}");
        }
    }
    // The certificate can be the connection's alone.
    let renewal = RenewalRequest::read(CMS_NO_CERTIFICATE, Some(SIGNER)).unwrap();
    assert_eq!(renewal.signer_certificate(), SIGNER);
}

#[test]
fn a_signed_request_of_another_is_refused() {
    // A certificate with the same issuer and serial number, of which one byte differs.
    let mut twin = SIGNER.to_vec();
    *twin.last_mut().unwrap() ^= 1;
    let two = include_bytes!("fixtures/cms_two_signers.der");
    let sha512 = include_bytes!("fixtures/cms_sha512.der");
    for (der, presented, expected, code) in [
        (
            CMS_SHA256,
            Some(&twin[..]),
            Pkcs7Error::OtherSigner,
            FaultCode::Authentication,
        ),
        (
            CMS_NO_CERTIFICATE,
            None,
            Pkcs7Error::NoCertificate,
            FaultCode::Authentication,
        ),
        (
            two,
            None,
            Pkcs7Error::Signers,
            FaultCode::CertificateRequest,
        ),
        (
            sha512,
            None,
            Pkcs7Error::Algorithm,
            FaultCode::CertificateRequest,
        ),
        (
            OIW_SHA1,
            None,
            Pkcs7Error::Structure,
            FaultCode::CertificateRequest,
        ),
        (
            &[0x30; 40_000],
            None,
            Pkcs7Error::TooLong,
            FaultCode::CertificateRequest,
        ),
    ] {
        let error = RenewalRequest::read(der, presented).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(Fault::from(error).code(), code);
    }
}

#[test]
fn a_changed_content_is_not_the_signed_one() {
    let changed = patched(CMS_SHA256, b"!A1B2C3", b"!A1B2C4");
    assert_eq!(
        RenewalRequest::read(&changed, None),
        Err(Pkcs7Error::Attributes)
    );
    let plain = include_bytes!("fixtures/cms_plain.der");
    let changed = patched(plain, b"!A1B2C3", b"!A1B2C4");
    assert_eq!(
        RenewalRequest::read(&changed, None),
        Err(Pkcs7Error::Signature)
    );
}

#[test]
fn a_changed_byte_never_yields_another_request_or_signer() {
    let expected = CertificateRequest::read(OIW_SHA1).unwrap();
    for at in 0..CMS_SHA256.len() {
        for bit in [1, 0x80] {
            let mut der = CMS_SHA256.to_vec();
            der[at] ^= bit;
            if let Ok(renewal) = RenewalRequest::read(&der, Some(SIGNER)) {
                assert_eq!(*renewal.request(), expected, "byte {at}");
                assert_eq!(renewal.signer_certificate(), SIGNER, "byte {at}");
            }
        }
    }
}

#[test]
fn a_renewal_is_read_from_its_envelope() {
    let content = crate::base64::encode(CMS_SHA256);
    let body = format!(
        "<RequestSecurityToken><RequestType>x/Renew</RequestType>\
         <BinarySecurityToken ValueType=\"y#PKCS7\">{content}</BinarySecurityToken></RequestSecurityToken>"
    );
    let envelope = super::read("", &body);
    let request = token_request::TokenRequest::from_envelope(&envelope).unwrap();
    let token_request::TokenRequestKind::Renew(der) = request.kind else {
        panic!("a renewal");
    };
    assert!(RenewalRequest::read(&der, Some(SIGNER)).is_ok());
}

#[test]
fn the_attributes_have_one_digest_and_the_type_is_data_without_them() {
    let read = |der: &[u8]| RenewalRequest::read(der, Some(SIGNER));
    assert!(read(include_bytes!("fixtures/cms_by_hand.der")).is_ok());
    for der in [
        &include_bytes!("fixtures/cms_no_digest.der")[..],
        include_bytes!("fixtures/cms_two_digests.der"),
    ] {
        assert_eq!(read(der), Err(Pkcs7Error::Attributes));
    }
    let data = [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 1];
    let other = [0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 3];
    let plain = patched(include_bytes!("fixtures/cms_plain.der"), &data, &other);
    assert_eq!(read(&plain), Err(Pkcs7Error::Attributes));
}
