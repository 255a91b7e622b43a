//! The tree over the log: writes go to the writer, reads run where they are called.

use async_trait::async_trait;

use super::redaction::Redaction;
use super::{SqliteStore, audit_keys, checkpoints, entries, events, tree};
use crate::StoreError;
use crate::proof::{AuditKey, NewEpoch, ProofStore, Pruned, Seal, StoredCheckpoint, Tree};
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::tlog::{Hash, NoteSignature, TileId};

#[async_trait]
impl ProofStore for SqliteStore {
    async fn tree(&self) -> Result<Tree, StoreError> {
        self.read(|db, _| tree::one(db))
    }

    async fn entries(
        &self,
        from: u64,
        limit: usize,
        bytes: u64,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|db, _| match tree::place_of(db, from)? {
            Some(place) => entries::from_place(db, place, limit, bytes),
            None => Ok(Vec::new()),
        })
    }

    async fn seal(&self, seal: Seal) -> Result<(), StoreError> {
        self.writer.submit(move |db| tree::seal(db, &seal)).await
    }

    async fn hash_tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError> {
        self.read(|db, _| tree::tile(db, tile))
    }

    async fn checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read(|db, _| checkpoints::newest(db))
    }

    async fn checkpoint_of(&self, size: u64) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read(|db, _| checkpoints::of(db, size))
    }

    async fn checkpoints(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.read(|db, _| checkpoints::before(db, before, limit))
    }

    async fn keep_checkpoint(&self, size: u64) -> Result<bool, StoreError> {
        self.writer
            .submit(move |db| checkpoints::keep(db, size, checkpoints::KeepReason::Left))
            .await
    }

    async fn add_cosignature(
        &self,
        size: u64,
        cosignature: NoteSignature,
    ) -> Result<Option<String>, StoreError> {
        self.writer
            .submit(move |db| checkpoints::cosign(db, size, cosignature))
            .await
    }

    async fn audit_keys(&self) -> Result<Vec<AuditKey>, StoreError> {
        self.read(|db, _| audit_keys::list(db))
    }

    async fn begin_epoch(&self, epoch: NewEpoch) -> Result<(), StoreError> {
        self.writer
            .submit(move |db| audit_keys::begin_epoch(db, epoch))
            .await
    }

    async fn change_audit_key(
        &self,
        new: AuditKey,
        both_until: Timestamp,
        event: Event,
    ) -> Result<(), StoreError> {
        self.writer
            .submit(move |db| audit_keys::change(db, &new, both_until, event))
            .await
    }

    async fn record_export(&self, size: u64, event: Event) -> Result<(), StoreError> {
        self.writer
            .submit(move |db| {
                if !checkpoints::keep(db, size, checkpoints::KeepReason::Left)? {
                    return Err(StoreError::missing(&format!("checkpoint of size {size}")));
                }
                tree::exported(db, size)?;
                events::log(db, &mut [event])
            })
            .await
    }

    async fn redact(
        &self,
        entry: u64,
        reason: &str,
        actor: &str,
        at: Timestamp,
    ) -> Result<Hash, StoreError> {
        let (reason, actor) = (reason.to_owned(), actor.to_owned());
        let redaction = Redaction {
            entry,
            reason,
            actor,
            at,
        };
        self.redact_entry(redaction).await
    }

    async fn purge_events(&self, before: Timestamp) -> Result<Pruned, StoreError> {
        self.prune(before).await
    }

    async fn record_pruning(&self, minimum: u64, event: Event) -> Result<(), StoreError> {
        self.writer
            .submit(move |db| {
                tree::recorded(db, minimum)?;
                events::log(db, &mut [event])
            })
            .await
    }
}
