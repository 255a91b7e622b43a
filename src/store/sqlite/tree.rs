//! The Merkle tree over the log: its one row and its tiles.

use rusqlite::{Connection, params};

use super::checkpoints;
use super::error::failed;
use super::events;
use super::query::{first, run, value};
use super::rows::{signed, unsigned};
use crate::StoreError;
use crate::proof::{Seal, Tree};
use modegate_core::tlog::{Frontier, Hash, TileAppend, TileId};

/// How far the log is sealed.
pub(super) fn one(db: &Connection) -> Result<Tree, StoreError> {
    let sql =
        "SELECT base, size, frontier, minimum, exported, origin, epoch, began, recorded FROM tree";
    let row = first(db, sql, [], |row| {
        let tree = Tree {
            base: unsigned(row.get(0)?),
            frontier: Frontier::default(),
            entries: 0,
            minimum: unsigned(row.get(3)?),
            exported: unsigned(row.get(4)?),
            origin: row.get(5)?,
            epoch: unsigned(row.get(6)?),
            began: unsigned(row.get(7)?),
            recorded: unsigned(row.get(8)?),
        };
        Ok((tree, unsigned(row.get(1)?), row.get::<_, Vec<u8>>(2)?))
    })?;
    let (tree, size, roots) = row.ok_or_else(|| failed("the log's tree has no row"))?;
    let frontier = Hash::list(&roots).and_then(|roots| Frontier::new(size, roots));
    Ok(Tree {
        frontier: frontier.ok_or_else(|| failed("the right edge of the log's tree is damaged"))?,
        entries: (events::last_place(db)? + 1).saturating_sub(tree.base),
        ..tree
    })
}

/// The place of the event of an entry; `None` where the entry was deleted or is not there yet.
pub(super) fn place_of(db: &Connection, entry: u64) -> Result<Option<u64>, StoreError> {
    let tree = one(db)?;
    let is_there = (tree.minimum..tree.entries).contains(&entry);
    Ok(is_there.then(|| tree.base + entry))
}

/// Makes a larger tree durable.
pub(super) fn seal(db: &Connection, seal: &Seal) -> Result<(), StoreError> {
    let sql = "SELECT count(*) FROM tree WHERE size = ?1 AND epoch = ?2";
    let fence = params![signed(seal.from), signed(seal.epoch)];
    if value::<i64>(db, sql, fence)? == 0 {
        return Err(StoreError::Changed);
    }
    for append in &seal.appends {
        append_to_tile(db, append)?;
    }
    let roots = bytes(seal.frontier.roots());
    let sql = "UPDATE tree SET size = ?1, frontier = ?2";
    run(db, sql, params![signed(seal.frontier.size()), roots])?;
    checkpoints::put(db, seal)
}

/// The log was exported up to this size.
pub(super) fn exported(db: &Connection, size: u64) -> Result<(), StoreError> {
    let sql = "UPDATE tree SET exported = max(exported, ?1)";
    run(db, sql, [signed(size)])
}

/// Entries below this number are to be deleted.
pub(super) fn move_minimum(db: &Connection, minimum: u64) -> Result<(), StoreError> {
    run(db, "UPDATE tree SET minimum = ?1", [signed(minimum)])
}

/// That entries below this number were deleted is on record.
pub(super) fn recorded(db: &Connection, minimum: u64) -> Result<(), StoreError> {
    let sql = "UPDATE tree SET recorded = max(recorded, ?1)";
    run(db, sql, [signed(minimum)])
}

fn append_to_tile(db: &Connection, append: &TileAppend) -> Result<(), StoreError> {
    let tile = (append.level, append.index);
    let mut hashes = hashes(db, tile)?.unwrap_or_default();
    let had = hashes.len() / Hash::BYTES;
    if had != usize::from(append.had) {
        let (level, index) = tile;
        return Err(failed(format!(
            "tile {index} of level {level} of the log's tree is damaged: it has {had} hashes, expected {}",
            append.had
        )));
    }
    hashes.extend(bytes(&append.hashes));
    let sql = "INSERT OR REPLACE INTO tile (level, n, hashes) VALUES (?1, ?2, ?3)";
    run(db, sql, params![tile.0, signed(tile.1), hashes])
}

/// The hashes of a tile of level 1 or above.
pub(super) fn tile(db: &Connection, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError> {
    let found = hashes(db, (tile.level, tile.index))?;
    let bytes = usize::from(tile.width) * Hash::BYTES;
    let named = found.as_deref().and_then(|found| found.get(..bytes));
    Ok(named.and_then(Hash::list))
}

fn hashes(db: &Connection, (level, index): (u8, u64)) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT hashes FROM tile WHERE level = ?1 AND n = ?2";
    first(db, sql, params![level, signed(index)], |row| row.get(0))
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
