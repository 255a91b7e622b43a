//! The server's certificate: made on first use by a CA of the directory's own, or
//! put there by the operator.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::SignatureAlgorithm;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;

use super::ServeError;
use super::data_dir::{DataDir, write_secret};
use crate::config::Settings;

/// Names that a server certificate always has.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The server's certificate from the directory, made if it is not there.
pub(super) fn server_certificate(
    dir: &DataDir,
    settings: &Settings,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, ServeError> {
    let (chain, key) = (dir.file("server.pem"), dir.file("server-key.pem"));
    if !chain.exists() || !key.exists() {
        make(dir, &settings.names)?;
    }
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&chain)
        .and_then(Iterator::collect)
        .map_err(|_| ServeError::BadFile(chain.clone(), "certificates in PEM"))?;
    let private = PrivateKeyDer::from_pem_file(&key)
        .map_err(|_| ServeError::BadFile(key.clone(), "a private key in PEM"))?;
    let signer = provider
        .key_provider
        .load_private_key(private)
        .map_err(|_| ServeError::BadFile(key.clone(), "a private key that TLS can sign with"))?;
    if signer.algorithm() == SignatureAlgorithm::RSA && !settings.allow_rsa {
        return Err(ServeError::Rsa(key));
    }
    let certified = CertifiedKey::new(certificates, signer);
    certified
        .keys_match()
        .map_err(|_| ServeError::BadFile(chain, "the certificate of server-key.pem"))?;
    Ok(certified)
}

/// Makes a CA, and a certificate for ECDSA P-256: with an RSA certificate
/// Windows 8.1 shares no cipher suite with this server.
fn make(dir: &DataDir, names: &[String]) -> Result<(), ServeError> {
    let made = |error: rcgen::Error| ServeError::Certificate(error.to_string());
    let ca_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(made)?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name
        .push(DnType::CommonName, "modegate local CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_certificate = ca.self_signed(&ca_key).map_err(made)?;

    let mut all: Vec<String> = NAMES.map(str::to_owned).to_vec();
    all.extend(
        names
            .iter()
            .filter(|name| !NAMES.contains(&name.as_str()))
            .cloned(),
    );
    let mut params = CertificateParams::new(all).map_err(made)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "modegate");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(made)?;
    let certificate = params
        .signed_by(&key, &Issuer::new(ca, &ca_key))
        .map_err(made)?;

    let write = |name: &str, text: &str| {
        fs::write(dir.file(name), text).map_err(|error| ServeError::File(dir.file(name), error))
    };
    write("ca.pem", &ca_certificate.pem())?;
    let path = dir.file("server-key.pem");
    write_secret(&path, key.serialize_pem().trim_end())
        .map_err(|error| ServeError::File(path.clone(), error))?;
    write("server.pem", &certificate.pem())
}

/// Who checks client certificates against the issuers of a PEM file.
pub(super) fn issuers(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, ServeError> {
    let bad = || ServeError::BadFile(path.to_owned(), "certificates of issuers in PEM");
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|_| bad())? {
        roots
            .add(certificate.map_err(|_| bad())?)
            .map_err(|_| bad())?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier
        .map(|verifier| verifier as Arc<dyn ClientCertVerifier>)
        .map_err(|_| bad())
}
