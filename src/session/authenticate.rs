//! Who speaks: what TLS proved, and what SyncML credentials prove.
//!
//! OMA DM Security 1.2.1, 5; MS-MDM 1.3.1. A nonce is derived from the
//! device and a counter that moves on with every success: a challenge costs no
//! write, and a digest is good once.

use super::Request;
use crate::device::DeviceRecord;
use crate::wire::auth;
use crate::wire::message::Cred;

/// What a peer has proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// It is the device.
    Proven,
    /// It is, by a digest over a nonce, which is used up now.
    ProvenByNonce,
    /// It sent no credentials where some are recorded: SyncML Status 407.
    Missing,
    /// Its credentials are not the device's: SyncML Status 401.
    Wrong,
    /// It is not the device, or cannot be told from a stranger: HTTP 403.
    Other,
}

/// Checks what the request proves against the device's record.
///
/// A recorded certificate decides alone; credentials count for devices
/// without one. Credentials that are sent and recorded are checked in any case.
pub(super) fn authenticate(record: &DeviceRecord, nonce: u64, request: &Request<'_>) -> Identity {
    let by_certificate = !record.certificates.is_empty();
    if by_certificate {
        let proven = request
            .proof
            .certificate
            .is_some_and(|digest| record.certificates.contains(&digest));
        if !proven {
            return Identity::Other;
        }
    }
    let header = &request.message.header;
    match (&record.credentials, &header.cred) {
        (Some(recorded), Some(cred)) => {
            let name = header.source.name.as_deref();
            let name_fits = name.is_none_or(|name| name == recorded.username);
            let right = name_fits && matches(cred, recorded, &(request.nonce)(nonce));
            match (right, is_md5(cred)) {
                (true, true) => Identity::ProvenByNonce,
                (true, false) => Identity::Proven,
                (false, _) => Identity::Wrong,
            }
        }
        (Some(_), None) if by_certificate => Identity::Proven,
        (Some(_), None) => Identity::Missing,
        (None, _) if by_certificate || request.trust_source => Identity::Proven,
        (None, _) => by_issuer(record, request),
    }
}

/// A device without anything recorded is known by a certificate from a
/// trusted issuer whose name is exactly the device's.
fn by_issuer(record: &DeviceRecord, request: &Request<'_>) -> Identity {
    match request.proof.trusted_name.as_deref() {
        Some(name) if name == record.source.0 || name == record.device_client_id => {
            Identity::Proven
        }
        _ => Identity::Other,
    }
}

fn is_md5(cred: &Cred) -> bool {
    cred.kind.eq_ignore_ascii_case("syncml:auth-md5")
}

fn matches(cred: &Cred, recorded: &crate::device::Credentials, nonce: &[u8; 16]) -> bool {
    if is_md5(cred) {
        auth::md5_matches(&cred.data, &recorded.digest, nonce)
    } else {
        auth::basic_matches(&cred.data, &recorded.username, &recorded.digest)
    }
}
