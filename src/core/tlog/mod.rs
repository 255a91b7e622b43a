//! The Merkle log's format: RFC 6962 hashes over entries, in the layout of C2SP
//! tlog-tiles (<https://c2sp.org/tlog-tiles>), with signed notes as checkpoints
//! (<https://c2sp.org/signed-note>), their proofs and their trust files.
//!
//! Knows bytes, hashes and names of tiles, nothing of events. It signs nothing: a
//! signature is handed in.

pub mod base64;
pub mod checkpoint;
pub mod entry;
pub mod frontier;
pub mod growth;
pub mod hash;
pub mod note;
pub mod policy;
pub mod proof;
pub mod proof_file;
pub mod tile;
pub mod witness;

pub use checkpoint::{Checkpoint, Origin};
pub use entry::{Entry, EntryFault};
pub use frontier::Frontier;
pub use growth::{Growth, TileAppend};
pub use hash::{Hash, leaf_hash, node_hash};
pub use note::{Note, NoteSignature, VerifierKey};
pub use policy::TrustPolicy;
pub use proof_file::ProofFile;
pub use tile::{TILE_WIDTH, TileId};
pub use witness::{AddCheckpoint, LogHead};

#[cfg(test)]
mod note_tests;
#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod tests;
