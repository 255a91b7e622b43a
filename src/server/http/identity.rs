//! What a peer has proved: TLS of its connection, worked out once; or a proxy's
//! word for it, request by request; and the mac beside a message.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::http::header::HeaderMap;
use actix_web::rt::net::TcpStream;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::forwarded::{self, Forwarded};
use super::proxy::{ProxyCounts, TrustedProxies};
use super::tls::{TlsRefusals, fault_of};
use crate::config::ProxyHeader;
use modegate_core::device::CertificateDigest;
use modegate_core::session::{ClientEvidence, MacClaim};
use modegate_wire::mac::{self, EntityDigest, Mac};

/// Works out the [`ClientEvidence`] of each connection and request.
#[derive(Debug, Default)]
pub struct Identifier {
    /// Who checks chains to the issuers of `--client-ca`.
    pub issuers: Option<Arc<dyn ClientCertVerifier>>,
    /// The proxies that are believed.
    pub proxies: Option<TrustedProxies>,
    /// What was said of certificates and did not count.
    pub counts: ProxyCounts,
    /// What TLS refused.
    pub tls: Arc<TlsRefusals>,
}

impl Identifier {
    /// actix's hook for a new connection: plain ones have nothing to say, and a
    /// proxy's own certificate is no device's.
    pub(super) fn on_connect(&self, connection: &dyn Any, data: &mut Extensions) {
        let Some(tls) = connection.downcast_ref::<TlsStream<TcpStream>>() else {
            return;
        };
        let (stream, session) = tls.get_ref();
        let Some([certificate, chain @ ..]) = session.peer_certificates() else {
            return;
        };
        let Ok(peer) = stream.peer_addr() else {
            return;
        };
        if !self.is_proxy(peer.ip()) {
            let digest = CertificateDigest(Sha256::digest(certificate).into());
            let name = self.trusted_name(certificate, chain, peer.ip());
            data.insert(evidence(digest, name));
        }
    }

    /// What is proved of whoever sent this request.
    pub(super) fn evidence_of(&self, request: &HttpRequest) -> ClientEvidence {
        let headers = request.headers();
        match (peer_address(request), &self.proxies) {
            (Some(peer), Some(proxies)) if proxies.trusts(peer) => {
                let header = proxies.header;
                header.map_or_else(ClientEvidence::default, |header| {
                    self.proof_by(header, headers, peer)
                })
            }
            (peer, _) => {
                let named = |header: &ProxyHeader| headers.contains_key(header.name());
                if let Some(header) = ProxyHeader::ALL.iter().find(|header| named(header)) {
                    self.counts.ignored_one();
                    let peer =
                        peer.map_or_else(|| "an unknown address".to_owned(), |p| p.to_string());
                    tracing::debug!(%peer, "ignored the header {}: the peer is not a trusted proxy", header.name());
                }
                request
                    .conn_data::<ClientEvidence>()
                    .cloned()
                    .unwrap_or_default()
            }
        }
    }

    /// The address that a request comes from, behind trusted proxies the one that
    /// they tell. What rate limits count by; it proves nothing.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        let peer = peer_address(request).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        match &self.proxies {
            Some(proxies) => proxies.client_address(request.headers(), peer),
            None => peer,
        }
    }

    /// Whether the request came through a trusted proxy, which has other clients too.
    pub(super) fn is_proxied(&self, request: &HttpRequest) -> bool {
        peer_address(request).is_none_or(|peer| self.is_proxy(peer))
    }

    /// The same where it is one client's: not where a trusted proxy names nobody,
    /// behind which there may be many.
    pub(super) fn own_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let address = self.client_address(request);
        (!self.is_proxy(address)).then_some(address)
    }

    fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies
            .as_ref()
            .is_some_and(|proxies| proxies.trusts(peer))
    }

    fn proof_by(&self, header: ProxyHeader, headers: &HeaderMap, peer: IpAddr) -> ClientEvidence {
        let refused = |why: &dyn std::fmt::Display| {
            self.counts.refused_one();
            tracing::warn!(%peer, "rejected the client certificate in a proxy's header: {why}");
            ClientEvidence::default()
        };
        let forwarded = match forwarded::certificate(header, headers) {
            Ok(Some(forwarded)) => forwarded,
            Ok(None) => return ClientEvidence::default(),
            Err(fault) => return refused(&fault),
        };
        let Forwarded {
            digest,
            certificate,
            chain,
        } = forwarded;
        let Some(certificate) = certificate else {
            return evidence(digest, None);
        };
        if let Some(fault) = fault_of(&certificate) {
            self.tls.tls_refused(fault.reason());
            return refused(&fault);
        }
        let name = self.trusted_name(&certificate, &chain, peer);
        evidence(digest, name)
    }

    /// The certificate's name, where it leads to an issuer of `--client-ca`.
    fn trusted_name(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        peer: IpAddr,
    ) -> Option<String> {
        let issuers = self.issuers.as_ref()?;
        match issuers.verify_client_cert(certificate, chain, UnixTime::now()) {
            Ok(_) => common_name(certificate),
            Err(error) => {
                let (reason, what_to_do) = untrusted(&error);
                self.tls.tls_refused(reason);
                tracing::info!(%peer, %error, "no issuer of --client-ca accepts the client certificate: {what_to_do}");
                None
            }
        }
    }
}

