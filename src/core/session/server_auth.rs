//! The other direction: a device that wants the server to prove itself answers
//! the header of our message with 401 or 407 and a challenge (OMA DM 1.2.1, 9;
//! OMA DM Security 1.2.1, 5). It did none of that message's commands.

use super::Request;
use super::event_recorder::EventRecorder;
use crate::command::CommandState;
use crate::device::{DeviceRecord, DeviceState, ServerProof};
use crate::ids::SessionNo;
use crate::secret::Secret;
use modegate_wire::auth::{self, AuthType, PasswordDigest};
use modegate_wire::mac::{self, EntityDigest};
use modegate_wire::message::{Chal, Cred, Element, Message, Status};

/// How often a device may refuse the server's credentials in one session: the
/// first refusal is the challenge, the second one may be over a stale nonce.
const REFUSALS: u8 = 3;

/// By what this server proves itself to devices that ask for it (w7 APPAUTH,
/// `AAUTHLEVEL` CLIENT: `AAUTHNAME` and `AAUTHSECRET`).
#[derive(Debug, Clone)]
pub struct ServerAuth {
    /// The name, sent as Source/LocName; most clients expect their PROVIDER-ID.
    pub name: String,
    /// The password for devices that have none of their own on record.
    pub password: Option<Secret>,
    /// Whether a device that asks for Basic is sent its own password as it is.
    pub allows_basic: bool,
}

impl ServerAuth {
    /// The password for this device, if there is one.
    fn password<'a>(&'a self, record: &'a DeviceRecord) -> Option<&'a Secret> {
        record.server_password.as_ref().or(self.password.as_ref())
    }

    /// Whether the password is sent to this device as it is: never one that other devices
    /// have, too.
    fn sends_password(&self, record: &DeviceRecord) -> bool {
        self.allows_basic && record.server_password.is_some()
    }
}

/// By what a reply is signed, for a device that speaks `syncml:auth-MAC`.
#[derive(Debug)]
pub struct Signature {
    name: String,
    digest: PasswordDigest,
    nonce: Vec<u8>,
}

impl Signature {
    /// The value of the header `x-syncml-hmac` for exactly these bytes.
    pub fn header(&self, entity: &[u8]) -> String {
        let entity = EntityDigest::from_entity(entity);
        mac::header(&self.name, &self.digest, &self.nonce, entity)
    }
}

/// By what the reply to this request is signed: only where the device
/// itself uses a mac, or asked for one.
pub fn signature(
    record: &DeviceRecord,
    state: &DeviceState,
    request: &Request<'_>,
) -> Option<Signature> {
    let server = request.server?;
    let password = server.password(record)?;
    let asked = state.server_proof.as_ref();
    let wanted = request.evidence.mac.is_some()
        || asked.is_some_and(|proof| proof.auth_type == AuthType::Mac);
    wanted.then(|| Signature {
        name: server.name.clone(),
        digest: PasswordDigest::new(&server.name, password.reveal()),
        nonce: asked
            .map(|proof| proof.server_nonce.clone())
            .unwrap_or_default(),
    })
}

/// What a message says about the server's own proof.
#[derive(Debug, Default)]
pub(super) struct ServerAuthOutcome {
    /// The Cred of the reply.
    pub(super) cred: Option<Cred>,
    /// The device does not take our word and will not: nothing more goes out.
    pub(super) is_rejected: bool,
    /// The message of ours whose header was refused.
    refused: Option<u32>,
}

/// Takes the Statuses of our headers. What a refused message carried goes back
/// into the queue, to go again at once where we can prove ourselves.
pub(super) fn verify_server_auth(
    record: &DeviceRecord,
    state: &mut DeviceState,
    request: &Request<'_>,
    recorder: &mut EventRecorder,
) -> ServerAuthOutcome {
    let (mut collected, mut refused) = (ServerAuthOutcome::default(), false);
    let session = session_no(state);
    for status in header_statuses(request.message) {
        match status.code {
            // A message answers one of ours: what more of these it holds is idle.
            401 | 407 if refused => {}
            401 | 407 => {
                refused = true;
                collected.is_rejected =
                    !challenged(record, state, status.chal.as_ref(), request, recorder);
                collected.refused = status.msg_ref;
                put_back(
                    state,
                    status,
                    request.message,
                    collected.is_rejected,
                    recorder,
                );
            }
            200..=299 => accepted(state, status, session),
            _ => {}
        }
    }
    if let (Some(server), Some(proof)) = (request.server, &state.server_proof)
        && !collected.is_rejected
        && proof.settled_in != Some(session)
    {
        collected.cred = cred(server, record, proof);
    }
    collected
}

