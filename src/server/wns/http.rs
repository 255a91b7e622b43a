//! The HTTP client under the push client, and the reading of answers that
//! somebody else controls.

use std::sync::Arc;
use std::time::Duration;

use modegate_core::push::token::NetworkFault;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// What kind of fault an error of the client is.
pub(super) fn fault_of(error: &reqwest::Error) -> NetworkFault {
    // A connection that takes too long is no connection: nothing left.
    if error.is_connect() {
        NetworkFault::Connect
    } else if error.is_timeout() {
        NetworkFault::Timeout
    } else {
        NetworkFault::Broken
    }
}

/// How the client is made.
pub(super) struct Setup<'a> {
    /// Further CAs, PEM.
    pub(super) ca: Option<&'a [u8]>,
    /// For everything from connecting to the last byte.
    pub(super) timeout: Duration,
    /// Whether proxies of the environment are used.
    pub(super) proxies: bool,
}

/// HTTP/1.1 over rustls, without redirects: WNS documents neither HTTP/2 nor
/// redirects, and a redirect would carry the token elsewhere.
///
/// Trusts the CAs of the system and those of `ca`.
pub(super) fn client(setup: &Setup<'_>) -> Result<reqwest::Client, String> {
    let mut builder = builder(setup.timeout, setup.ca)?;
    if !setup.proxies {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| error.to_string())
}

/// The same before it is built, for who needs more of it.
pub(crate) fn builder(
    timeout: Duration,
    ca: Option<&[u8]>,
) -> Result<reqwest::ClientBuilder, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(ca.unwrap_or_default())?)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .timeout(timeout)
        .user_agent(concat!("modegate/", env!("CARGO_PKG_VERSION"))))
}

fn roots(ca: &[u8]) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    // What of the system cannot be read is left out: a connection that needed
    // it fails and says so, and a server without push starts all the same.
    let system = rustls_native_certs::load_native_certs();
    let (_, unusable) = roots.add_parsable_certificates(system.certs);
    if !system.errors.is_empty() || unusable > 0 {
        tracing::debug!(
            files = system.errors.len(),
            unusable,
            "some CAs of the system were left out"
        );
    }
    for certificate in CertificateDer::pem_slice_iter(ca) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

/// Body bytes up to `most`; the connection is dropped where there are more.
pub(super) enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// There was more.
    Cut(Vec<u8>),
}

/// Reads a body as far as `most` bytes.
pub(super) async fn bounded(
    mut answer: reqwest::Response,
    most: usize,
) -> Result<Body, NetworkFault> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| fault_of(&e))? {
        let room = most - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok(Body::Cut(body));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(body))
}
