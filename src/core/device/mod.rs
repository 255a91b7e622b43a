//! A device: its record, and the state that every exchange reads and writes.

mod activity_flag;
mod auth_failure;
mod certificates;
mod enrollment;
mod findings;
mod kept_answers;
pub mod outbox;
mod record;
mod shown_family;
mod usage;

pub use activity_flag::ActivityFlag;
pub use auth_failure::{AuthFailure, REFUSALS, Refusal, Refused};
pub use certificates::{CertificateDigest, CertificateNote, Rotation, RotationError};
pub use enrollment::{EndReason, Enrollment, EnrollmentEnd, EnrollmentEnding};
pub use kept_answers::KeptAnswers;
pub use record::{Credentials, DeviceRecord};
pub(crate) use shown_family::family_of_version;
pub use shown_family::{FamilyEvidence, ShownFamily};
pub use usage::HourlyUse;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::activity::Activity;
use crate::command::OpenCommand;
use crate::context::{ContextSet, Login, Mode};
use crate::ids::{CommandSeq, DeviceId, SessionNo};
use crate::polling::Polling;
use crate::push::active_profiles::Notes;
use crate::push::channel::Channel;
use crate::push::recovery::{self, Recovery};
use crate::push::set_pause::SetPause;
use crate::push::wake::Wake;
use crate::time::Timestamp;
use modegate_wire::auth::AuthType;
use modegate_wire::message::SessionId;

/// A device as a store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The store's own number for it: small, dense, what tables lie by.
    pub number: u64,
    /// Its public id.
    pub id: DeviceId,
    /// Its record.
    pub record: DeviceRecord,
    /// Its state.
    pub state: DeviceState,
}

impl Device {
    /// The key of MDM_Client: as the device reported it, else as it is on record.
    pub fn client_id(&self) -> &str {
        self.state.client_id(&self.record)
    }
}

/// What changes with every exchange, read and written as one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceState {
    /// Grows with every change but the queueing of a command.
    #[serde(skip)]
    pub revision: u64,
    /// The number that the next command gets.
    #[serde(skip)]
    pub next_command: u32,
    /// The latest session.
    pub session: Option<Session>,
    /// How many sessions there were.
    pub sessions: u32,
    /// The server's next MsgID.
    pub next_message: u32,
    /// The next CmdID.
    pub next_id: u32,
    /// Counts authentications: the nonce of a challenge is derived from it.
    pub nonce: u64,
    /// The commands that are not final, in the order they were queued.
    pub open: Vec<OpenCommand>,
    /// The latest request, by which a retransmission is known.
    pub latest: Option<LatestRequest>,
    /// When each mode was last seen, in the order of [`Mode::ALL`].
    pub seen: [Option<Timestamp>; 4],
    /// What the latest session withheld, so that an equal list is not written again.
    pub withheld: Option<WithheldRef>,
    /// Since when the device is known to be unenrolled: its queue is closed
    /// until it begins a session again.
    pub unenrolled_at: Option<Timestamp>,
    /// When its agent last looked as if run by hand (the MDMAgent article): what needs the
    /// user failed while the rest worked. A Maintenance session that works clears it.
    pub manual_at: Option<Timestamp>,
    /// Its WNS channel, without the URI; none while no push profile is its own.
    pub channel: Option<Channel>,
    /// The latest wake: the one coalesced wish that it starts a session.
    pub wake: Option<Wake>,
    /// What else is known of its push.
    pub push: Notes,
    /// How it wants the server to prove itself, if it ever did.
    pub server_proof: Option<ServerProof>,
    /// When each recorded certificate was last used.
    pub certificates_seen: Vec<(CertificateDigest, Timestamp)>,
    /// The large object that the device is sending.
    pub large: Option<LargeObject>,
    /// The DevInfo that was last taken into the inventory.
    #[serde(default)]
    pub dev_info: Option<DevInfoSeen>,
    /// What its exchanges wrote in the hour under way.
    #[serde(default)]
    pub used: HourlyUse,
    /// The latest requests that named it and were refused, as they are on record.
    #[serde(default)]
    pub refused: Option<Refused>,
    /// The enrollment that it is in.
    #[serde(default)]
    pub enrollment: Enrollment,
    /// How much is kept of its answers.
    #[serde(default)]
    pub kept_answers: KeptAnswers,
    /// The family that it shows, if it ever did.
    #[serde(default)]
    pub shown_family: Option<ShownFamily>,
    /// How soon its push channel may be set again.
    #[serde(default)]
    pub set_pause: Option<SetPause>,
    /// The latest recovery of its push channel; phones only.
    #[serde(default)]
    pub recovery: Option<Recovery>,
    /// How many of its latest sessions in Maintenance or Apps said in a row that nobody is
    /// logged on (see [`Context::is_contradiction`](crate::context::Context::is_contradiction)).
    #[serde(default)]
    pub nobody_logged_on: u8,
    /// What it has been doing, and when it is expected.
    #[serde(default)]
    pub activity: Activity,
    /// What is known of its polling schedule; phones and Windows 10.
    #[serde(default)]
    pub polling: Polling,
    /// A digest of what of its record decides (family and groups) as its latest exchange has
    /// that on record; 0 where none has.
    #[serde(default)]
    pub subject_on_record: u64,
}

