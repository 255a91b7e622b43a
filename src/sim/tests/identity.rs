//! Client identities from files.

use rcgen::{CertificateParams, KeyPair};

use crate::{ClientIdentity, SimError, Transport};

#[test]
fn an_identity_is_read_from_pem_or_says_what_is_wrong() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    let read = |certificate: &str, key: &str| {
        ClientIdentity::from_pem(certificate.as_bytes(), key.as_bytes())
    };
    let identity = read(&certificate, &key).unwrap();
    assert_eq!(identity.sha256().len(), 64);
    assert!(Transport::new("https://localhost/sync", None, Some(&identity)).is_ok());
    assert!(!format!("{identity:?}").contains("PRIVATE"));
    for (bad_certificate, bad_key) in [("", key.as_str()), (&certificate, ""), ("x", "y")] {
        let error = read(bad_certificate, bad_key).map(drop);
        assert!(matches!(error, Err(SimError::Tls(_))));
    }
}
