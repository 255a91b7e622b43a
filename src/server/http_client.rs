//! What the clients of WNS, of webhooks, of witnesses and of SIEMs have in common.

use std::sync::Arc;
use std::time::Duration;

use crate::egress::{EgressPolicy, Resolver};
use crate::pem;

/// An HTTP/1.1 client over rustls that follows no redirects. It keeps connections for further
/// requests.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pooled: reqwest::Client,
    /// Each request has a connection of its own.
    fresh: reqwest::Client,
}

impl Client {
    /// A client that trusts the CAs of the system and those of `ca`, PEM. `timeout` is for
    /// everything from connecting to the last byte; `configure` sets what is special to it.
    ///
    /// # Errors
    /// TLS cannot be set up, or `ca` cannot be read; in words.
    pub(crate) fn new(
        timeout: Duration,
        ca: Option<&[u8]>,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Clone,
    ) -> Result<Client, String> {
        let tls = tls(ca)?;
        let build = |idle: usize| {
            let configure = configure.clone();
            let builder = configure(builder(timeout, tls.clone())).pool_max_idle_per_host(idle);
            builder.build().map_err(|error| error.to_string())
        };
        Ok(Client {
            pooled: build(usize::MAX)?,
            fresh: build(0)?,
        })
    }

    /// The same, and it reaches no further than `reach`, whatever names resolve to.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn within(
        reach: EgressPolicy,
        timeout: Duration,
        ca: Option<&[u8]>,
    ) -> Result<Client, String> {
        let resolver = Arc::new(Resolver(reach));
        Client::new(timeout, ca, |builder| {
            builder.no_proxy().dns_resolver(resolver)
        })
    }

    /// Sends what `request` makes, and once more on a connection of its own where the
    /// connection broke before an answer: the far side may have closed a kept connection at
    /// that moment. So the receiver may see the request twice.
    ///
    /// # Errors
    /// No answer came.
    pub(crate) async fn send(
        &self,
        request: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, reqwest::Error> {
        match request(&self.pooled).send().await {
            Err(error) if !error.is_connect() && !error.is_timeout() => {
                request(&self.fresh).send().await
            }
            answered => answered,
        }
    }
}

/// Why no answer came, in words without the URL.
pub(crate) fn unanswered(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "the request timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection was closed, or the response was not HTTP"
    }
}

/// TLS that trusts the CAs of the system and those of `ca`, PEM.
///
/// # Errors
/// `ca` cannot be read; in words.
pub(crate) fn tls(ca: Option<&[u8]>) -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots(ca.unwrap_or_default())?)
        .with_no_client_auth())
}

fn builder(timeout: Duration, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .timeout(timeout)
        .user_agent(concat!("modegate/", env!("CARGO_PKG_VERSION")))
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
    if ca.is_empty() {
        return Ok(roots);
    }
    for certificate in pem::certificates(ca).map_err(|fault| fault.to_string())? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

/// Body bytes up to `most`; the connection is dropped where there are more.
pub(crate) enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// There was more.
    Cut(Vec<u8>),
}

/// Reads a body as far as `most` bytes.
pub(crate) async fn bounded(
    mut answer: reqwest::Response,
    most: usize,
) -> Result<Body, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = most - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok(Body::Cut(body));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Body::Whole(body))
}