impl ServerAuthOutcome {
    /// Where a header was refused, the message without the Statuses that only
    /// repeat it: they say nothing of the commands.
    pub(super) fn rest(&self, message: &Message) -> Option<Message> {
        let refused = self.refused?;
        let mut rest = message.clone();
        rest.body.retain(|element| match element {
            Element::Status(status) => {
                status.msg_ref != Some(refused) || !matches!(status.code, 401 | 407)
            }
            _ => true,
        });
        Some(rest)
    }
}

fn session_no(state: &DeviceState) -> SessionNo {
    let session = state.session.as_ref();
    session.map_or(SessionNo(0), |session| session.no)
}

fn header_statuses(message: &Message) -> impl Iterator<Item = &Status> {
    message.body.iter().filter_map(|element| match element {
        Element::Status(status) if status.is_of_header() && status.may_answer("SyncHdr") => {
            Some(status)
        }
        _ => None,
    })
}

/// A challenge; whether it will be answered.
fn challenged(
    record: &DeviceRecord,
    state: &mut DeviceState,
    chal: Option<&Chal>,
    request: &Request<'_>,
    recorder: &mut EventRecorder,
) -> bool {
    let session = session_no(state);
    let known = state.server_proof.take();
    let asked = match chal {
        Some(chal) => AuthType::from_name(&chal.kind),
        None => known.as_ref().map(|proof| proof.auth_type),
    };
    let refusals = match &known {
        Some(proof) if proof.refused_in == session => proof.refusals.saturating_add(1),
        _ => 1,
    };
    let kept = known.map(|proof| proof.server_nonce).unwrap_or_default();
    let Some(auth_type) = asked else {
        recorder
            .note("the device wants the server to prove itself, and not by Basic, MD5 or a mac");
        return false;
    };
    state.server_proof = Some(ServerProof {
        auth_type,
        server_nonce: chal.and_then(auth::next_nonce).unwrap_or(kept),
        refused_in: session,
        refusals,
        settled_in: None,
    });
    let server = request.server;
    let Some(server) = server.filter(|server| server.password(record).is_some()) else {
        recorder.note(
            "the device wants the server to prove itself; no server credentials are configured",
        );
        return false;
    };
    if auth_type == AuthType::Basic && !server.sends_password(record) {
        let why = match server.allows_basic {
            true => "which is sent only where the device has one of its own",
            false => "which server_auth.basic does not allow",
        };
        recorder.note(format!(
            "the device wants the password of the server (Basic), {why}"
        ));
        return false;
    }
    if refusals >= REFUSALS {
        recorder.note("the device rejects the server's credentials");
        return false;
    }
    recorder.note(format!(
        "the device wants the server to prove itself by {}",
        auth_type.name()
    ));
    true
}

/// Our header was taken: 212 for the session, other codes for this message
/// (OMA DM Security 1.2.1, 5). A nonce for next time may come along.
fn accepted(state: &mut DeviceState, status: &Status, session: SessionNo) {
    let Some(proof) = &mut state.server_proof else {
        return;
    };
    if status.code == 212 {
        proof.settled_in = Some(session);
    }
    if let Some(nonce) = status.chal.as_ref().and_then(auth::next_nonce) {
        proof.server_nonce = nonce;
    }
}

fn cred(server: &ServerAuth, record: &DeviceRecord, proof: &ServerProof) -> Option<Cred> {
    let password = server.password(record)?.reveal();
    let data = match proof.auth_type {
        AuthType::Basic if !server.sends_password(record) => return None,
        AuthType::Basic => auth::basic_cred(&server.name, password),
        AuthType::Md5 => {
            let digest = PasswordDigest::new(&server.name, password);
            auth::md5_cred(&digest, &proof.server_nonce)
        }
        // It goes into the HTTP header.
        AuthType::Mac => return None,
    };
    Some(Cred {
        kind: proof.auth_type.name().to_owned(),
        data,
    })
}

/// Puts the commands of the refused message back, but for those that the
/// device answers with another code. With their lease gone they may go again in
/// this session; `in_vain` keeps it, and they wait for the next one.
fn put_back(
    state: &mut DeviceState,
    refused: &Status,
    message: &Message,
    in_vain: bool,
    recorder: &mut EventRecorder,
) {
    for command in &mut state.open {
        let out = matches!(
            command.state,
            CommandState::Sent | CommandState::Unconfirmed
        );
        let Some(lease) = command.leases.first() else {
            continue;
        };
        if !out || Some(lease.message) != refused.msg_ref {
            continue;
        }
        let ids = lease.first_id..lease.first_id + lease.statuses.len() as u32;
        let done = message.body.iter().any(|element| match element {
            Element::Status(status) => {
                status.msg_ref == refused.msg_ref
                    && status.cmd_ref.is_some_and(|id| ids.contains(&id))
                    && !matches!(status.code, 401 | 407)
            }
            _ => false,
        });
        if done {
            continue;
        }
        recorder.requeue(
            command,
            "the device wanted the server to prove itself first",
        );
        if !in_vain {
            command.leases.remove(0);
        }
    }
}
