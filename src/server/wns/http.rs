//! The faults of requests, and the reading of answers that somebody else controls.

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
