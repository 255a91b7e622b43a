//! What a client offers in its TLS handshake.

use std::cell::RefCell;
use std::fmt;

use rustls::server::ClientHello;
use rustls::{CipherSuite, SignatureScheme};

/// Most names of a list that a log line shows.
const SHOWN: usize = 16;

tokio::task_local! {
    /// The offer of the handshake under way in this task.
    static OFFER: RefCell<Option<Offer>>;
}

/// What a client offered to speak.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Offer {
    pub(super) suites: Vec<CipherSuite>,
    pub(super) signatures: Vec<SignatureScheme>,
}

impl Offer {
    /// Keeps what the hello offers, for [`Offer::during`] around it.
    pub(super) fn note(hello: &ClientHello<'_>) {
        let offer = Offer {
            suites: hello.cipher_suites().to_vec(),
            signatures: hello.signature_schemes().to_vec(),
        };
        // Elsewhere than in a handshake of ours nobody asks for it.
        let _ = OFFER.try_with(|slot| slot.replace(Some(offer)));
    }

    /// Runs a handshake; what came of it and what was offered.
    pub(in crate::http) async fn during<F: Future>(handshake: F) -> (F::Output, Option<Offer>) {
        OFFER
            .scope(RefCell::default(), async {
                let output = handshake.await;
                (output, OFFER.with(RefCell::take))
            })
            .await
    }

    pub(super) fn is_sha1_only(&self) -> bool {
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
