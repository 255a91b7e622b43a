//! Who speaks: what TLS proved, and what SyncML credentials prove.
//!
//! OMA DM Security 1.2.1, 5; MS-MDM 1.3.1. A nonce is derived from the
//! device and a counter that moves on with every success: a challenge costs no
//! write, and a digest is good once.

use super::{MacClaim, Request};
use crate::device::{CertificateDigest, Credentials, Device, DeviceRecord, DeviceState};
use crate::event::{ProofKind, ProofRecord};
use crate::limits;
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

/// What one request proved of itself on one device's row, computed once per
/// exchange: `plan_read` and [`step`](super::step) both take it.
#[derive(Debug, Clone, Copy)]
pub struct Authentication {
    identity: Identity,
    is_retransmission: bool,
    /// For which row and which request: the number and revision of the device,
    /// the digest of the request.
    valid_for: (u64, u64, [u8; 32]),
}

impl Authentication {
    /// What the peer has proved.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether the caller proved to be the device.
    pub fn is_proven(&self) -> bool {
        matches!(self.identity, Identity::Proven | Identity::ProvenByNonce)
    }

    /// Whether the device proved that this is its latest message again.
    pub(super) fn is_proven_retransmission(&self) -> bool {
        self.is_retransmission && self.is_proven()
    }

    /// Whether it is the outcome for this row and this request.
    pub(super) fn is_valid_for(&self, device: &Device, request: &Request<'_>) -> bool {
        self.valid_for == (device.number, device.state.revision, request.digest)
    }
}

/// Authenticates a request on a device's row: it looks at nothing else.
///
/// The digest of a retransmission is over the nonce that its first arrival
/// used up: it proves who sends it, and nothing but the kept reply is given
/// for it.
pub fn authenticate(device: &Device, request: &Request<'_>) -> Authentication {
    let is_retransmission = is_retransmission(&device.state, request);
    let count = device.state.nonce;
    let count = count.saturating_sub(u64::from(is_retransmission));
    Authentication {
        identity: identify(device, count, request),
        is_retransmission,
        valid_for: (device.number, device.state.revision, request.digest),
    }
}

/// The same where the reply to a retransmission is not kept: it counts as any
/// other request, so a nonce that is used up proves nothing.
pub(super) fn authenticate_anew(device: &Device, request: &Request<'_>) -> Identity {
    identify(device, device.state.nonce, request)
}

/// The same proven identity, raw query and body, the device's latest
/// message, less than ten minutes old. But MsgID 1 whose reply carried no
/// command is answered anew. A clock that was set back makes ages negative: by
/// how much it was set counts like any age.
fn is_retransmission(state: &DeviceState, request: &Request<'_>) -> bool {
    state.latest.as_ref().is_some_and(|latest| {
        latest.digest == request.digest
            && request.now.ms_since(latest.at).unsigned_abs()
                < limits::RETRANSMISSION_MS.unsigned_abs()
            && (latest.carried || request.message.header.msg_id != 1)
    })
}

/// Checks what the request proves against the device's record.
///
/// A recorded certificate decides alone; credentials count for devices
/// without one. Credentials that are sent and recorded are checked in any case.
/// A revoked certificate proves nothing, wherever else it may be recorded.
fn identify(device: &Device, count: u64, request: &Request<'_>) -> Identity {
    let record = &device.record;
    let certificate = request.evidence.certificate;
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
        Some(recorded) => {
            let nonce = || (request.nonce)(device.number, count);
            by_credentials(recorded, nonce, request, by_certificate)
        }
        None if by_certificate || request.trust_source => Identity::Proven,
        None => by_issuer(record, request),
    }
}

/// What Cred and mac say. Where both came, both must be right.
fn by_credentials(
    recorded: &Credentials,
    nonce: impl Fn() -> [u8; 16],
    request: &Request<'_>,
    by_certificate: bool,
) -> Identity {
    let header = &request.message.header;
    let cred = header.cred.as_ref().map(|cred| {
        let name = header.source.name.as_deref();
        name.is_none_or(|name| name == recorded.username) && matches(cred, recorded, &nonce())
    });
    let mac = request.evidence.mac.as_ref().map(|claim| match claim {
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
    match request.evidence.trusted_name.as_deref() {
        Some(name) if name == record.source.0 || name == record.device_client_id => {
            Identity::Proven
        }
        _ => Identity::Other,
    }
}

/// How a device with this record that proved who it is did so.
pub(super) fn proof(record: &DeviceRecord, request: &Request<'_>) -> ProofRecord {
    let evidence = request.evidence;
    let is_bound = !record.certificates.is_empty();
    let cred = request.message.header.cred.as_ref();
    let recorded = record.credentials.as_ref();
    let by = match (recorded, cred, &evidence.mac) {
        (Some(_), _, Some(_)) => ProofKind::Hmac,
        (Some(_), Some(cred), None) if is_md5(cred) => ProofKind::Digest,
        (Some(_), Some(_), None) => ProofKind::Basic,
        _ if is_bound => ProofKind::Certificate,
        _ if request.trust_source => ProofKind::Source,
        _ => ProofKind::Issuer,
    };
    let counts = is_bound || by == ProofKind::Issuer;
    let certificate = evidence.certificate.filter(|_| counts);
    ProofRecord {
        by,
        certificate_sha256: certificate.map(|digest| digest.to_string()),
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
    match &request.evidence.mac {
        Some(_) => AuthType::Mac,
        None => AuthType::Md5,
    }
}

/// Remembers when each certificate on record was last used.
pub(super) fn note_use(
    state: &mut DeviceState,
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