/// How a device wants the server to prove itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerProof {
    /// By what.
    pub auth_type: AuthType,
    /// The nonce that it handed out for the next time, raw, at most
    /// [`modegate_wire::limits::NONCE_BYTES`].
    pub server_nonce: Vec<u8>,
    /// The session in which it refused us last.
    pub refused_in: SessionNo,
    /// How often it did there.
    pub refusals: u8,
    /// The session for which it took our word (212).
    pub settled_in: Option<SessionNo>,
}

impl fmt::Debug for ServerProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerProof")
            .field("auth_type", &self.auth_type)
            .field("server_nonce", &"***")
            .field("refusals", &self.refusals)
            .finish_non_exhaustive()
    }
}

impl DeviceState {
    /// The state of a device that was just registered.
    pub fn registered() -> Self {
        DeviceState {
            revision: 1,
            next_command: 1,
            ..DeviceState::default()
        }
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> u64 {
        /// Everything but the open commands: sessions, the channel, certificates.
        const FRAME: u64 = 512;
        FRAME + self.open.iter().map(OpenCommand::bytes).sum::<u64>()
    }

    /// The key of MDM_Client of a device with this record.
    pub(crate) fn client_id<'a>(&'a self, record: &'a DeviceRecord) -> &'a str {
        let reported = self.enrollment.client_id.as_deref();
        reported.unwrap_or(&record.device_client_id)
    }

    /// What the user of a phone with this record can do about its push channel, where no
    /// push can be sent.
    pub fn advice(&self, record: &DeviceRecord, now: Timestamp) -> Option<&'static str> {
        recovery::advice(record.family, self.channel.as_ref(), self.push.status, now)
    }

    /// The open command of that number.
    pub fn open(&self, seq: CommandSeq) -> Option<&OpenCommand> {
        self.open.iter().find(|command| command.seq == seq)
    }

    /// The same, to be changed.
    pub(crate) fn open_mut(&mut self, seq: CommandSeq) -> Option<&mut OpenCommand> {
        self.open.iter_mut().find(|command| command.seq == seq)
    }

    /// When a session of that mode was last seen.
    pub fn last_seen(&self, mode: Mode) -> Option<Timestamp> {
        self.seen[mode as usize]
    }

    /// Forgets that the device's event `event` lists what is withheld, since it
    /// is deleted: the next exchange lists that anew. Whether that was the list.
    pub fn forget_list(&mut self, event: u64) -> bool {
        let forgets = self.withheld.is_some_and(|list| list.event == event);
        if forgets {
            self.withheld = None;
        }
        forgets
    }

    /// Takes over the commands that were queued since this state was loaded;
    /// `None` when anything else changed too, and where this state leaves no
    /// room for them: the queue was closed, or what they wait for has ended.
    pub(crate) fn rebased(
        mut self,
        loaded_revision: u64,
        loaded_next: u32,
        current: &DeviceState,
    ) -> Option<DeviceState> {
        if current.revision != loaded_revision {
            return None;
        }
        let is_new = |command: &&OpenCommand| command.seq.0 >= loaded_next;
        let queued: Vec<OpenCommand> = current.open.iter().filter(is_new).cloned().collect();
        let has_ended = |seq: &CommandSeq| seq.0 < loaded_next && self.open(*seq).is_none();
        let waits_in_vain = |command: &OpenCommand| command.options.after.iter().any(has_ended);
        let is_closed = self.unenrolled_at.is_some() && !queued.is_empty();
        if is_closed || queued.iter().any(waits_in_vain) {
            return None;
        }
        self.open.extend(queued);
        self.next_command = current.next_command;
        Some(self)
    }
}

/// The messages of one device under one SessionID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its number on this device.
    pub no: SessionNo,
    /// The device's SessionID.
    pub id: SessionId,
    /// Since when.
    pub opened_at: Timestamp,
    /// The latest message.
    pub last_at: Timestamp,
    /// The device's latest MsgID.
    pub client_message: u32,
    /// How many messages came.
    pub messages: u32,
    /// The server's first MsgID in it.
    pub first_message: u32,
    /// Every context it named.
    pub contexts: ContextSet,
    /// The login status last named.
    pub login: Login,
    /// The device's `MaxMsgSize`, bytes.
    pub max_msg_size: Option<u32>,
    /// Whether more may come.
    pub is_open: bool,
    /// Whether a message without Final awaits its continuation.
    pub awaits_final: bool,
    /// A digest of how the device proved who it is, as its latest message has that on record;
    /// 0 where none has.
    #[serde(default)]
    pub proof_on_record: u64,
}

/// An object that comes in pieces: how far it has come, never what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeObject {
    /// The session that it belongs to.
    pub session: SessionNo,
    /// A digest of the command that it answers and the node.
    pub of: u64,
    /// Its `Size`, bytes.
    pub size: u64,
    /// Bytes that have come.
    pub got: u64,
    /// The Status by which it was refused: nothing of what follows of it is kept.
    #[serde(default)]
    pub refused: Option<u16>,
}

/// The DevInfo that a device reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevInfoSeen {
    /// A digest of its nodes and values.
    pub digest: u64,
    /// When it was taken into the inventory.
    pub at: Timestamp,
}

/// The latest request of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestRequest {
    /// SHA-256 over the proven identity, the raw query and the body.
    pub digest: [u8; 32],
    /// When it came.
    pub at: Timestamp,
    /// Whether its reply carried a command.
    pub carried: bool,
}

/// Where the latest list of withheld commands is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldRef {
    /// The device's event that holds the list.
    pub event: u64,
    /// A digest of the list.
    pub digest: u64,
}
