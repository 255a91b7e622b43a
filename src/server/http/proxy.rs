//! Proxies that end TLS in front of this server, and what they may say: whose
//! certificate it was ([`super::forwarded`]), and from which address it came.
//!
//! A proxy is believed by the address that it connects from, and by nothing
//! else. It must replace what clients send under the names it uses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderMap;

use crate::config::{AddressHeader, Network, ProxyHeader};
use crate::metrics::Metrics;

/// Longest header of a proxy's that is read, bytes: a certificate in PEM,
/// percent-encoded, takes 2 to 6 KiB, with its chain a few times that.
pub(super) const HEADER_BYTES: usize = 16 * 1024;

/// The proxies that are believed, and what.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    /// Where they connect from.
    pub addresses: Vec<Network>,
    /// How they hand on the client's certificate, if they do.
    pub header: Option<ProxyHeader>,
    /// How they hand on the client's address.
    pub address_header: AddressHeader,
}

impl TrustedProxies {
    /// Whether a connection from `peer` is one of theirs.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.addresses.iter().any(|network| network.contains(peer))
    }

    /// The address that a request came from: read from the right, since each
    /// proxy appends whom it saw, up to the first that is no proxy of ours. What
    /// cannot be read ends it at whoever said so.
    pub fn client_address(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let mut address = peer.to_canonical();
        if !self.trusts(peer) {
            return address;
        }
        for hop in self.hops(headers).into_iter().rev() {
            let Some(hop) = hop else { break };
            address = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        address
    }

    /// The addresses told, in order; `None` for what is none.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.address_header {
            AddressHeader::XForwardedFor => "x-forwarded-for",
            AddressHeader::Forwarded => "forwarded",
        };
        let values: Vec<&str> = headers
            .get_all(name)
            .map(|value| value.to_str().unwrap_or(""))
            .collect();
        let joined = values.join(",");
        if joined.is_empty() || joined.len() > HEADER_BYTES {
            return Vec::new();
        }
        joined
            .split(',')
            .map(|element| match self.address_header {
                AddressHeader::XForwardedFor => node(element),
                AddressHeader::Forwarded => element
                    .split(';')
                    .filter_map(|pair| pair.split_once('='))
                    .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
                    .and_then(|(_, value)| node(value)),
            })
            .collect()
    }
}

/// An address, with a port or without, in brackets and quotes or not.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    address
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
}

/// What was said of certificates and did not count.
#[derive(Debug, Default)]
pub struct ProxyCounts {
    ignored: AtomicU64,
    refused: AtomicU64,
    metrics: Arc<Metrics>,
}

impl ProxyCounts {
    /// Nothing counted yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        ProxyCounts {
            metrics,
            ..ProxyCounts::default()
        }
    }

    pub(super) fn ignored_one(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
        self.metrics.proxy_header(false);
    }

    pub(super) fn refused_one(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.metrics.proxy_header(true);
    }

    /// Requests that bore a proxy's header and did not come from a proxy.
    pub fn ignored(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    /// Requests of a proxy whose header was not to be read, or whose
    /// certificate cannot prove a client.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_client_is_the_last_that_is_no_proxy() {
        for (header, values, client) in [
            (
                AddressHeader::XForwardedFor,
                vec!["203.0.113.7"],
                "203.0.113.7",
            ),
            (
                AddressHeader::XForwardedFor,
                vec!["1.1.1.1, 203.0.113.7, 10.0.0.9"],
                "203.0.113.7",
            ),
            (
                AddressHeader::XForwardedFor,
                vec!["1.1.1.1", "203.0.113.7:4711"],
                "203.0.113.7",
            ),
            (
                AddressHeader::XForwardedFor,
                vec!["203.0.113.7, unknown"],
                "10.0.0.1",
            ),
            (
                AddressHeader::XForwardedFor,
                vec!["203.0.113.7, junk, 10.0.0.9"],
                "10.0.0.9",
            ),
            (AddressHeader::XForwardedFor, vec![], "10.0.0.1"),
            (
                AddressHeader::XForwardedFor,
                vec!["[2001:db8::1]:443"],
                "2001:db8::1",
            ),
            (
                AddressHeader::Forwarded,
                vec!["for=1.1.1.1, For=\"[2001:db8::1]:4711\";proto=https"],
                "2001:db8::1",
            ),
            (
                AddressHeader::Forwarded,
                vec!["for=203.0.113.7;by=10.0.0.1", "for=10.0.0.9"],
                "203.0.113.7",
            ),
            (AddressHeader::Forwarded, vec!["for=_hidden"], "10.0.0.1"),
        ] {
            let proxies = TrustedProxies {
                addresses: vec![Network::parse("10.0.0.0/8").unwrap()],
                header: None,
                address_header: header,
            };
            let mut headers = HeaderMap::new();
            for value in &values {
                for name in ["x-forwarded-for", "forwarded"] {
                    headers.append(
                        HeaderName::from_static(name),
                        HeaderValue::from_str(value).unwrap(),
                    );
                }
            }
            let from = |peer: &str| {
                proxies
                    .client_address(&headers, peer.parse().unwrap())
                    .to_string()
            };
            assert_eq!(from("10.0.0.1"), client, "{values:?}");
            assert_eq!(from("192.0.2.1"), "192.0.2.1", "a stranger says nothing");
        }
    }
}
