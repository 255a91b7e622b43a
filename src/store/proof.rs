//! The Merkle tree over the log, as the store keeps it: what is sealed, the signed
//! checkpoints, the entries, and what may be taken out of them.
//!
//! An entry's number in the tree is the place of its event less [`Tree::base`].

use async_trait::async_trait;

use crate::StoreError;
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Frontier, Hash, NoteSignature, TileAppend, TileId};

/// How far the log is sealed, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The place of the event that is entry 0. It never changes.
    pub base: u64,
    /// The right edge of what is sealed.
    pub frontier: Frontier,
    /// How many entries the log has, sealed or not.
    pub entries: u64,
    /// The number of the first entry that was not deleted.
    pub minimum: u64,
    /// Up to this size the log was exported.
    pub exported: u64,
    /// The name and the id of the log: its origin without the epoch. `None` until the first
    /// epoch begins.
    pub origin: Option<String>,
    /// The epoch, from 1.
    pub epoch: u64,
    /// How many entries were sealed when the epoch began; 0 in the first.
    pub began: u64,
    /// That entries below this number were deleted is on record.
    pub recorded: u64,
}

impl Tree {
    /// How many entries are sealed.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many entries its tree has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was made.
    pub at: Timestamp,
}

/// What entries that are new add to the tree, with the checkpoint that signs it.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The origin that signs, as the store has it.
    pub epoch: u64,
    /// The size of the tree that this goes on from.
    pub from: u64,
    /// The right edge afterwards.
    pub frontier: Frontier,
    /// What joins the tiles of level 1 and above.
    pub appends: Vec<TileAppend>,
    /// The signed note.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A verifier key that the log records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditKey {
    /// The key as `name+id+base64` (<https://c2sp.org/signed-note>).
    pub vkey: String,
    /// Since when it signs.
    pub since: Timestamp,
    /// Until when; `None` while there is no end.
    pub until: Option<Timestamp>,
}

/// An epoch that begins.
#[derive(Debug, Clone)]
pub struct NewEpoch {
    /// The epoch that the log is in.
    pub from: u64,
    /// The one that begins; the same for the first.
    pub epoch: u64,
    /// The log's name and id, kept where the log has none yet.
    pub origin: String,
    /// The verifier keys of the keys that sign in it.
    pub keys: Vec<AuditKey>,
    /// When the keys that were recorded before sign nothing any more; `None` where they go on.
    pub others_end: Option<Timestamp>,
    /// What is logged about it.
    pub events: Vec<Event>,
}

/// What a look for old events brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pruned {
    /// The oldest entries are young.
    NothingOld,
    /// The oldest entries are old, but not in a tree that was sealed and exported.
    Kept,
    /// 256 entries were deleted; there may be more.
    Deleted {
        /// The number of the first entry that is left.
        minimum: u64,
        /// How many were deleted.
        count: u64,
    },
}

/// What the store keeps of the tree.
#[async_trait]
pub trait ProofStore {
    /// How far the log is sealed.
    async fn tree(&self) -> Result<Tree, StoreError>;

    /// The entries from this number on, in order: at most `limit`, one at the least where
    /// there is one, and no more once they have so many `bytes`. None where it was deleted.
    async fn entries(
        &self,
        from: u64,
        limit: usize,
        bytes: u64,
    ) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Makes a larger tree durable, with its checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where the tree has another size or another epoch meanwhile.
    async fn seal(&self, seal: Seal) -> Result<(), StoreError>;

    /// The hashes of a tile of level 1 or above, as many as it names; `None` where there are
    /// not so many.
    async fn hash_tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError>;

    /// The newest checkpoint.
    async fn checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError>;

    /// The checkpoint of the tree of this size, if it is kept.
    async fn checkpoint_of(&self, size: u64) -> Result<Option<StoredCheckpoint>, StoreError>;

    /// Up to `limit` checkpoints below that size, the newest first. Kept are the newest, the
    /// last of each hour, the last of each epoch and those that others may have.
    async fn checkpoints(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCheckpoint>, StoreError>;

    /// Keeps the checkpoint of this size, because others may have it. Whether it is there.
    async fn keep_checkpoint(&self, size: u64) -> Result<bool, StoreError>;

    /// Puts a cosignature to the checkpoint of this size, in place of an older one of the same
    /// key. The note with it; `None` where the checkpoint is not kept.
    ///
    /// # Errors
    /// The note would have too many signatures.
    async fn add_cosignature(
        &self,
        size: u64,
        cosignature: NoteSignature,
    ) -> Result<Option<String>, StoreError>;

    /// All verifier keys that the log records, the oldest first.
    async fn audit_keys(&self) -> Result<Vec<AuditKey>, StoreError>;

    /// Begins an epoch, or the log itself.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where another one began meanwhile.
    async fn begin_epoch(&self, epoch: NewEpoch) -> Result<(), StoreError>;

    /// Puts on record that another key signs: `new` does, and all others that have no end do
    /// until `both_until`.
    async fn change_audit_key(
        &self,
        new: AuditKey,
        both_until: Timestamp,
        event: Event,
    ) -> Result<(), StoreError>;

    /// Puts on record that the log was exported up to the tree of this size. Its checkpoint
    /// is kept.
    ///
    /// # Errors
    /// [`Refusal::Missing`](modegate_core::change::Refusal::Missing) where there is no
    /// checkpoint of that size.
    async fn record_export(&self, size: u64, event: Event) -> Result<(), StoreError>;

    /// Takes the text and the salt of an entry out of the database, durably; its leaf hash
    /// stays, and `audit.redacted` says who did it and why. Returns the leaf hash.
    ///
    /// # Errors
    /// There is no such entry, it is redacted already, or verifying the log needs its text.
    /// [`StoreError::LogInUse`] where it is redacted, but a reader keeps what was there before
    /// in a file: the same call again looks whether that is over.
    async fn redact(
        &self,
        entry: u64,
        reason: &str,
        actor: &str,
        at: Timestamp,
    ) -> Result<Hash, StoreError>;

    /// Deletes the first 256 entries of the log, where all of them are from before `before`
    /// and in a tree that was sealed and exported. The log's last event stays.
    async fn purge_events(&self, before: Timestamp) -> Result<Pruned, StoreError>;

    /// Puts on record that entries below this number were deleted.
    async fn record_pruning(&self, minimum: u64, event: Event) -> Result<(), StoreError>;
}
