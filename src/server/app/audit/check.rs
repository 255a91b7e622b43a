//! A look at the newest part of the log.

use schemars::JsonSchema;
use serde::Serialize;

use super::{damaged, newest, parsed};
use crate::app::{App, AppError};
use crate::audit::{ed25519, tiles};
use modegate_core::tlog::entry::hash_of;
use modegate_core::tlog::proof::{ProofPlan, check_consistency, check_inclusion};
use modegate_core::tlog::{Checkpoint, Frontier, Hash, TILE_WIDTH, TileId, VerifierKey};
use modegate_store::proof::Tree;

/// Bundles of entries that one look at the log hashes again, the newest.
const BUNDLES: u64 = 16;
/// Checkpoints that it compares with the newest.
const CHECKPOINTS: usize = 24;

/// What a look at the newest part of the log came to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LogCheck")]
pub(crate) struct LogCheck {
    /// Whether nothing is wrong.
    pub(crate) good: bool,
    /// The origin of the log.
    pub(crate) origin: String,
    /// How many entries the newest checkpoint covers.
    pub(crate) size: u64,
    /// The root of their tree, in base64.
    pub(crate) root: String,
    /// Entries that are not sealed yet.
    pub(crate) unsealed: u64,
    /// The first of the entries that were hashed again, up to `size`.
    pub(crate) from: u64,
    /// How many older checkpoints were compared.
    pub(crate) checkpoints: usize,
    /// What is wrong.
    pub(crate) faults: Vec<String>,
}

/// Looks at the newest part of the log: the newest checkpoint, the latest entries and tiles,
/// and the latest older checkpoints. The whole is verified by `modegate audit verify`.
pub(crate) async fn verify(app: &App) -> Result<LogCheck, AppError> {
    let newest = newest(app).await?;
    let (checkpoint, note) = parsed(&newest)?;
    let tree = app.store.tree().await?;
    let mut check = LogCheck {
        good: false,
        origin: checkpoint.origin.to_string(),
        size: checkpoint.size,
        root: checkpoint.root.base64(),
        unsealed: tree.entries.saturating_sub(checkpoint.size),
        from: 0,
        checkpoints: 0,
        faults: Vec::new(),
    };
    let keys = app.store.audit_keys().await?;
    let keys = keys
        .iter()
        .filter_map(|key| key.vkey.parse::<VerifierKey>().ok());
    let is_signed = |key: VerifierKey| {
        key.name() == check.origin && key.verify(&note, &ed25519::verify).is_ok()
    };
    if !keys.into_iter().any(is_signed) {
        check.fault("no key that the log records signs the newest checkpoint");
    }
    check.entries(app, &tree, &checkpoint).await?;
    check.checkpoints(app, &checkpoint).await?;
    check.good = check.faults.is_empty();
    Ok(check)
}

impl LogCheck {
    fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// Hashes the latest entries again, up to the root.
    async fn entries(
        &mut self,
        app: &App,
        tree: &Tree,
        checkpoint: &Checkpoint,
    ) -> Result<(), AppError> {
        let (size, store) = (checkpoint.size, &*app.store);
        let first = (size / TILE_WIDTH).saturating_sub(BUNDLES);
        let first = first.max(tree.minimum / TILE_WIDTH);
        self.from = first * TILE_WIDTH;
        for index in first..size / TILE_WIDTH {
            let tile = |level, index, width| TileId {
                level,
                index,
                width,
            };
            let leaves = tiles::tile(store, tile(0, index, 256)).await?;
            let above = TileId::width_in(size, 1, index / TILE_WIDTH);
            let above = tiles::tile(store, tile(1, index / TILE_WIDTH, above)).await?;
            let at = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
            let expected = above.and_then(|above| above.get(at).copied());
            if leaves.map(|leaves| root_of(&leaves)) != expected {
                let first = index * TILE_WIDTH;
                let last = first + TILE_WIDTH - 1;
                self.fault(format!("the entries {first} to {last} were changed"));
            }
        }
        // The proof of the last entry has all that stands left of it.
        if let Some(last) = size.checked_sub(1) {
            let plan = ProofPlan::inclusion(last, size).map_err(|fault| damaged(&fault))?;
            let hashes = tiles::prove(store, &plan).await?.unwrap_or_default();
            let entry = store.entries(last, 1, u64::MAX).await?.pop();
            let leaf = entry.and_then(|entry| hash_of(&entry).ok());
            let is_in = |leaf: Hash| check_inclusion(last, &leaf, size, &checkpoint.root, &hashes);
            if leaf.is_none_or(|leaf| is_in(leaf).is_err()) {
                self.fault("the tree does not have the root that was signed");
            }
        }
        Ok(())
    }

    /// Compares the latest older checkpoints with the newest.
    async fn checkpoints(&mut self, app: &App, newest: &Checkpoint) -> Result<(), AppError> {
        let store = &*app.store;
        for older in store.checkpoints(newest.size, CHECKPOINTS).await? {
            let plan = ProofPlan::consistency(older.size, newest.size);
            let plan = plan.map_err(|fault| damaged(&fault))?;
            // What is deleted cannot be compared.
            let Some(hashes) = tiles::prove(store, &plan).await? else {
                continue;
            };
            self.checkpoints += 1;
            let (size, root) = (newest.size, &newest.root);
            if check_consistency(older.size, &older.root, size, root, &hashes).is_err() {
                self.fault(format!(
                    "the log does not go on from its checkpoint {}",
                    older.size
                ));
            }
        }
        Ok(())
    }
}

/// The root of a whole tile.
fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.push(*hash, |_, _| {});
    }
    frontier.root()
}
