//! HTTP as a tablet does it: HTTP/1.1, a connection of its own, its certificate.

use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};

/// Why a simulated session did not go.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The request did not get through.
    #[error("the request failed: {0}")]
    Http(#[from] reqwest::Error),
    /// TLS could not be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// A file could not be read.
    #[error("the file {0}: {1}")]
    File(String, String),
    /// The tablet is not enrolled any more.
    #[error("the tablet is unenrolled: it does not sync any more")]
    Unenrolled,
}

/// A client certificate with its key, self-signed.
#[derive(Clone)]
pub struct ClientIdentity {
    certificate: CertificateDer<'static>,
    key: Arc<PrivatePkcs8KeyDer<'static>>,
}

impl ClientIdentity {
    /// Makes one, ECDSA P-256, for client authentication.
    pub fn generate(name: &str) -> Result<Self, SimError> {
        let failed = |error: rcgen::Error| SimError::Tls(error.to_string());
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.self_signed(&key).map_err(failed)?.der().clone();
        Ok(ClientIdentity {
            certificate,
            key: Arc::new(PrivatePkcs8KeyDer::from(key.serialize_der())),
        })
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// SHA-256 of the certificate, in hexadecimal.
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.certificate)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// One tablet's way to a server.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    /// The URL of the device endpoint, without a query.
    pub url: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Content-Length was there and nothing was chunked.
    pub(super) has_length: bool,
    pub(super) body: String,
}

/// A client for HTTPS (and plain HTTP) over HTTP/1.1, trusting the CAs of `ca`
/// (PEM) and no others, with a client certificate if there is one. It follows
/// no redirects.
pub fn https_client(
    ca: Option<&[u8]>,
    identity: Option<&ClientIdentity>,
) -> Result<reqwest::Client, SimError> {
    let failed = |error: &dyn std::fmt::Display| SimError::Tls(error.to_string());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.unwrap_or_default()) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::Pkcs8(identity.key.clone_key());
            config
                .with_client_auth_cert(vec![identity.certificate.clone()], key)
                .map_err(|error| failed(&error))?
        }
    };
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(30))
        .user_agent("Enrollment")
        .build()?;
    Ok(client)
}

impl Transport {
    /// To `url`, by a client of [`https_client`].
    pub fn new(
        url: &str,
        ca: Option<&[u8]>,
        identity: Option<&ClientIdentity>,
    ) -> Result<Self, SimError> {
        Ok(Transport {
            client: https_client(ca, identity)?,
            url: url.to_owned(),
        })
    }

    pub(super) async fn post(&self, query: &str, body: String) -> Result<Answer, SimError> {
        let url = if query.is_empty() {
            self.url.clone()
        } else {
            format!("{}?{query}", self.url)
        };
        let request = self
            .client
            .post(url)
            .header("content-type", "application/vnd.syncml.dm+xml")
            .body(body);
        let answer = request.send().await?;
        let has_length = answer.headers().contains_key("content-length")
            && !answer.headers().contains_key("transfer-encoding");
        Ok(Answer {
            status: answer.status().as_u16(),
            has_length,
            body: answer.text().await?,
        })
    }
}
