//! The server's certificate: made on first use by a CA of the directory's own, or
//! put there by the operator.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::SignatureAlgorithm;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;

use super::ServeError;
use crate::config::Settings;
use crate::key_file::is_there;
use crate::pem::{self, PemFault};
use modegate_store::private_file;

/// The server's certificate in the data directory, with its issuers after it.
const CHAIN: &str = "server.pem";
/// Its private key.
const KEY: &str = "server-key.pem";
/// Names that a server certificate always has.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The server's certificate from the data directory, made if it is not there.
pub(crate) fn server_certificate(
    data: &Path,
    settings: &Settings,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, ServeError> {
    if let Some(there) = read(data, settings, provider)? {
        return Ok(there);
    }
    make(data, &settings.names)?;
    let made = read(data, settings, provider)?;
    made.ok_or_else(|| ServeError::Certificate("it is not where it was written".to_owned()))
}

/// The server's certificate from the data directory; `None` where neither it nor its key
/// is there.
pub(crate) fn read(
    data: &Path,
    settings: &Settings,
    provider: &CryptoProvider,
) -> Result<Option<CertifiedKey>, ServeError> {
    let (chain, key) = (data.join(CHAIN), data.join(KEY));
    match (is_there(&chain), is_there(&key)) {
        (true, true) => {}
        (false, false) => return Ok(None),
        (true, false) => return Err(ServeError::HalfOfPair(key, chain)),
        (false, true) => return Err(ServeError::HalfOfPair(chain, key)),
    }
    let certificates = read_pem(&chain, pem::certificates)?;
    let private = read_pem(&key, pem::private_key)?;
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
        .map_err(|_| ServeError::BadFile(chain, "the certificate of server-key.pem first"))?;
    Ok(Some(certified))
}

fn read_pem<T>(path: &Path, read: fn(&[u8]) -> Result<T, PemFault>) -> Result<T, ServeError> {
    let text = fs::read(path).map_err(|error| ServeError::File(path.to_owned(), error))?;
    read(&text).map_err(|fault| ServeError::Pem(path.to_owned(), fault))
}

/// Makes a CA, and a certificate for ECDSA P-256: with an RSA certificate
/// Windows 8.1 shares no cipher suite with this server.
fn make(data: &Path, names: &[String]) -> Result<(), ServeError> {
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
        let path: PathBuf = data.join(name);
        private_file::write(&path, text.as_bytes()).map_err(|error| ServeError::File(path, error))
    };
    write("ca.pem", &ca_certificate.pem())?;
    write(KEY, &key.serialize_pem())?;
    write(CHAIN, &certificate.pem())
}

/// The issuers of a PEM file, and who checks client certificates against them.
pub(crate) fn issuers(path: &Path, provider: Arc<CryptoProvider>) -> Result<Issuers, ServeError> {
    let certificates = read_pem(path, pem::certificates)?;
    let bad = || ServeError::BadFile(path.to_owned(), "certificates of issuers in PEM");
    let mut roots = rustls::RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|_| bad())?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(Issuers {
        verifier: verifier.map_err(|_| bad())?,
        certificates,
    })
}

/// The issuers of client certificates that are accepted.
pub(crate) struct Issuers {
    /// Who checks a client's certificate.
    pub(crate) verifier: Arc<dyn ClientCertVerifier>,
    /// Their own.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}
