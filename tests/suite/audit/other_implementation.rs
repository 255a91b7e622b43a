//! A second implementation of C2SP's tlog-tiles and signed-note reads a whole log that the
//! server sealed and exported: the crates `tlog_tiles` and `signed_note`.

use std::fs;
use std::path::{Path, PathBuf};

use modegate_core::time::Timestamp;
use modegate_store::Store as _;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{
    Checkpoint, Hash, HashReader, Tile, check_record, check_tree, prove_record, prove_tree,
    stored_hash_index, stored_hashes, tree_hash,
};

use super::exports::{audit, open_store, vkey};
use super::sealing::{serve, stop};
use crate::store::proof::happen;

/// So many entries that the tree has three levels of tiles, the last of each a partial one.
const EVENTS: usize = 66_000;
/// Tiles are of 2^8 hashes.
const HEIGHT: u8 = 8;

/// The hashes that its own code works out from the entries.
struct Hashes(Vec<Hash>);

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let one = |index: &u64| self.0[usize::try_from(*index).unwrap()];
        Ok(indexes.iter().map(one).collect())
    }
}

/// The file of a tile. The crate's path names the height, which C2SP fixed since.
fn file(out: &Path, tile: &Tile) -> PathBuf {
    out.join(tile.path().replacen("tile/8/", "tile/", 1))
}

/// Entries of a bundle.
fn entries(bundle: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut entries) = (bundle, Vec::new());
    while let [high, low, behind @ ..] = rest {
        let (entry, after) = behind.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        entries.push(entry);
        rest = after;
    }
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_verifier_accepts_the_whole_log() {
    let own = tempfile::tempdir().unwrap();
    let (dir, out) = (own.path().join("data"), own.path().join("out"));
    stop(serve(&dir, 3_600));
    {
        let store = open_store(&dir);
        happen(&store, EVENTS, Timestamp(1_790_000_000_000)).await;
        store.close().await;
    }
    let server = serve(&dir, 3_600);
    let (data, out_text) = (dir.to_str().unwrap(), out.to_str().unwrap());
    let (code, _, why) = audit(&["export", out_text, "--data", data]);
    assert_eq!(code, 0, "{why}");
    let note = fs::read(out.join("checkpoint")).unwrap();
    let vkey = vkey(&dir);
    stop(server);

    // The signed note, by the key alone.
    let verifier = StandardVerifier::new(&vkey).unwrap();
    let keys = VerifierList::new(vec![Box::new(verifier)]);
    let note = Note::from_bytes(&note).unwrap();
    let (signed, unknown) = note.verify(&keys).unwrap();
    assert_eq!((signed.len(), unknown.len()), (1, 0));
    let checkpoint = Checkpoint::from_bytes(note.text()).unwrap();
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    assert!(size > EVENTS as u64 && checkpoint.extension().is_empty());

    // The root and every tile, from the entries alone.
    let tiles = Tile::new_tiles(HEIGHT, 0, size);
    let mut hashes = Hashes(Vec::new());
    let mut number = 0;
    for tile in tiles.iter().filter(|tile| tile.level() == 0) {
        let path = tile.path().replacen("tile/8/0/", "tile/entries/", 1);
        let bundle = fs::read(out.join(path)).unwrap();
        for entry in entries(&bundle) {
            let new = stored_hashes(number, entry, &hashes).unwrap();
            hashes.0.extend(new);
            number += 1;
        }
    }
    assert_eq!(number, size);
    assert_eq!(tree_hash(size, &hashes).unwrap(), root);
    for tile in &tiles {
        let own = fs::read(file(&out, tile)).unwrap();
        assert!(tile.read_data(&hashes).unwrap() == own, "{}", tile.path());
    }

    // Proofs: it makes the same, and accepts them.
    for entry in [0, 255, 256, 65_535, 65_536, size - 1] {
        let leaf = hashes.read_hashes(&[stored_hash_index(0, entry)]).unwrap()[0];
        let proof = our_proof(out_text, entry);
        assert_eq!(prove_record(size, entry, &hashes).unwrap(), proof);
        check_record(&proof, size, root, entry, leaf).unwrap();
    }
    let older = 65_600;
    let older_root = tree_hash(older, &hashes).unwrap();
    let proof = prove_tree(size, older, &hashes).unwrap();
    check_tree(&proof, size, root, older, older_root).unwrap();
}

/// The hashes of the proof that `audit prove` makes of an entry.
fn our_proof(out: &str, entry: u64) -> Vec<Hash> {
    let (code, file, why) = audit(&["prove", out, "--event", &entry.to_string()]);
    assert_eq!(code, 0, "{why}");
    let lines = file.lines().skip_while(|line| !line.starts_with("index "));
    let hashes = lines.skip(1).take_while(|line| !line.is_empty());
    hashes.map(|line| Hash::parse_hash(line).unwrap()).collect()
}
