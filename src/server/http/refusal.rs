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
        list(f, self.suites.iter().map(|suite| suite_name(*suite)))?;
        write!(f, "; signatures")?;
        list(
            f,
            self.signatures.iter().map(|scheme| format!("{scheme:?}")),
        )
    }
}

/// The registered name; rustls does not know those that it does not speak, of
/// which these are in Windows 8.1's list.
fn suite_name(suite: CipherSuite) -> String {
    let name = match u16::from(suite) {
        0x0004 => "TLS_RSA_WITH_RC4_128_MD5",
        0x0005 => "TLS_RSA_WITH_RC4_128_SHA",
        0x000A => "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        0x002F => "TLS_RSA_WITH_AES_128_CBC_SHA",
        0x0033 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
        0x0039 => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        0x003C => "TLS_RSA_WITH_AES_128_CBC_SHA256",
        0x003D => "TLS_RSA_WITH_AES_256_CBC_SHA256",
        0x009C => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        0x009D => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        0x009E => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        0x009F => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        number => {
            return match suite {
                CipherSuite::Unknown(_) => format!("0x{number:04X}"),
                known => format!("{known:?}"),
            };
        }
    };
    name.to_owned()
}

fn list(f: &mut fmt::Formatter<'_>, names: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    let count = names.len();
    for name in names.take(SHOWN) {
        write!(f, " {name}")?;
    }
    match count.checked_sub(SHOWN) {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Why, in words.
    pub(super) why: String,
    /// One of [`super::tls::REASONS`].
    pub(super) reason: &'static str,
    /// What an operator can do.
    pub(super) what_to_do: &'static str,
}

/// Why the handshake failed.
pub(super) fn refusal(error: &Error, offer: Option<&Offer>) -> Refusal {
    if let Some(fault) = certificate_fault(error) {
        return Refusal {
            why: fault.to_string(),
            reason: fault.reason(),
            what_to_do: advice(fault),
        };
    }
    let (reason, what_to_do) = match error {
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            // What TLS 1.0 and 1.1 do not have; rustls looks for it first.
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
        ) => (
            OLD_VERSION,
            "the client speaks TLS 1.0 or 1.1 only: enable TLS 1.2 in its Schannel settings",
        ),
        Error::PeerIncompatible(
            PeerIncompatible::NoSignatureSchemesInCommon
            | PeerIncompatible::NoCipherSuitesInCommon,
        ) if offer.is_some_and(Offer::is_sha1_only) => (SHA1, advice(CertificateFault::Sha1)),
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
    Refusal {
        why: error.to_string(),
        reason,
        what_to_do,
    }
}

fn certificate_fault(error: &Error) -> Option<CertificateFault> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<CertificateFault>().copied()
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::super::tls::TlsRefusals;
    use super::*;

    #[test]
    fn each_failure_has_a_reason_and_is_counted() {
        let sha1 = Offer {
            suites: vec![CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
            signatures: vec![
                SignatureScheme::RSA_PKCS1_SHA1,
                SignatureScheme::Unknown(0x0202),
            ],
        };
        let usual = Offer {
            signatures: vec![
                SignatureScheme::RSA_PKCS1_SHA1,
                SignatureScheme::RSA_PKCS1_SHA256,
            ],
            ..sha1.clone()
        };
        let counts = TlsRefusals::default();
        for (error, offer, reason) in [
            (
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                Some(&sha1),
                SHA1,
            ),
            (
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                Some(&usual),
                NO_SUITE,
            ),
            (
                PeerIncompatible::NoSignatureSchemesInCommon.into(),
                Some(&usual),
                NO_SUITE,
            ),
            (
                PeerIncompatible::SignatureAlgorithmsExtensionRequired.into(),
                None,
                OLD_VERSION,
            ),
            (PeerIncompatible::Tls12NotOffered.into(), None, OLD_VERSION),
            (
                PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into(),
                Some(&usual),
                SHA1,
            ),
            (Error::DecryptError, Some(&usual), OTHER),
            (
                Error::InvalidCertificate(CertificateError::BadSignature),
                None,
                OTHER,
            ),
        ] {
            let refusal = refusal(&error, offer);
            assert_eq!(refusal.reason, reason, "{error}");
            assert_eq!(refusal.what_to_do.is_empty(), reason == OTHER);
            counts.tls_refused(refusal.reason);
        }
        counts.tls_refused("news");
        let of = |reason| {
            counts
                .read()
                .into_iter()
                .find(|(r, _)| *r == reason)
                .map(|(_, n)| n)
        };
        assert_eq!(
            [SHA1, NO_SUITE, OLD_VERSION, OTHER].map(of),
            [2, 2, 2, 3].map(Some)
        );
        let many = Offer {
            suites: vec![CipherSuite::Unknown(1); 40],
            ..Offer::default()
        };
        assert!(many.to_string().contains("and 24 more"));
    }
}
