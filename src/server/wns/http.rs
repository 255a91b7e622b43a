//! The HTTP client under the push client, and the reading of answers that
//! somebody else controls.

use std::time::Duration;

use crate::http_client;
use modegate_core::push::token::NetworkFault;

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

/// HTTP/1.1 without redirects: WNS documents neither HTTP/2 nor redirects, and a
/// redirect would carry the token elsewhere.
pub(super) fn client(setup: &Setup<'_>) -> Result<reqwest::Client, String> {
    let mut builder = http_client::builder(setup.timeout, setup.ca)?;
    if !setup.proxies {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| error.to_string())
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