fn peer_address(request: &HttpRequest) -> Option<IpAddr> {
    request
        .peer_addr()
        .as_ref()
        .map(SocketAddr::ip)
        .map(|ip| ip.to_canonical())
}

fn evidence(digest: CertificateDigest, trusted_name: Option<String>) -> ClientEvidence {
    ClientEvidence {
        certificate: Some(digest),
        trusted_name,
        mac: None,
        address: None,
        names_origin: false,
    }
}

fn untrusted(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => (
            super::tls::reason::EXPIRED,
            "it has expired; renew it on the device, or bind it by its SHA-256",
        ),
        _ => (
            super::tls::reason::UNTRUSTED,
            "devices whose certificate is bound by SHA-256 do not need an issuer; all others do",
        ),
    }
}

fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let only = names.next()?.as_str().ok()?.to_owned();
    // Two names are no name.
    names.next().is_none().then_some(only)
}

/// Whether the header `UserAgentOrigin` says what started the session, as Windows 10 and
/// later do: numbers, parted by commas (MS-MDM 3.1.7).
pub(super) fn names_origin(headers: &HeaderMap) -> bool {
    let value = headers.get("UserAgentOrigin");
    let is_number = |part: &str| part.trim().parse::<u8>().is_ok();
    value
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.split(',').all(is_number))
}

/// What the header `x-syncml-hmac` claims for exactly this body.
pub(super) fn mac_claim(headers: &HeaderMap, body: &[u8]) -> Option<MacClaim> {
    let mut values = headers.get_all(mac::HEADER);
    let value = values.next()?;
    if values.next().is_some() {
        tracing::info!("{}: expected one header, found several", mac::HEADER);
        return Some(MacClaim::Unusable);
    }
    let text = std::str::from_utf8(value.as_bytes()).unwrap_or("");
    Some(match Mac::parse(text) {
        Ok(mac) => MacClaim::Made(mac, EntityDigest::from_entity(body)),
        Err(fault) => {
            tracing::info!("{fault}");
            MacClaim::Unusable
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::config::{AddressHeader, Network};

    #[test]
    fn a_proxy_is_believed_by_its_address_and_the_rest_is_counted() {
        let identifier = Identifier {
            proxies: Some(TrustedProxies {
                addresses: vec![Network::parse("10.0.0.0/8").unwrap()],
                header: Some(ProxyHeader::XForwardedClientCert),
                address_header: AddressHeader::XForwardedFor,
            }),
            ..Identifier::default()
        };
        let hash = format!("Hash={}", CertificateDigest([7; 32]));
        let request = |peer: &str, name: &'static str, value: &str| {
            TestRequest::default()
                .peer_addr(format!("{peer}:4711").parse().unwrap())
                .insert_header((name, value))
                .insert_header(("x-forwarded-for", "203.0.113.7"))
                .to_http_request()
        };
        for (peer, name, value, proven, address, ignored, refused) in [
            (
                "10.0.0.1",
                "x-forwarded-client-cert",
                hash.as_str(),
                true,
                "203.0.113.7",
                0,
                0,
            ),
            (
                "192.0.2.1",
                "x-forwarded-client-cert",
                &hash,
                false,
                "192.0.2.1",
                1,
                0,
            ),
            (
                "192.0.2.1",
                "x-arr-clientcert",
                "AAAA",
                false,
                "192.0.2.1",
                2,
                0,
            ),
            (
                "10.0.0.1",
                "x-forwarded-client-cert",
                "Hash=AB",
                false,
                "203.0.113.7",
                2,
                1,
            ),
            (
                "10.0.0.1",
                "client-cert",
                ":AAAA:",
                false,
                "203.0.113.7",
                2,
                1,
            ),
        ] {
            let request = request(peer, name, value);
            let evidence = identifier.evidence_of(&request);
            assert_eq!(evidence.certificate.is_some(), proven, "{peer} {name}");
            assert_eq!(identifier.client_address(&request).to_string(), address);
            let counts = &identifier.counts;
            assert_eq!((counts.ignored(), counts.refused()), (ignored, refused));
        }
    }
}
