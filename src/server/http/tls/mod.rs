//! TLS for devices: 1.2 and 1.3, client certificates asked for and not required.
//! What is refused is said and counted, with what to do about it.

pub(super) mod offer;
pub(super) mod reason;
pub(super) mod refusal;
mod validity;

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

use offer::{Offer, is_sha1};
use reason::CertificateFault;
pub use reason::TlsRefusals;
pub use validity::{Validity, names_of};

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

/// Accepts any client certificate whose key signed the handshake. The device's
/// record decides who it is, for it knows the exact certificate: a chain
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

/// The configuration of the listener of pages: it asks for no client certificate, since a
/// browser that holds one would ask its user which to show.
pub fn web_config(
    provider: Arc<CryptoProvider>,
    certificate: Arc<ServerCertificate>,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
