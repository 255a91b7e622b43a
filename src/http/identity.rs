//! What TLS proved of a peer, worked out once per connection.

use std::any::Any;
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::device::CertificateDigest;
use crate::way::Proof;

/// Works out the [`Proof`] of each connection.
#[derive(Debug, Default)]
pub struct Identifier {
    /// Who checks chains to the issuers of `--client-ca`.
    pub issuers: Option<Arc<dyn ClientCertVerifier>>,
}

impl Identifier {
    /// actix's hook for a new connection: plain ones have nothing to say.
    pub(super) fn on_connect(&self, connection: &dyn Any, data: &mut Extensions) {
        let Some(tls) = connection.downcast_ref::<TlsStream<TcpStream>>() else {
            return;
        };
        let (_, session) = tls.get_ref();
        let Some([certificate, chain @ ..]) = session.peer_certificates() else {
            return;
        };
        data.insert(self.proof(certificate, chain));
    }

    fn proof(&self, certificate: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> Proof {
        let trusted = self.issuers.as_ref().is_some_and(|issuers| {
            let checked = issuers.verify_client_cert(certificate, chain, UnixTime::now());
            if let Err(error) = &checked {
                tracing::info!(%error, "a client certificate does not lead to an issuer of --client-ca");
            }
            checked.is_ok()
        });
        Proof {
            certificate: Some(CertificateDigest(Sha256::digest(certificate).into())),
            trusted_name: if trusted {
                common_name(certificate)
            } else {
                None
            },
        }
    }
}

fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let only = names.next()?.as_str().ok()?.to_owned();
    // Two names are no name.
    names.next().is_none().then_some(only)
}

/// The proof of the connection that a request came over.
pub(super) fn proof_of(request: &HttpRequest) -> Proof {
    request.conn_data::<Proof>().cloned().unwrap_or_default()
}
