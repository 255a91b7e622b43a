//! The one way through the house: decode, load, step, encode, commit.

use crate::device::CertificateDigest;

/// What the transport proved of the peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// SHA-256 of the client certificate whose key signed the handshake.
    pub certificate: Option<CertificateDigest>,
    /// The certificate's subject CN, where its chain leads to an issuer of `--client-ca`.
    pub trusted_name: Option<String>,
}

/// What goes back over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200 with this SyncML document.
    Reply(String),
    /// 400: not SyncML, with what was expected and what came.
    BadRequest(String),
    /// 413: over a bound, which is named.
    TooLarge(String),
    /// 403: an unknown device, or one that proves to be another.
    Forbidden,
    /// 503: busy; the device comes again.
    Busy,
}

/// Everything that a sync request needs.
pub struct Way {}

impl Way {
    /// Walks one request through the house.
    pub async fn walk(&self, _proof: &Proof, _raw_query: &str, _body: &[u8]) -> Answer {
        Answer::Busy
    }
}
