//! Who speaks: what TLS proved, and what SyncML credentials prove.
//!
//! OMA DM Security 1.2.1, 5; MS-MDM 1.3.1. A nonce is derived from the
//! device and a counter that moves on with every success: a challenge costs no
//! write, and a digest is good once.

use super::{MacClaim, Request};
use crate::device::{CertificateDigest, Credentials, DeviceRecord, State};
use crate::time::Timestamp;
use modegate_wire::auth::{self, AuthType};
use modegate_wire::message::Cred;

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
/// A revoked certificate proves nothing, wherever else it may be recorded.
pub(super) fn authenticate(record: &DeviceRecord, nonce: u64, request: &Request<'_>) -> Identity {
    let certificate = request.proof.certificate;
    let rotation = &record.rotation;
    if certificate.is_some_and(|digest| rotation.is_revoked(digest)) {
        return Identity::Other;
    }
    // The last bound certificate may have been revoked: then none fits.
    let by_certificate = !record.certificates.is_empty() || rotation.none_left;
    if by_certificate {
        let proven = certificate.is_some_and(|digest| {
            record.certificates.contains(&digest) && rotation.in_force(digest, request.now)
        });
        if !proven {
            return Identity::Other;
        }
    }
    match &record.credentials {
        Some(recorded) => by_credentials(recorded, nonce, request, by_certificate),
        None if by_certificate || request.trust_source => Identity::Proven,
        None => by_issuer(record, request),
    }
}

/// What Cred and mac say. Where both came, both must be right.
fn by_credentials(
    recorded: &Credentials,
    nonce: u64,
    request: &Request<'_>,
    by_certificate: bool,
) -> Identity {
    let header = &request.message.header;
    let nonce = || (request.nonce)(nonce);
    let cred = header.cred.as_ref().map(|cred| {
        let name = header.source.name.as_deref();
        name.is_none_or(|name| name == recorded.username) && matches(cred, recorded, &nonce())
    });
    let mac = request.proof.mac.as_ref().map(|claim| match claim {
        MacClaim::Made(mac, entity) => {
            mac.proves(&recorded.digest, &nonce(), *entity) && mac.username == recorded.username
        }
        MacClaim::Unusable => false,
    });
    match (cred, mac) {
        (None, None) if by_certificate => Identity::Proven,
        (None, None) => Identity::Missing,
        (Some(false), _) | (_, Some(false)) => Identity::Wrong,
        (Some(true), None) if !header.cred.as_ref().is_some_and(is_md5) => Identity::Proven,
        _ => Identity::ProvenByNonce,
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
    AuthType::from_name(&cred.kind) == Some(AuthType::Md5)
}

fn matches(cred: &Cred, recorded: &Credentials, nonce: &[u8; 16]) -> bool {
    match AuthType::from_name(&cred.kind) {
        Some(AuthType::Md5) => auth::md5_matches(&cred.data, &recorded.digest, nonce),
        // A mac does not travel in Cred.
        Some(AuthType::Mac) => false,
        Some(AuthType::Basic) | None => {
            auth::basic_matches(&cred.data, &recorded.username, &recorded.digest)
        }
    }
}

/// The type of credentials to ask this peer for: what it uses, within a
/// session always the same (OMA DM Security 1.2.1, 5).
pub(super) fn asked_type(request: &Request<'_>) -> AuthType {
    match &request.proof.mac {
        Some(_) => AuthType::Mac,
        None => AuthType::Md5,
    }
}

/// Remembers when each certificate on record was last used.
pub(super) fn note_use(
    state: &mut State,
    record: &DeviceRecord,
    used: Option<CertificateDigest>,
    now: Timestamp,
) {
    let seen = &mut state.certificates_seen;
    seen.retain(|(digest, _)| record.certificates.contains(digest));
    let Some(used) = used.filter(|digest| record.certificates.contains(digest)) else {
        return;
    };
    match seen.iter_mut().find(|(digest, _)| *digest == used) {
        Some((_, at)) => *at = now,
        None => seen.push((used, now)),
    }
}
