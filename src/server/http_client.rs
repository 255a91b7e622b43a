//! What the clients of WNS and of webhooks have in common.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Begins an HTTP/1.1 client over rustls that follows no redirects and repeats
/// no request. It trusts the CAs of the system and those of `ca`, PEM.
///
/// # Errors
/// TLS cannot be set up, or `ca` cannot be read; in words.
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
