//! The certificates in use, of which `/readyz`, alerts and the metrics tell when they expire.

use rustls::pki_types::CertificateDer;

use crate::http::Shared;
use crate::http::health::Certificate;
use crate::http::tls::{Validity, names_of};

/// The server's own certificate, or one of its issuers', whichever expires first.
pub(super) const SERVER: (&str, &str) = ("server", "the server's certificate in server.pem");
/// The first to expire of the issuers of client certificates.
const ISSUERS: (&str, &str) = ("client_ca", "an issuer's certificate in client_ca");

/// When the first of these expires; `None` where there are none.
pub(super) fn first_to_expire(certificates: &[CertificateDer<'_>]) -> Option<Validity> {
    let validities = certificates.iter().filter_map(Validity::of);
    validities.min_by_key(|validity| validity.not_after)
}

/// From now on these are the certificates in use.
pub(super) fn watch(shared: &Shared, server: &[CertificateDer<'_>], issuers: Option<Validity>) {
    let mut watched = Vec::new();
    let names = server.first().map(names_of).unwrap_or_default();
    for ((name, what), names, validity) in [
        (SERVER, names, first_to_expire(server)),
        (ISSUERS, Vec::new(), issuers),
    ] {
        let Some(validity) = validity else { continue };
        shared.metrics.certificate_expires(name, validity.not_after);
        watched.push(Certificate {
            name,
            what,
            validity,
            names,
        });
    }
    shared.health.set_certificates(watched);
}
