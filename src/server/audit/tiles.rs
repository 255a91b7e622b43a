//! Tiles of the tree as proofs need them: those of level 0 are worked out from the entries.

use std::collections::BTreeMap;

use modegate_core::tlog::entry::hash_of;
use modegate_core::tlog::proof::{MakeFault, ProofPlan, TileReader};
use modegate_core::tlog::{Hash, TILE_WIDTH, TileId};
use modegate_store::{Store, StoreError};

/// The hashes of a tile; `None` where it is not there, or its entries were deleted.
pub async fn tile(store: &dyn Store, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError> {
    if tile.level > 0 {
        return store.hash_tile(tile).await;
    }
    let (first, width) = (tile.index * TILE_WIDTH, usize::from(tile.width));
    let entries = store.entries(first, width, u64::MAX).await?;
    let hashes: Result<Vec<Hash>, _> = entries.iter().map(|entry| hash_of(entry)).collect();
    let hashes =
        hashes.map_err(|fault| StoreError::Failed(format!("tile {}: {fault}", tile.path()).into()));
    Ok(Some(hashes?).filter(|hashes| hashes.len() == width))
}

/// The hashes of a proof; `None` where entries that it needs were deleted.
pub async fn prove(store: &dyn Store, plan: &ProofPlan) -> Result<Option<Vec<Hash>>, StoreError> {
    let mut read = Tiles::default();
    for id in plan.tiles() {
        let Some(hashes) = tile(store, id).await? else {
            return Ok(None);
        };
        read.0.insert(id, hashes);
    }
    match plan.make(&mut read) {
        Ok(hashes) => Ok(Some(hashes)),
        Err(fault) => Err(failed(&fault)),
    }
}

fn failed(fault: &MakeFault<&'static str>) -> StoreError {
    StoreError::Failed(format!("could not make a proof: {fault}").into())
}

/// The tiles that a plan named.
#[derive(Debug, Default)]
struct Tiles(BTreeMap<TileId, Vec<Hash>>);

impl TileReader for Tiles {
    type Error = &'static str;

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, &'static str> {
        self.0.get(&tile).cloned().ok_or("it was not planned")
    }
}
