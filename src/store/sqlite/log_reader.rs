//! Reads the log of a database without the keys that open the rest of it, beside a running
//! server or with none: for exports, proofs and verification.
//!
//! Nothing is written to the database. Where no server uses it, nothing is made beside it
//! either: files of another user would keep the server out.

use std::path::Path;

use rusqlite::Connection;

use super::connection::{check_version, open_unused, read_only, version};
use super::error::failed;
use super::files::DatabaseFiles;
use super::{audit_keys, checkpoints, compliance, entries, events, index, policy_sets, tree};
use crate::StoreError;
use crate::proof::{AuditKey, StoredCheckpoint, Tree};
use modegate_core::audit::verify::{IndexRow, KeptCheckpoint, Rest};
use modegate_core::event::StoredEvent;
use modegate_core::ids::DeviceId;
use modegate_core::tlog::{Hash, TileId};

/// The version of the tables in which the log has a tree.
const WITH_A_TREE: i64 = 9;

/// A database, open to read its log. Each read sees the log as it is then.
#[derive(Debug)]
pub struct LogReader {
    db: Connection,
}

impl LogReader {
    /// Opens the database at that path.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is of another version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let files = DatabaseFiles::new(path);
        let database = files.database();
        let refused = |why: &dyn std::fmt::Display| {
            StoreError::Failed(format!("could not read {}: {why}", database.display()).into())
        };
        if !database.exists() {
            return Err(refused(&"there is no such file"));
        }
        // With its write-ahead log it is in use, or its last user ended in the middle.
        let db = match files.log().exists() {
            true => read_only(database)?,
            false => open_unused(database).map_err(|error| refused(&error))?,
        };
        let found = version(&db)?;
        check_version(&db)?;
        if found.is_none_or(|found| found < WITH_A_TREE) {
            let why = "it is from an earlier version, whose log has no tree: start the server of this version \
                       on it once";
            return Err(refused(&why));
        }
        Ok(LogReader { db })
    }

    /// How far the log is sealed.
    pub fn tree(&self) -> Result<Tree, StoreError> {
        self.read(tree::one)
    }

    /// The entries from this number on, in order: at most `limit`; none where they were
    /// deleted.
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|db| match tree::place_of(db, from)? {
            Some(place) => entries::from_place(db, place, limit, u64::MAX),
            None => Ok(Vec::new()),
        })
    }

    /// What is kept beside the entries from this number on: at most `limit`; none where they
    /// were deleted.
    pub fn index(&self, from: u64, limit: usize) -> Result<Vec<IndexRow>, StoreError> {
        self.read(|db| {
            let tree = tree::one(db)?;
            match from >= tree.minimum {
                true => index::rows(db, tree.base.saturating_add(from), limit),
                false => Ok(Vec::new()),
            }
        })
    }

    /// Visits the entries from this number on with what is kept beside them, then where the
    /// events of each device end, then the keys of the log: all as they are at one time.
    pub fn visit_rest(&self, from: u64, visit: &mut dyn FnMut(Rest)) -> Result<(), StoreError> {
        self.read(|db| {
            let tree = tree::one(db)?;
            index::visit_rest(db, tree.base.saturating_add(from), visit)
        })
    }

    /// The newest checkpoint below that size, whatever is in its row.
    pub fn kept_checkpoint(&self, below: u64) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.read(|db| index::kept_checkpoint(db, below))
    }

    /// The hashes of a tile of level 1 or above; `None` where there are not so many.
    pub fn hash_tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError> {
        self.read(|db| tree::tile(db, tile))
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read(checkpoints::newest)
    }

    /// The checkpoint of the tree of this size, if it is kept.
    pub fn checkpoint_of(&self, size: u64) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.read(|db| checkpoints::of(db, size))
    }

    /// Up to `limit` checkpoints below that size, the newest first.
    pub fn checkpoints(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.read(|db| checkpoints::before(db, before, limit))
    }

    /// All verifier keys that the log records, the oldest first.
    pub fn audit_keys(&self) -> Result<Vec<AuditKey>, StoreError> {
        self.read(audit_keys::list)
    }

    /// The files (name and text) of a policy set that was once in force.
    pub fn policy_set(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        self.read(|db| policy_sets::one(db, digest))
    }

    /// The text of a baseline of compliance that was once in force.
    pub fn baseline(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.read(|db| compliance::baseline(db, digest))
    }

    /// Up to `limit` events of a device with numbers above `after`, in order.
    pub fn events_of_device(
        &self,
        device: DeviceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db| events::of_device(db, device, after, limit))
    }

    /// Up to `limit` events of a device with numbers below `before`, the newest first.
    pub fn events_of_device_before(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db| events::before(db, device, before, limit))
    }

    /// Runs it in one read transaction.
    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.db.unchecked_transaction().map_err(failed)?;
        let result = read(&transaction);
        transaction.commit().map_err(failed)?;
        result
    }
}
