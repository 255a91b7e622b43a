//! Reasons for which TLS refuses a client, and how often each did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::Metrics;

/// The client's key signed the handshake with SHA-1, or its library can do nothing else.
pub(crate) const SHA1: &str = "sha1_signature";
/// An RSA key of less than 2048 bits.
pub(crate) const SMALL_RSA: &str = "small_rsa_key";
/// The certificate's extended key usage leaves out client authentication.
pub(crate) const NOT_FOR_CLIENTS: &str = "not_for_clients";
/// The certificate cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable_certificate";
/// No cipher suite in common.
pub(crate) const NO_SUITE: &str = "no_cipher_suite";
/// TLS 1.0 or 1.1.
pub(crate) const OLD_VERSION: &str = "old_version";
/// A certificate that `--client-ca` would know, past its time.
pub(crate) const EXPIRED: &str = "expired";
/// A certificate that does not lead to an issuer of `--client-ca`.
pub(crate) const UNTRUSTED: &str = "untrusted_issuer";
/// Anything else.
pub(crate) const OTHER: &str = "other";

/// Every reason, in the order of [`TlsRefusals::read`].
pub(crate) const REASONS: [&str; 9] = [
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

    /// Counts one; a reason that is none of these counts as `OTHER`.
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
    #[error("expected a handshake signature with SHA-256 or better, found SHA-1")]
    Sha1,
    /// See [`SMALL_RSA`].
    #[error("expected an RSA key of at least 2048 bits, found {0} bits")]
    SmallRsa(usize),
    /// See [`NOT_FOR_CLIENTS`].
    #[error(
        "expected clientAuth in the extended key usage or no extended key usage, found one without clientAuth"
    )]
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
