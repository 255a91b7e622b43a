//! TLS for devices: 1.2 and 1.3, client certificates asked for and not required.
//! What is refused is said and counted, with what to do about it.

use crate::metrics::Metrics;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, ServerConfig,
    SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::refusal::{Offer, is_sha1};

/// The client's key signed the handshake with SHA-1, or its library can do nothing else.
pub const SHA1: &str = "sha1_signature";
/// An RSA key of less than 2048 bits.
pub const SMALL_RSA: &str = "small_rsa_key";
/// The certificate's extended key usage leaves out client authentication.
pub const NOT_FOR_CLIENTS: &str = "not_for_clients";
/// The certificate cannot be read.
pub const UNREADABLE: &str = "unreadable_certificate";
/// No cipher suite in common.
pub const NO_SUITE: &str = "no_cipher_suite";
/// TLS 1.0 or 1.1.
pub const OLD_VERSION: &str = "old_version";
/// A certificate that `--client-ca` would know, past its time.
pub const EXPIRED: &str = "expired";
/// A certificate that does not lead to an issuer of `--client-ca`.
pub const UNTRUSTED: &str = "untrusted_issuer";
/// Anything else.
pub const OTHER: &str = "other";

/// Every reason, in the order of [`TlsRefusals::read`].
pub const REASONS: [&str; 9] = [
    SHA1,
    SMALL_RSA,
    NOT_FOR_CLIENTS,
    UNREADABLE,
    NO_SUITE,
    OLD_VERSION,
    EXPIRED,
    UNTRUSTED,
    OTHER,
];

/// How often TLS refused a peer, by reason.
#[derive(Debug, Default)]
pub struct TlsRefusals {
    counts: [AtomicU64; REASONS.len()],
    metrics: Arc<Metrics>,
}

impl TlsRefusals {
    /// Nothing counted yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        TlsRefusals {
            metrics,
            ..TlsRefusals::default()
        }
    }

    /// Counts one; a reason that is none of [`REASONS`] counts as [`OTHER`].
    pub fn tls_refused(&self, reason: &'static str) {
        self.metrics.tls_refused(reason);
        let known = REASONS.iter().position(|known| *known == reason);
        self.counts[known.unwrap_or(REASONS.len() - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// The counts since the start.
    pub fn read(&self) -> Vec<(&'static str, u64)> {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        REASONS.into_iter().zip(counts).collect()
    }
}

/// Why a client's certificate, or its use of it, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// See [`SHA1`].
    #[error("the handshake is signed with SHA-1, expected SHA-256 or better")]
    Sha1,
    /// See [`SMALL_RSA`].
    #[error("an RSA key of {0} bits, expected 2048 or more")]
    SmallRsa(usize),
    /// See [`NOT_FOR_CLIENTS`].
    #[error("an extended key usage without clientAuth, expected clientAuth in it or none at all")]
    NotForClients,
    /// See [`UNREADABLE`].
    #[error("expected an X.509 certificate, found something else")]
    Unreadable,
}

impl CertificateFault {
    /// The reason that it counts as.
    pub fn reason(self) -> &'static str {
        match self {
            CertificateFault::Sha1 => SHA1,
            CertificateFault::SmallRsa(_) => SMALL_RSA,
            CertificateFault::NotForClients => NOT_FOR_CLIENTS,
            CertificateFault::Unreadable => UNREADABLE,
        }
    }
}

/// Why this certificate cannot prove a client, if it cannot. Its time and its
/// issuer are not looked at: the device's record knows the exact certificate.
pub fn fault_of(certificate: &CertificateDer<'_>) -> Option<CertificateFault> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Some(CertificateFault::Unreadable);
    };
    if let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() {
        let bits = key.key_size();
        if bits < 2048 {
            return Some(CertificateFault::SmallRsa(bits));
        }
    }
    match certificate.extended_key_usage() {
        Ok(Some(usage)) if !(usage.value.client_auth || usage.value.any) => {
            Some(CertificateFault::NotForClients)
        }
        Ok(_) => None,
        Err(_) => Some(CertificateFault::Unreadable),
    }
}

fn refused(fault: CertificateFault) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(fault))))
}

/// Takes any client certificate whose key signed the handshake. Whose it is is
/// decided by the device's record, which knows the exact certificate: a chain
/// adds nothing to that (`--client-ca` is for devices without one on record).
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        // A tablet whose key cannot sign SHA-256 comes without a certificate, and
        // proves itself by SyncML credentials.
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match fault_of(end_entity) {
            Some(fault) => Err(refused(fault)),
            None => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if is_sha1(signature.scheme) {
            return Err(refused(CertificateFault::Sha1));
        }
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The server's certificate, which can be put in place of another while serving.
#[derive(Debug)]
pub struct ServerCertificate(RwLock<Arc<CertifiedKey>>);

impl ServerCertificate {
    /// With this certificate.
    pub fn new(key: CertifiedKey) -> Self {
        ServerCertificate(RwLock::new(Arc::new(key)))
    }

    /// Puts another in place, for handshakes from now on.
    pub fn replace(&self, key: CertifiedKey) {
        match self.0.write() {
            Ok(mut current) => *current = Arc::new(key),
            Err(poisoned) => *poisoned.into_inner() = Arc::new(key),
        }
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Offer::note(&hello);
        self.0.read().ok().map(|key| Arc::clone(&key))
    }
}

/// The configuration of the device listener.
pub fn server_config(
    provider: Arc<CryptoProvider>,
    certificate: Arc<ServerCertificate>,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
