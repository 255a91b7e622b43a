//! Why a TLS handshake failed, and what an operator can do about it.

use rustls::{CertificateError, Error, PeerIncompatible, PeerMisbehaved};

use super::offer::Offer;
use super::reason::{CertificateFault, NO_SUITE, OLD_VERSION, OTHER, SHA1};

/// A refusal, as it is counted and said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Refusal {
    /// Why, in words.
    pub(in crate::http) why: String,
    /// One of [`super::reason::REASONS`].
    pub(in crate::http) reason: &'static str,
    /// What an operator can do.
    pub(in crate::http) what_to_do: &'static str,
}

/// Why the handshake failed.
pub(in crate::http) fn refusal(error: &Error, offer: Option<&Offer>) -> Refusal {
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
    use super::super::reason::TlsRefusals;
    use super::*;
    use rustls::{CipherSuite, SignatureScheme};

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
