//! The Merkle log's format: RFC 6962 hashes over entries, in the layout of C2SP
//! tlog-tiles (<https://c2sp.org/tlog-tiles>), with signed notes as checkpoints
//! (<https://c2sp.org/signed-note>).
//!
//! Knows bytes, hashes and names of tiles, nothing of events. It signs nothing: a
//! signature is handed in.

pub mod entry;
pub mod frontier;
pub mod growth;
pub mod hash;
pub mod tile;

pub use entry::{Entry, EntryFault};
pub use frontier::Frontier;
pub use growth::{Growth, TileAppend};
pub use hash::{Hash, leaf_hash, node_hash};
pub use tile::{TILE_WIDTH, TileId};

#[cfg(test)]
mod tests;
