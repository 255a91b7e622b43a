//! Channel URIs: which of them may be sent to at all.
//!
//! A device names the URI, and the server then sends a bearer token there, so
//! a URI that is not of WNS is an attack. The sub-domain of
//! `notify.windows.com` changes and is no part of the check (Microsoft's WNS
//! overview); the URI itself is opaque and must go out unchanged, since
//! re-encoding is answered with 404.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::secret::Secret;

/// Longest channel URI, bytes. Real ones have some hundreds; nothing is published.
pub(crate) const URI_BYTES: usize = 2 * 1024;
/// The one host, and what is below it, that channel URIs of WNS are on.
const WNS_HOST: &str = "notify.windows.com";
/// Longest host name of DNS.
const HOST_BYTES: usize = 253;

/// Why a URI is not sent to. None of these carries any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing there.
    #[error("expected a channel URI, got an empty text")]
    Empty,
    /// Longer than [`URI_BYTES`].
    #[error("expected at most {URI_BYTES} bytes of channel URI, got {0}")]
    TooLong(usize),
    /// A control character, a space or something outside ASCII.
    #[error("expected printable ASCII without spaces, got another character at byte {0}")]
    Character(usize),
    /// No absolute URI.
    #[error("expected an absolute URI")]
    NotAUri,
    /// Neither https nor what the exception allows.
    #[error("expected https (plain http only to the loopback host of --wns-host-suffix)")]
    Scheme,
    /// Not on WNS.
    #[error("expected a host that is notify.windows.com or below it")]
    Host,
    /// Another port.
    #[error("expected port 443 or none, got {0}")]
    Port(u16),
    /// `user:password@`.
    #[error("expected no user information before the host")]
    UserInfo,
    /// `#…`.
    #[error("expected no fragment")]
    Fragment,
    /// It would go out otherwise than it was given.
    #[error("expected a URI that can be sent unchanged")]
    NotAsGiven,
}

/// Why an exception to the host rule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST or HOST:PORT (a DNS name or an IP address), got {0:?}")]
pub struct SuffixError(String);

/// SHA-256 of a channel URI: what logs, the list of dead URIs and comparisons
/// hold instead of it. Displays its first eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UriDigest(pub [u8; 32]);

impl UriDigest {
    /// Of these bytes.
    pub fn from_uri(uri: &str) -> Self {
        UriDigest(Sha256::digest(uri.as_bytes()).into())
    }
}

impl fmt::Display for UriDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for UriDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A channel URI that a [`HostPolicy`] let through. It is a capability, so it
/// prints as `***`, and it is not read back from storage unchecked.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelUri {
    text: Secret,
    url: Url,
}

impl ChannelUri {
    /// Checks `text` against the policy.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str, policy: &HostPolicy) -> Result<Self, AddressError> {
        check_characters(text)?;
        let url = Url::parse(text).map_err(|_| AddressError::NotAUri)?;
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(AddressError::UserInfo);
        }
        if text.contains('#') {
            return Err(AddressError::Fragment);
        }
        policy.admit(&url)?;
        if !goes_out_unchanged(text, &url) {
            return Err(AddressError::NotAsGiven);
        }
        Ok(ChannelUri {
            text: Secret::new(text),
            url,
        })
    }

    /// The URI as it was given, for storage under seal.
    pub fn text(&self) -> &Secret {
        &self.text
    }

    /// Where a request goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host, which may be shown: it names a data centre, not a device.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// What stands for it wherever it may be seen.
    pub fn digest(&self) -> UriDigest {
        UriDigest::from_uri(self.text.reveal())
    }
}

impl fmt::Debug for ChannelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn check_characters(text: &str) -> Result<(), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if text.len() > URI_BYTES {
        return Err(AddressError::TooLong(text.len()));
    }
    match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
        Some(place) => Err(AddressError::Character(place)),
        None => Ok(()),
    }
}

/// What stands between `//` and the path, as given.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    &rest[..end]
}

