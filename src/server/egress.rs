//! Where the server may send what others named: https, and to no private address unless
//! that is allowed. What names the host of a webhook is a caller of the API; what answers
//! there could be anything inside.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest URL of a webhook, bytes.
pub const URL_BYTES: usize = 2_048;

/// What may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EgressPolicy {
    /// Private and link-local addresses.
    pub private: bool,
    /// Addresses of this machine, over plain http too.
    pub loopback: bool,
}

/// Why a URL is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("a URL of at most 2048 bytes without control characters, user, password and fragment")]
    Url,
    /// Not https.
    #[error("https (plain http only to this machine's own addresses)")]
    Scheme,
    /// An address that may not be reached.
    #[error("a public address (private ones with webhooks.allow_private)")]
    Private,
}

impl EgressPolicy {
    /// For what the operator named: whatever stands for one host.
    pub const OPERATOR: EgressPolicy = EgressPolicy {
        private: true,
        loopback: true,
    };

    /// The addresses of a host that may be connected to: a name that was good when it was
    /// looked at first may point elsewhere by now.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn resolve(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((host, port)).await?;
        let allowed: Vec<SocketAddr> = found.filter(|address| self.allows(address.ip())).collect();
        if allowed.is_empty() {
            let why = "expected an address that may be reached, found none";
            return Err(io::Error::other(why));
        }
        Ok(allowed)
    }

    /// Whether this address may be connected to.
    pub fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if address.is_loopback() {
            return self.loopback || self.private;
        }
        self.private && !is_nowhere(address) || is_public(address)
    }

    /// The URL, if it may be a target. A name is looked at again when it is
    /// resolved.
    ///
    /// # Errors
    /// What it should have been.
    pub fn check(self, text: &str) -> Result<Url, TargetError> {
        let plain = text.len() <= URL_BYTES && !text.contains(|c: char| c.is_control() || c == ' ');
        let url = Url::parse(text)
            .ok()
            .filter(|_| plain)
            .ok_or(TargetError::Url)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(TargetError::Url);
        }
        let (is_own, reachable) = match url.host().ok_or(TargetError::Url)? {
            Host::Ipv4(v4) => (v4.is_loopback(), self.allows(v4.into())),
            Host::Ipv6(v6) => {
                let address = IpAddr::from(v6).to_canonical();
                (address.is_loopback(), self.allows(address))
            }
            Host::Domain(name) => (is_localhost(name), true),
        };
        let is_reachable = reachable && (!is_own || self.loopback || self.private);
        match url.scheme() {
            "https" => {}
            "http" if is_own && (self.loopback || self.private) => {}
            "http" if is_own => return Err(TargetError::Private),
            _ => return Err(TargetError::Scheme),
        }
        is_reachable.then_some(url).ok_or(TargetError::Private)
    }
}

/// Resolves names for a client, within a policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver(pub(crate) EgressPolicy);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let allowed = reach.resolve(name.as_str(), 0).await?;
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// Addresses that stand for no one host.
fn is_nowhere(address: IpAddr) -> bool {
    address.is_unspecified()
        || address.is_multicast()
        || matches!(address, IpAddr::V4(v4) if v4.is_broadcast())
}

fn is_public(address: IpAddr) -> bool {
    if is_nowhere(address) {
        return false;
    }
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Not one of the special-purpose blocks of IANA's registry.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || a == 100 && (64..128).contains(&b)
        || a == 192 && b == 0 && c == 0
        || a == 192 && b == 88 && c == 99
        || a == 198 && (18..20).contains(&b);
    !special
}

/// Global unicast, without the blocks that wrap IPv4 addresses or stand for examples.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let wraps = a == 0x2002 || a == 0x2001 && b < 0x200 || a == 0x64 && b == 0xff9b;
    a & 0xe000 == 0x2000 && !wraps && !(a == 0x2001 && b == 0xdb8)
}
