//! Writes of the API: each is one transaction, and what it answers is worked
//! out inside, so that the answer can be kept together with the effect.

use sha2::{Digest, Sha256};

use super::Decide;
use modegate_core::batch::{Batch, BatchId};
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::command::StoredCommand;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::Event;
use modegate_core::fields::FieldError;
use modegate_core::ids::{CommandId, DeviceId, Source};
use modegate_core::time::Timestamp;
use modegate_core::tokens::{Token, TokenId};

/// How long the answer to a write is kept, milliseconds: 24 hours.
pub const ONCE_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// A write that its caller named, so that it is done once however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Whose name it is: names of different callers are different.
    pub scope: String,
    /// The name: `Idempotency-Key`.
    pub key: String,
    /// Digest of what is asked for.
    pub digest: [u8; 32],
    /// When.
    pub at: Timestamp,
}

impl Once {
    /// What it is kept under: a digest of scope and key, each as long as it says.
    pub fn id(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update((self.scope.len() as u64).to_le_bytes());
        hasher.update(&self.scope);
        hasher.update(&self.key);
        hasher.finalize().into()
    }
}

/// What is kept of a write that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Digest of what was asked for.
    pub digest: [u8; 32],
    /// The answer.
    pub answer: Vec<u8>,
}

/// Works the answer out from what was written, inside the transaction. It must not block.
pub type Answer<T> = Box<dyn FnOnce(&T) -> Vec<u8> + Send>;

/// Looks at a device before it is retired.
pub type Check = Box<dyn FnOnce(&Device) -> Result<(), Refusal> + Send>;

/// Says what becomes of the nth entry of an import, given the device that has its source.
pub type Plan = Box<dyn FnMut(usize, Option<&Device>) -> ImportStep + Send>;

/// What becomes of one entry of an import.
pub enum ImportStep {
    /// A new device.
    Register(DeviceId, Box<DeviceRecord>, Box<Event>),
    /// The device that has the source changes.
    Change(Box<DeviceChange>),
    /// It stays as it is.
    Skip,
    /// The whole import is refused, for this and for whatever else is wrong.
    Conflict(FieldError),
}

/// What became of one entry of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// Registered.
    Created(DeviceId),
    /// Changed.
    Updated(DeviceId),
    /// Left as it was.
    Skipped(DeviceId),
}

/// One write of the API.
pub enum Write {
    /// Registers a device.
    Register {
        /// Its id.
        id: DeviceId,
        /// Its record.
        record: DeviceRecord,
        /// What is logged.
        event: Event,
        /// From the device as it stands afterwards.
        answer: Answer<Device>,
    },
    /// Changes a device, its queue or both.
    Alter {
        /// Which.
        device: DeviceId,
        /// What changes.
        decide: Decide,
        /// From the device as it stands afterwards.
        answer: Answer<Device>,
    },
    /// Changes one command.
    Command {
        /// Which.
        id: CommandId,
        /// What changes.
        decide: Decide,
        /// From the command and its device as they stand afterwards.
        answer: Answer<(StoredCommand, Device)>,
    },
    /// Retires a device.
    Retire {
        /// Which.
        device: DeviceId,
        /// Whether it may be.
        check: Check,
        /// What is logged.
        event: Event,
        /// From the device as it stood before.
        answer: Answer<Device>,
    },
    /// Registers and changes many devices, all or none.
    Import {
        /// Their sources, no two of them equal.
        sources: Vec<Source>,
        /// What becomes of each.
        plan: Plan,
        /// From what became of each, in order.
        answer: Answer<Vec<Imported>>,
    },
    /// Makes a token; refused where its name is taken.
    CreateToken {
        /// The token.
        token: Token,
        /// What is logged.
        event: Event,
        /// From the token.
        answer: Answer<Token>,
    },
    /// Makes, changes or deletes a push profile.
    PushProfile {
        /// Which.
        id: uuid::Uuid,
        /// What changes.
        decide: super::push::DecideProfile,
        /// From the profile as it stands afterwards, or stood before it was deleted.
        answer: Answer<modegate_core::push::record::PushProfile>,
    },
    /// Ends a token.
    RevokeToken {
        /// Which.
        id: TokenId,
        /// When, and by whom: the event that is logged gets the token's name.
        event: Event,
        /// From the token.
        answer: Answer<Token>,
    },
    /// Makes a batch.
    CreateBatch {
        /// The batch.
        batch: Box<Batch>,
        /// What is logged.
        event: Event,
        /// From the batch.
        answer: Answer<Batch>,
    },
    /// Writes on the catalogue, on installs or on webhooks.
    Installs(super::installs::InstallWrite),
    /// Stops a batch that is running.
    StopBatch {
        /// Which.
        id: BatchId,
        /// Whether what waits still is taken back.
        take_back: bool,
        /// What is logged.
        event: Event,
        /// From the batch as it stands afterwards.
        answer: Answer<Batch>,
    },
}