/// Path and query are the same bytes after parsing, and the host was written
/// plainly: no escapes, no second notation of an IP address. A missing path is
/// `/` on the wire by HTTP itself.
fn goes_out_unchanged(text: &str, url: &Url) -> bool {
    let given = authority(text);
    let host = url.host_str().unwrap_or_default();
    let (name, port) = given.split_at(host.len().min(given.len()));
    let plain = name.eq_ignore_ascii_case(host)
        && (port.is_empty()
            || port.strip_prefix(':').is_some_and(|digits| {
                digits.parse() == Ok(url.port_or_known_default().unwrap_or(0))
            }));
    let after = text.split_once("://").map_or("", |(_, rest)| rest);
    let target = after.get(given.len()..).unwrap_or_default();
    let mut sent = url.path().to_owned();
    if let Some(query) = url.query() {
        sent.push('?');
        sent.push_str(query);
    }
    plain && (sent == target || sent.strip_prefix('/') == Some(target))
}

/// The hosts that may be sent to: WNS, and one exception that only an
/// operator can make (`serve --wns-host-suffix`), for a mock or a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPolicy {
    exception: Option<Exception>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    host: String,
    port: Option<u16>,
}

impl HostPolicy {
    /// WNS and `HOST[:PORT]`: that host, and for a DNS name what is below it.
    /// Without a port only the usual one of the scheme is taken, so that a
    /// device cannot choose among the services of that host. Plain http goes
    /// to loopback addresses and `localhost` only.
    ///
    /// # Errors
    /// `suffix` is no host with an optional port.
    pub fn with_suffix(suffix: &str) -> Result<Self, SuffixError> {
        let wrong = || SuffixError(suffix.chars().take(80).collect());
        let url = Url::parse(&format!("https://{suffix}/")).map_err(|_| wrong())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = match suffix.get(host.len()..).unwrap_or_default() {
            "" => None,
            rest => Some(
                rest.strip_prefix(':')
                    .and_then(|p| p.parse().ok())
                    .ok_or_else(wrong)?,
            ),
        };
        let plain = suffix
            .get(..host.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(&host));
        if !plain || host.is_empty() || host.len() > HOST_BYTES || host.starts_with('.') {
            return Err(wrong());
        }
        Ok(HostPolicy {
            exception: Some(Exception { host, port }),
        })
    }

    /// Whether anything on this machine may be sent to.
    pub fn has_loopback(&self) -> bool {
        let exception = self.exception.as_ref();
        exception.is_some_and(|exception| is_loopback(&exception.host))
    }

    fn admit(&self, url: &Url) -> Result<(), AddressError> {
        let host = url.host_str().ok_or(AddressError::NotAUri)?;
        if let Some(exception) = &self.exception
            && is_or_below(host, &exception.host)
        {
            return exception.admit(url, host);
        }
        if url.scheme() != "https" {
            return Err(AddressError::Scheme);
        }
        if !is_or_below(host, WNS_HOST) {
            return Err(AddressError::Host);
        }
        match url.port_or_known_default() {
            Some(443) => Ok(()),
            other => Err(AddressError::Port(other.unwrap_or(0))),
        }
    }
}

impl Exception {
    fn admit(&self, url: &Url, host: &str) -> Result<(), AddressError> {
        let usual = match url.scheme() {
            "https" => 443,
            "http" if is_loopback(host) => 80,
            _ => return Err(AddressError::Scheme),
        };
        let port = url.port_or_known_default().unwrap_or(0);
        if port == self.port.unwrap_or(usual) {
            Ok(())
        } else {
            Err(AddressError::Port(port))
        }
    }
}

/// `host` is `suffix` or ends with it at the boundary of a label. Nothing is
/// below an IP address.
fn is_or_below(host: &str, suffix: &str) -> bool {
    let is_address = suffix.starts_with('[') || suffix.parse::<Ipv4Addr>().is_ok();
    host == suffix
        || !is_address
            && host
                .strip_suffix(suffix)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// A loopback address, or `localhost` itself.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || bare.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
