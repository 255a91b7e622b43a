//! What a handshake that failed was about: what the client offered, why it was
//! refused, what to do.

use std::cell::RefCell;
use std::fmt;

use rustls::server::ClientHello;
use rustls::{
    CertificateError, CipherSuite, Error, PeerIncompatible, PeerMisbehaved, SignatureScheme,
};

use super::tls::{CertificateFault, NO_SUITE, OLD_VERSION, OTHER, SHA1};

/// Most names of a list that a log line shows.
const SHOWN: usize = 16;

tokio::task_local! {
    /// The offer of the handshake under way in this task.
    static OFFER: RefCell<Option<Offer>>;
}

/// What a client offered to speak.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    suites: Vec<CipherSuite>,
    signatures: Vec<SignatureScheme>,
}

impl Offer {
    /// Keeps what the hello offers, for [`Offer::during`] around it.
    pub(super) fn note(hello: &ClientHello<'_>) {
        let offer = Offer {
            suites: hello.cipher_suites().to_vec(),
            signatures: hello.signature_schemes().to_vec(),
        };
        // Elsewhere than in a handshake of ours nobody asks for it.
        let _ = OFFER.try_with(|kept| kept.replace(Some(offer)));
    }

    /// Runs a handshake; what came of it and what was offered.
    pub(super) async fn during<F: Future>(handshake: F) -> (F::Output, Option<Offer>) {
        OFFER
            .scope(RefCell::default(), async {
                let output = handshake.await;
                (output, OFFER.with(RefCell::take))
            })
            .await
    }

    fn is_sha1_only(&self) -> bool {
        !self.signatures.is_empty() && self.signatures.iter().all(|scheme| is_sha1(*scheme))
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cipher suites")?;
        list(f, &self.suites)?;
        write!(f, "; signatures")?;
        list(f, &self.signatures)
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: &[impl fmt::Debug]) -> fmt::Result {
    for name in names.iter().take(SHOWN) {
        write!(f, " {name:?}")?;
    }
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => write!(f, " and {more} more"),
    }
}

/// Whether the scheme signs a SHA-1 digest.
pub(super) fn is_sha1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1 | SignatureScheme::ECDSA_SHA1_Legacy
    ) || u16::from(scheme) == 0x0202
}

/// A refusal, as it is counted and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    /// One of [`super::tls::REASONS`].
    pub(super) reason: &'static str,
    /// What an operator can do.
    pub(super) what_to_do: &'static str,
}

/// Why the handshake failed; `None` where the peer just went away.
pub(super) fn refusal(error: &Error, offer: Option<&Offer>) -> Refusal {
    let (reason, what_to_do) = match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<CertificateFault>() {
                Some(fault) => (fault.reason(), advice(*fault)),
                None => (OTHER, ""),
            }
        }
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (
            OLD_VERSION,
            "the client speaks TLS 1.0 or 1.1 only: enable TLS 1.2 in its Schannel settings",
        ),
        Error::PeerIncompatible(
            PeerIncompatible::SignatureAlgorithmsExtensionRequired
            | PeerIncompatible::NoSignatureSchemesInCommon
            | PeerIncompatible::NoCipherSuitesInCommon,
        ) if offer.is_none_or(Offer::is_sha1_only) => (SHA1, advice(CertificateFault::Sha1)),
        Error::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoSignatureSchemesInCommon
            | PeerIncompatible::NoKxGroupsInCommon
            | PeerIncompatible::NamedGroupsExtensionRequired,
        ) => (
            NO_SUITE,
            "the server speaks ECDHE with AES-GCM or ChaCha20 by the kind of its certificate's key: Windows 8.1 needs \
             an ECDSA key (P-256) there and update 2919355; a client that speaks RSA only needs a proxy that ends TLS",
        ),
        Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => {
            (SHA1, advice(CertificateFault::Sha1))
        }
        _ => (OTHER, ""),
    };
    Refusal { reason, what_to_do }
}

fn advice(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Sha1 => {
            "give the device a key in a provider that signs SHA-256 (not PROV_RSA_FULL), let a proxy end TLS, \
             or let it come without a certificate and use SyncML credentials"
        }
        CertificateFault::SmallRsa(_) => {
            "issue the device a certificate for RSA of 2048 bits or ECDSA P-256"
        }
        CertificateFault::NotForClients => {
            "issue the device a certificate with clientAuth (1.3.6.1.5.5.7.3.2) in its extended key usage"
        }
        CertificateFault::Unreadable => "issue the device another certificate",
    }
}
