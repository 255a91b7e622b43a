//! HTTP as a tablet does it: HTTP/1.1, a connection of its own, its certificate.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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
    /// The mock of WNS did not do what it was asked for.
    #[error("the mock WNS at {0}: {1}")]
    Wns(String, String),
    /// No notification came for a tablet that waited for one.
    #[error("no push arrived within {0} s")]
    NoPush(u64),
    /// An address that cannot be used.
    #[error("the address {0}: {1}")]
    Address(String, String),
    /// The tablet is not enrolled any more.
    #[error("the tablet is unenrolled and no longer syncs")]
    Unenrolled,
}

impl SimError {
    /// The reason in a few words that are the same for equal failures, so that they can be
    /// counted.
    pub fn reason(&self) -> String {
        match self {
            SimError::Http(error) if error.is_timeout() => "no response in time".to_owned(),
            SimError::Http(error) if error.is_connect() => {
                format!("could not connect: {}", cause(error))
            }
            SimError::Http(error) => format!("the connection broke: {}", cause(error)),
            other => other.to_string(),
        }
    }
}

/// The innermost cause of an error: what the others only wrap.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A client certificate with its key.
#[derive(Clone)]
pub struct ClientIdentity {
    /// The tablet's first, then its issuers'.
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientIdentity")
            .field(&self.sha256())
            .finish()
    }
}

impl ClientIdentity {
    /// Makes one, self-signed, ECDSA P-256, for client authentication.
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
            chain: vec![certificate],
            key: Arc::new(PrivateKeyDer::Pkcs8(key.serialize_der().into())),
        })
    }

    /// Takes one from PEM: the certificate, with its issuers' after it if need
    /// be, and its key (PKCS #8, PKCS #1 or SEC 1).
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, SimError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.map_err(|error| SimError::Tls(format!("the certificate: {error}")))?;
        if chain.is_empty() {
            let what = "expected a certificate in PEM, found none";
            return Err(SimError::Tls(what.to_owned()));
        }
        // The error says what is wrong with the form, never what the key holds.
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| SimError::Tls(format!("the key: {error}")))?;
        Ok(ClientIdentity {
            chain,
            key: Arc::new(key),
        })
    }

    /// Takes one from DER: the certificate, and its key in PKCS #8.
    pub fn from_der(certificate: Vec<u8>, pkcs8: Vec<u8>) -> Self {
        ClientIdentity {
            chain: vec![certificate.into()],
            key: Arc::new(PrivateKeyDer::Pkcs8(pkcs8.into())),
        }
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.chain[0]
    }

    /// SHA-256 of the certificate, in hexadecimal.
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.chain[0])
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
    /// What the client calls itself.
    pub(super) user_agent: &'static str,
    /// What started the session, as Windows 10 and later say it in a header of their own
    /// (MS-MDM 3.1.7): 1 the user, 2 the schedule, 3 a push, 4 a logon.
    pub(super) origin: Option<&'static str>,
}

/// What came back.
pub(super) struct HttpResponse {
    pub(super) status: u16,
    /// Content-Length was there and nothing was chunked.
    pub(super) has_length: bool,
    pub(super) body: Vec<u8>,
    /// Its Content-Type.
    pub(super) media_type: String,
}

/// A client for HTTPS (and plain HTTP) over HTTP/1.1, trusting the CAs of `ca`
/// (PEM) and no others, with a client certificate if there is one. It follows
/// no redirects.
pub fn https_client(
    ca: Option<&[u8]>,
    identity: Option<&ClientIdentity>,
) -> Result<reqwest::Client, SimError> {
    https_client_at(ca, identity, None)
}

/// The same, with one host that is somewhere else than DNS says.
pub(super) fn https_client_at(
    ca: Option<&[u8]>,
    identity: Option<&ClientIdentity>,
    connect: Option<(String, SocketAddr)>,
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
            let key = identity.key.clone_key();
            config
                .with_client_auth_cert(identity.chain.clone(), key)
                .map_err(|error| failed(&error))?
        }
    };
    let mut builder = reqwest::Client::builder();
    if let Some((host, address)) = connect {
        builder = builder.resolve(&host, address);
    }
    let client = builder
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
            user_agent: "Enrollment",
            origin: None,
        })
    }

    /// Sends a message of that media type, with the value of `x-syncml-hmac` if there is one.
    pub(super) async fn post(
        &self,
        query: &str,
        media_type: &str,
        body: Vec<u8>,
        mac: Option<&str>,
    ) -> Result<HttpResponse, SimError> {
        let url = if query.is_empty() {
            self.url.clone()
        } else {
            format!("{}?{query}", self.url)
        };
        let mut request = self
            .client
            .post(url)
            .header("content-type", media_type)
            .header("user-agent", self.user_agent)
            .body(body);
        if let Some(origin) = self.origin {
            request = request.header("UserAgentOrigin", origin);
        }
        if let Some(mac) = mac {
            request = request.header("x-syncml-hmac", mac);
        }
        let answer = request.send().await?;
        let has_length = answer.headers().contains_key("content-length")
            && !answer.headers().contains_key("transfer-encoding");
        let told = answer.headers().get("content-type");
        let media_type = told.and_then(|value| value.to_str().ok()).unwrap_or("");
        let media_type = media_type.to_owned();
        Ok(HttpResponse {
            status: answer.status().as_u16(),
            has_length,
            media_type,
            body: answer.bytes().await?.to_vec(),
        })
    }
}
