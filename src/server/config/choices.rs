//! Settings that are one of a few words.

use serde::{Serialize, Serializer};

/// How a reverse proxy passes on the client certificate that it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `Client-Cert`: DER in base64 between colons (RFC 9440).
    ClientCert,
    /// `X-Forwarded-Client-Cert`: Envoy's list of elements, the certificate in `Cert`.
    XForwardedClientCert,
    /// `X-SSL-Client-Cert`: nginx, HAProxy and Apache, by what one configures in them.
    XSslClientCert,
    /// `X-ARR-ClientCert`: IIS with Application Request Routing.
    XArrClientCert,
    /// `X-Amzn-Mtls-Clientcert`: an AWS load balancer that passes certificates through,
    /// with the issuers that the client presented.
    XAmznMtlsClientcert,
    /// `X-Amzn-Mtls-Clientcert-Leaf`: an AWS load balancer that verifies certificates.
    XAmznMtlsClientcertLeaf,
}

impl Serialize for ProxyHeader {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl ProxyHeader {
    /// All of them.
    pub const ALL: [ProxyHeader; 6] = [
        ProxyHeader::ClientCert,
        ProxyHeader::XForwardedClientCert,
        ProxyHeader::XSslClientCert,
        ProxyHeader::XArrClientCert,
        ProxyHeader::XAmznMtlsClientcert,
        ProxyHeader::XAmznMtlsClientcertLeaf,
    ];

    /// The header's name.
    pub fn name(self) -> &'static str {
        match self {
            ProxyHeader::ClientCert => "Client-Cert",
            ProxyHeader::XForwardedClientCert => "X-Forwarded-Client-Cert",
            ProxyHeader::XSslClientCert => "X-SSL-Client-Cert",
            ProxyHeader::XArrClientCert => "X-ARR-ClientCert",
            ProxyHeader::XAmznMtlsClientcert => "X-Amzn-Mtls-Clientcert",
            ProxyHeader::XAmznMtlsClientcertLeaf => "X-Amzn-Mtls-Clientcert-Leaf",
        }
    }
}

/// How a reverse proxy passes on the address that it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum AddressHeader {
    /// `X-Forwarded-For`.
    #[default]
    #[serde(rename = "X-Forwarded-For")]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for readers.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
