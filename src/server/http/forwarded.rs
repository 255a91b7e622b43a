//! The client's certificate as a proxy hands it on, each in its own form.
//!
//! Doubt narrows: a header that stands there twice, is too long or is not read
//! whole proves nothing.

use actix_web::http::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::proxy::HEADER_BYTES;
use crate::config::ProxyHeader;
use crate::pem;
use modegate_core::device::CertificateDigest;

/// Where RFC 9440 puts the issuers, the certificate's own first.
const CHAIN: &str = "Client-Cert-Chain";
/// Most issuers that are looked at.
const CHAIN_LENGTH: usize = 8;

/// A certificate as a proxy forwards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// SHA-256 of it.
    pub digest: CertificateDigest,
    /// The certificate, where it is more than its digest.
    pub certificate: Option<CertificateDer<'static>>,
    /// Its issuers, where they came along.
    pub chain: Vec<CertificateDer<'static>>,
}

/// Why a proxy's header proves nothing. It never contains the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    /// More than one header of that name.
    #[error(
        "{0}: expected one header, found {1}: configure the proxy to replace what clients send"
    )]
    Twice(&'static str, usize),
    /// Over the bound.
    #[error("{0}: expected at most {HEADER_BYTES} bytes, found {1}")]
    TooLong(&'static str, usize),
    /// Not what the header should hold.
    #[error("{0}: expected {1}")]
    Malformed(&'static str, &'static str),
    /// A certificate and a digest that is another's.
    #[error("{0}: Hash is not the SHA-256 of Cert")]
    HashDiffers(&'static str),
}

/// What Apache writes where the client showed no certificate.
const NULL: &str = "(null)";
/// The mark before a certificate in PEM.
const BEGIN: &[u8] = b"-----BEGIN ";

/// Reads the certificate from the header that is agreed on; `None` where it is
/// not there, empty, or says so: the client showed none.
pub fn certificate(
    header: ProxyHeader,
    headers: &HeaderMap,
) -> Result<Option<Forwarded>, ProxyFault> {
    let name = header.name();
    let values: Vec<_> = headers.get_all(name).collect();
    let value = match &values[..] {
        [] => return Ok(None),
        [one] => one
            .to_str()
            .map_err(|_| ProxyFault::Malformed(name, "visible ASCII"))?
            .trim(),
        more => return Err(ProxyFault::Twice(name, more.len())),
    };
    if value.len() > HEADER_BYTES {
        return Err(ProxyFault::TooLong(name, value.len()));
    }
    if value.is_empty() || value == NULL {
        return Ok(None);
    }
    match header {
        ProxyHeader::ClientCert => rfc_9440(name, value, headers).map(Some),
        ProxyHeader::XForwardedClientCert => envoy(name, value).map(Some),
        ProxyHeader::XAmznMtlsClientcert => with_issuers(name, pem(name, value)?).map(Some),
        ProxyHeader::XSslClientCert
        | ProxyHeader::XArrClientCert
        | ProxyHeader::XAmznMtlsClientcertLeaf => alone(name, value).map(Some),
    }
}

/// One certificate: in PEM or as base64 of DER, percent-encoded or not. Only PEM has marks.
fn alone(name: &'static str, value: &str) -> Result<Forwarded, ProxyFault> {
    // HAProxy quotes where its format says so.
    let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let value = quoted.unwrap_or(value);
    let text: Vec<u8> = percent_decode_str(value).collect();
    if text.windows(BEGIN.len()).any(|part| part == BEGIN) {
        return match pem(name, value)?.as_slice() {
            [one] => checked(name, one.clone(), Vec::new()),
            _ => Err(ProxyFault::Malformed(name, "one certificate")),
        };
    }
    let der = STANDARD.decode(text).map_err(|_| {
        let expected = "a certificate in PEM, or DER in base64";
        ProxyFault::Malformed(name, expected)
    })?;
    checked(name, der.into(), Vec::new())
}

/// The certificate, and its issuers after it.
fn with_issuers(
    name: &'static str,
    mut all: Vec<CertificateDer<'static>>,
) -> Result<Forwarded, ProxyFault> {
    let certificate = all.remove(0);
    // Envoy's Chain begins with the certificate itself.
    all.retain(|issuer| *issuer != certificate);
    if all.len() > CHAIN_LENGTH {
        return Err(ProxyFault::Malformed(name, "at most 8 issuers"));
    }
    checked(name, certificate, all)
}

fn checked(
    name: &'static str,
    certificate: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
) -> Result<Forwarded, ProxyFault> {
    if !X509Certificate::from_der(&certificate).is_ok_and(|(rest, _)| rest.is_empty()) {
        return Err(ProxyFault::Malformed(name, "an X.509 certificate"));
    }
    Ok(Forwarded {
        digest: CertificateDigest(Sha256::digest(&certificate).into()),
        certificate: Some(certificate),
        chain,
    })
}

/// RFC 9440: a byte sequence of structured fields, `:base64:`; the chain is a list of them.
fn rfc_9440(name: &'static str, value: &str, headers: &HeaderMap) -> Result<Forwarded, ProxyFault> {
    let certificate = byte_sequence(name, value)?;
    let mut chain = Vec::new();
    let lines: Vec<_> = headers
        .get_all(CHAIN)
        .map(|value| value.to_str().unwrap_or("?"))
        .collect();
    let lines = lines.join(",");
    if lines.len() > HEADER_BYTES {
        return Err(ProxyFault::TooLong(CHAIN, lines.len()));
    }
    if !lines.trim().is_empty() {
        for member in lines.split(',') {
            chain.push(byte_sequence(CHAIN, member)?);
        }
    }
    if chain.len() > CHAIN_LENGTH {
        return Err(ProxyFault::Malformed(CHAIN, "at most 8 certificates"));
    }
    checked(name, certificate, chain)
}

fn byte_sequence(name: &'static str, text: &str) -> Result<CertificateDer<'static>, ProxyFault> {
    let wrong = || ProxyFault::Malformed(name, ":base64: (RFC 9440)");
    let (inside, parameters) = text
        .trim()
        .strip_prefix(':')
        .and_then(|rest| rest.split_once(':'))
        .ok_or_else(wrong)?;
    if !(parameters.is_empty() || parameters.starts_with(';')) || inside.is_empty() {
        return Err(wrong());
    }
    let der = STANDARD.decode(inside).map_err(|_| wrong())?;
    Ok(der.into())
}

/// Envoy: elements by comma, the last one is the nearest proxy's word; in it
/// `key=value` by semicolon, quoted where needed.
fn envoy(name: &'static str, value: &str) -> Result<Forwarded, ProxyFault> {
    let wrong = || ProxyFault::Malformed(name, "key=value by ';', elements by ','");
    let element = split_unquoted(value, ',').and_then(|all| all.last().copied());
    let pairs = element
        .and_then(|element| split_unquoted(element, ';'))
        .ok_or_else(wrong)?;
    let (mut hash, mut cert, mut chain) = (None, None, None);
    for pair in pairs.into_iter().filter(|pair| !pair.trim().is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
        let slot = match key.trim().to_ascii_lowercase().as_str() {
            "hash" => &mut hash,
            "cert" => &mut cert,
            "chain" => &mut chain,
            _ => continue,
        };
        if slot.replace(value.trim().trim_matches('"')).is_some() {
            return Err(ProxyFault::Malformed(
                name,
                "each of Hash, Cert and Chain once",
            ));
        }
    }
    let hash = match hash {
        None => None,
        Some(hash) => Some(
            CertificateDigest::from_hex(hash)
                .ok_or(ProxyFault::Malformed(name, "Hash of 64 hexadecimal digits"))?,
        ),
    };
    let Some(cert) = cert else {
        let digest = hash.ok_or(ProxyFault::Malformed(
            name,
            "Cert or Hash in its last element",
        ))?;
        return Ok(Forwarded {
            digest,
            certificate: None,
            chain: Vec::new(),
        });
    };
    let mut all = pem(name, cert)?;
    if all.len() != 1 {
        return Err(ProxyFault::Malformed(name, "one certificate in Cert"));
    }
    all.extend(chain.map_or(Ok(Vec::new()), |chain| pem(name, chain))?);
    let forwarded = with_issuers(name, all)?;
    if hash.is_some_and(|hash| hash != forwarded.digest) {
        return Err(ProxyFault::HashDiffers(name));
    }
    Ok(forwarded)
}

/// Splits outside of quotes; `None` where a quote does not end.
fn split_unquoted(text: &str, by: char) -> Option<Vec<&str>> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            other if other == by && !quoted => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    (!quoted).then_some(parts)
}

/// Certificates in PEM, percent-encoded or not, on one line or not; at least one.
fn pem(name: &'static str, text: &str) -> Result<Vec<CertificateDer<'static>>, ProxyFault> {
    let text: Vec<u8> = percent_decode_str(text).collect();
    pem::certificates(&text)
        .map_err(|_| ProxyFault::Malformed(name, "a certificate in PEM, percent-encoded or not"))
}

#[cfg(test)]
#[path = "forwarded_tests.rs"]
mod tests;
