//! The log's tree: sealed, signed and published, whatever happens to the server and its
//! database. Roots are worked out here again, from the rows, by other code.

mod database;
pub mod exports;
mod forks;
mod inputs;
mod kills;
mod lost_key;
mod mutations;
mod names;
mod other_implementation;
mod proof_files;
mod proofs;
mod pruning;
mod python_checks;
pub mod replay;
mod reports;
mod resuming;
pub mod sealing;
mod steps;
mod verifiers;
mod verifying;
mod views;
mod witness;
mod witnessing;
mod written_log;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use modegate_core::tlog::{Checkpoint, Hash, VerifierKey};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

/// What a data directory publishes: the newest checkpoint of each origin, with its note.
pub fn published(dir: &Path) -> BTreeMap<String, (Checkpoint, String)> {
    let Ok(text) = std::fs::read(dir.join("audit/last-checkpoint")) else {
        return BTreeMap::new();
    };
    let notes: BTreeMap<String, String> = serde_json::from_slice(&text).unwrap();
    let checkpoint = |note: &String| Checkpoint::from_note(note.as_bytes()).unwrap().0;
    let notes = notes.into_iter();
    notes
        .map(|(origin, note)| (origin, (checkpoint(&note), note)))
        .collect()
}

/// The newest checkpoint of the only origin, or of this epoch.
pub fn newest(dir: &Path, epoch: u64) -> Option<Checkpoint> {
    let mut published = published(dir).into_values().map(|(newest, _)| newest);
    let of_epoch = |checkpoint: &Checkpoint| checkpoint.origin.epoch() == epoch;
    published.rfind(of_epoch)
}

/// A database, looked at from outside; a server may be running on it.
pub struct Database(Connection);

impl Database {
    pub fn of(dir: &Path) -> Database {
        Database(Connection::open(dir.join("modegate.db")).unwrap())
    }

    /// Every entry, as its row says.
    pub fn entries(&self) -> Vec<Vec<u8>> {
        let mut rows = self.0.prepare("SELECT bytes FROM event ORDER BY place");
        let rows = rows.as_mut().unwrap();
        let entry = |row: &rusqlite::Row<'_>| {
            let bytes: Vec<u8> = row.get(0)?;
            Ok(match bytes[0] {
                b'{' => [b"\0".as_slice(), &bytes].concat(),
                _ => bytes,
            })
        };
        let entries = rows.query_map([], entry).unwrap();
        entries.collect::<Result<_, _>>().unwrap()
    }

    /// How many entries are sealed.
    pub fn sealed(&self) -> u64 {
        let sql = "SELECT size FROM tree";
        let size: i64 = self.0.query_row(sql, [], |row| row.get(0)).unwrap();
        size as u64
    }

    /// The recorded verifier keys that sign now.
    pub fn keys(&self) -> Vec<VerifierKey> {
        let sql = "SELECT vkey FROM audit_key";
        let mut rows = self.0.prepare(sql).unwrap();
        let keys = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
        keys.map(|key| key.unwrap().parse().unwrap()).collect()
    }
}

/// The root of these leaves, as RFC 6962 defines it.
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            let node = [&[1][..], &root(left), &root(right)].concat();
            Sha256::digest(node).into()
        }
    }
}

/// The leaf of an entry.
pub fn leaf(entry: &[u8]) -> [u8; 32] {
    Sha256::digest([&[0], entry].concat()).into()
}

/// The root that the first `size` entries of a database have.
pub fn root_of(entries: &[Vec<u8>], size: u64) -> Hash {
    let leaves: Vec<_> = entries[..size as usize].iter().map(|e| leaf(e)).collect();
    Hash(root(&leaves))
}

/// Whether the key signed the note.
pub fn is_signed(note: &str, key: &VerifierKey) -> bool {
    let (_, note) = Checkpoint::from_note(note.as_bytes()).unwrap();
    key.verify(&note, &is_signed_by).is_ok()
}

/// Whether the public key's owner signed the text.
pub fn is_signed_by(public: &[u8; 32], text: &[u8], signature: &[u8; 64]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, public);
    key.verify(text, signature).is_ok()
}

/// Copies a data directory as it is.
pub fn clone_of(dir: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([dir, to]).status();
    assert!(copied.unwrap().success());
}
