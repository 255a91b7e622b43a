//! A log in memory, signed as it is, of which a test changes one thing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::audit::policy_file::PolicyFile;
use crate::audit::verify::{
    Accepted, IndexEnd, IndexRow, KeptCheckpoint, LogSource, ManifestParts, Question, RecordedKey,
    Report, Rest, SourceFault, VerifiedState, verify_from,
};
use crate::event::Event;
use crate::ids::DeviceId;
use crate::tlog::entry::{self, Entry};
use crate::tlog::note::{SignatureType, VerifierKey};
use crate::tlog::tile::bundle_path;
use crate::tlog::{Checkpoint, Frontier, Hash, Note, Origin, TILE_WIDTH, TileId, TrustPolicy};

/// A log, and what a verifier is asked about it.
#[derive(Clone)]
pub(super) struct MemoryLog {
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) origin: Origin,
    pub(super) first: u64,
    pub(super) unsealed: u64,
    pub(super) foreign: Option<String>,
    /// The view that has something else for this entry.
    pub(super) view: Option<(u64, &'static str)>,
    pub(super) manifest: Option<ManifestParts>,
    /// Instead of a checkpoint of what is there.
    pub(super) note: Option<Result<Vec<u8>, SourceFault>>,
    /// Instead of what the entries come to, by the paths of bundles, tiles and policy sets.
    pub(super) bundles: BTreeMap<String, Vec<u8>>,
    pub(super) tiles: BTreeMap<String, Vec<Hash>>,
    pub(super) sets: BTreeMap<String, Vec<u8>>,
    pub(super) faults: BTreeMap<String, SourceFault>,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) policy: Option<String>,
    pub(super) older: Vec<Vec<u8>>,
    pub(super) accepted: Accepted,
    /// What a database keeps beside the entries.
    pub(super) index: Option<Vec<IndexRow>>,
    pub(super) rest: Vec<Rest>,
    pub(super) kept: Vec<KeptCheckpoint>,
}

/// The public key of the log.
pub(super) const KEY: [u8; 32] = [1; 32];

impl MemoryLog {
    /// A good log of so many entries: five devices and none in turn, each fourth event an
    /// exchange.
    pub(super) fn of(size: usize) -> Self {
        let set = PolicyFile::new(vec![("rules.toml".into(), "# one\n".into())]);
        let digest = set.digest();
        let mut log = MemoryLog {
            entries: Vec::new(),
            origin: origin(1),
            first: 0,
            unsealed: 0,
            foreign: None,
            view: None,
            manifest: None,
            note: None,
            bundles: BTreeMap::new(),
            tiles: BTreeMap::new(),
            sets: BTreeMap::from([(digest.clone(), set.text().into_bytes())]),
            faults: BTreeMap::new(),
            keys: vec![origin(1).key(KEY).unwrap()],
            policy: None,
            older: Vec::new(),
            accepted: Accepted::default(),
            index: None,
            rest: Vec::new(),
            kept: Vec::new(),
        };
        let mut numbers = [0; 6];
        for number in 0..size {
            let seq = &mut numbers[number % 6];
            *seq += 1;
            let mut event = json!({
                "v": 2, "at": number, "actor": "a", "type": "device.changed", "seq": *seq,
            });
            if number % 6 > 0 {
                event["device"] = json!(device(number % 6));
            }
            if number % 4 == 1 {
                event["type"] = json!("exchange");
                event["exchange"] = json!({
                    "session": 1, "session_id": "1", "message": 1, "query": "",
                    "mode": "Machine", "platform": "WoA", "login": "User",
                    "policy_set": digest, "status": 212,
                });
            }
            log.push(event);
        }
        log
    }

    /// Appends an event; one without a number gets the next one of its device.
    pub(super) fn push(&mut self, mut event: Value) {
        if event.get("seq").is_none() {
            let of_device = |entry: &Vec<u8>| {
                let event_before = event_of(entry)?;
                (event_before["device"] == event["device"]).then(|| event_before["seq"].as_u64())?
            };
            let last = self.entries.iter().rev().find_map(of_device);
            event["seq"] = json!(last.unwrap_or(0) + 1);
        }
        self.entries
            .push(entry::salted(&[7; 16], &canonical(event)));
    }

    /// Changes the event of an entry.
    pub(super) fn change(&mut self, number: usize, change: impl FnOnce(&mut Value)) {
        let mut event = event_of(&self.entries[number]).unwrap();
        change(&mut event);
        self.entries[number] = entry::salted(&[7; 16], &canonical(event));
    }

    /// Redacts an entry; its hash, and its number in an event that says so.
    pub(super) fn redact(&mut self, number: usize) -> Value {
        let event = event_of(&self.entries[number]).unwrap();
        let leaf = entry::hash_of(&self.entries[number]).unwrap();
        self.entries[number] = entry::redacted(&leaf);
        let mut said = json!({
            "entry": number, "leaf_hash": leaf.base64(), "seq": event["seq"],
        });
        if event["device"].is_string() {
            said["device"] = event["device"].clone();
        }
        said
    }

    /// Appends the event that something was redacted.
    pub(super) fn say_redacted(&mut self, redaction: Value) {
        self.push(json!({
            "v": 2, "at": 1, "actor": "cli", "type": "audit.redacted",
            "log": { "redaction": redaction },
        }));
    }

    /// Appends the beginning of an epoch that keeps the first entries.
    pub(super) fn say_epoch(&mut self, old: u64, new: u64, kept: usize) {
        let kept = json!({ "size": kept, "root": self.root(kept).base64() });
        self.push(json!({
            "v": 2, "at": 1, "actor": "server", "type": "log.forked",
            "log": { "epoch": {
                "old_origin": origin(old).to_string(), "origin": origin(new).to_string(),
                "kept": kept,
            } },
        }));
        self.origin = origin(new);
    }

    /// Changes the record of an entry about the log.
    pub(super) fn restate(&mut self, number: usize, what: &str, change: impl FnOnce(&mut Value)) {
        self.change(number, |event| change(&mut event["log"][what]));
    }

    /// As a database has it that keeps what belongs beside the entries, at places 10 above
    /// their numbers.
    pub(super) fn in_database(&mut self) {
        let (mut ends, mut rows) = (BTreeMap::new(), Vec::new());
        for (number, entry) in self.entries.iter().enumerate() {
            let (place, event) = (number as u64 + 10, event_of(entry).unwrap());
            let device = event["device"]
                .as_str()
                .map(|id| id.parse::<Uuid>().unwrap());
            let number = device.map_or(0, |id| id.as_u128() as u64);
            let seq = event["seq"].as_u64().unwrap();
            let end = ends.entry(number).or_insert(IndexEnd {
                device: device.map(DeviceId),
                number,
                next: 1,
                head: 0,
                mark: 0,
            });
            rows.push(IndexRow {
                place,
                device: number,
                seq,
                prev: end.head,
                mark: end.mark,
                stub: None,
            });
            (end.next, end.head) = (seq + 1, place);
            if seq % 64 == 0 {
                end.mark = place;
            }
        }
        self.index = Some(rows);
        self.rest = ends.into_values().map(Rest::End).collect();
        self.rest.push(Rest::Key(RecordedKey {
            vkey: self.origin.key(KEY).unwrap().to_string(),
            until: None,
        }));
        for size in [100, 256] {
            let head = self.head(size);
            self.kept.push(KeptCheckpoint {
                size: head.size,
                root: head.root.0.to_vec(),
                note: signed(&head, KEY),
            });
        }
    }

    fn leaves(&self) -> Vec<Hash> {
        let nothing = |_| Hash([0; 32]);
        let leaf = |entry: &Vec<u8>| entry::hash_of(entry).unwrap_or_else(nothing);
        self.entries.iter().map(leaf).collect()
    }

    /// The root of the first entries.
    pub(super) fn root(&self, size: usize) -> Hash {
        let mut tree = Frontier::default();
        let leaves = self.leaves().into_iter().take(size);
        leaves.for_each(|leaf| tree.push(leaf, |_, _| {}));
        tree.root()
    }

    /// The tile that the entries come to.
    pub(super) fn good_tile(&self, tile: TileId) -> Vec<Hash> {
        let mut hashes = self.leaves();
        for _ in 0..tile.level {
            let subtree = |leaves: &[Hash]| {
                let mut tree = Frontier::default();
                leaves.iter().for_each(|&leaf| tree.push(leaf, |_, _| {}));
                tree.root()
            };
            let whole = hashes.chunks_exact(TILE_WIDTH as usize);
            hashes = whole.map(subtree).collect();
        }
        let first = (tile.index * TILE_WIDTH) as usize;
        hashes[first..first + usize::from(tile.width)].to_vec()
    }

    /// A tile of what is there, by its level and number.
    pub(super) fn tile_id(&self, level: u8, index: u64) -> TileId {
        let width = TileId::width_in(self.entries.len() as u64, level, index);
        TileId {
            level,
            index,
            width,
        }
    }

    /// The bundle of these entries in the place of another one.
    pub(super) fn put_bundle(&mut self, index: u64, entries: &[Vec<u8>]) -> &mut Vec<u8> {
        let width = TileId::width_in(self.entries.len() as u64, 0, index);
        let bundle = bundle_of(entries);
        let path = bundle_path(index, width);
        self.bundles.entry(path).insert_entry(bundle).into_mut()
    }

    /// A checkpoint of the first entries.
    pub(super) fn head(&self, size: usize) -> Checkpoint {
        Checkpoint {
            origin: self.origin.clone(),
            size: size as u64,
            root: self.root(size),
        }
    }

    /// What the verifier says.
    pub(super) fn verify(self) -> Report {
        self.verify_from(None).0
    }

    /// What the verifier says that goes on from there.
    pub(super) fn verify_from(
        mut self,
        from: Option<VerifiedState>,
    ) -> (Report, Option<VerifiedState>) {
        let question = Question {
            checkpoint: None,
            keys: self.keys.clone(),
            policy: self
                .policy
                .as_ref()
                .map(|text| TrustPolicy::parse(text.as_bytes()).unwrap()),
            older: self.older.clone(),
            accepted: self.accepted,
            ed25519: &|public, message, found| signature(public, message) == *found,
        };
        verify_from(&mut self, &question, from, &mut |_| {})
    }
}

impl LogSource for MemoryLog {
    fn checkpoint(&mut self) -> Result<Vec<u8>, SourceFault> {
        match &self.note {
            Some(note) => note.clone(),
            None => Ok(signed(&self.head(self.entries.len()), KEY)),
        }
    }

    fn first(&mut self) -> Result<u64, SourceFault> {
        Ok(self.first)
    }

    fn bundle(&mut self, index: u64, width: u16) -> Result<Vec<u8>, SourceFault> {
        let path = bundle_path(index, width);
        self.faults.get(&path).cloned().map_or(Ok(()), Err)?;
        let first = (index * TILE_WIDTH) as usize;
        let entries = || bundle_of(&self.entries[first..first + usize::from(width)]);
        Ok(self.bundles.get(&path).cloned().unwrap_or_else(entries))
    }

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let path = tile.path();
        self.faults.get(&path).cloned().map_or(Ok(()), Err)?;
        // Of a pruned log the tiles of level 0 are gone with the entries.
        if tile.level == 0 && tile.index < self.first / TILE_WIDTH {
            return Err(SourceFault::Missing(path));
        }
        let good = || self.good_tile(tile);
        Ok(self.tiles.get(&path).cloned().unwrap_or_else(good))
    }

    fn policy_set(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        let set = self.sets.get(digest).cloned();
        set.ok_or_else(|| SourceFault::Missing(digest.to_owned()))
    }

    fn baseline(&mut self, _digest: &str) -> Result<Vec<u8>, SourceFault> {
        Ok(b"# a baseline".to_vec())
    }

    fn manifest(&mut self) -> Result<Option<ManifestParts>, SourceFault> {
        Ok(self.manifest.clone())
    }

    fn foreign(&mut self, _: u64, _: u64) -> Result<Option<String>, SourceFault> {
        Ok(self.foreign.clone())
    }

    fn differing_view(&mut self, number: u64, _: Entry<'_>) -> Result<Option<String>, SourceFault> {
        let differing = self.view.filter(|(entry, _)| *entry == number);
        Ok(differing.map(|(_, path)| path.to_owned()))
    }

    fn index(&mut self, index: u64, width: u16) -> Result<Option<Vec<IndexRow>>, SourceFault> {
        let first = (index * TILE_WIDTH) as usize;
        let rows = |index: &Vec<IndexRow>| index[first..first + usize::from(width)].to_vec();
        Ok(self.index.as_ref().map(rows))
    }

    fn visit_rest(&mut self, _: u64, visit: &mut dyn FnMut(Rest)) -> Result<(), SourceFault> {
        self.rest.iter().cloned().for_each(visit);
        Ok(())
    }

    fn kept_checkpoint(&mut self, below: u64) -> Result<Option<KeptCheckpoint>, SourceFault> {
        let mut kept = self.kept.iter().rev();
        Ok(kept.find(|kept| kept.size < below).cloned())
    }

    fn unsealed(&mut self) -> Result<u64, SourceFault> {
        Ok(self.unsealed)
    }
}

/// The log's origin in an epoch.
pub(super) fn origin(epoch: u64) -> Origin {
    let log = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
    Origin::new("tablets.example.com", log, epoch).unwrap()
}

/// A device.
pub(super) fn device(number: usize) -> String {
    Uuid::from_u128(number as u128 + 1).to_string()
}

/// Stands for Ed25519, which the core does not have: a digest of key and message.
pub(super) fn signature(public: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let half = Sha256::new().chain_update(public).chain_update(message);
    let half: [u8; 32] = half.finalize().into();
    [half, half].concat().try_into().unwrap()
}

/// A note of the checkpoint, signed by that key.
pub(super) fn signed(checkpoint: &Checkpoint, public: [u8; 32]) -> Vec<u8> {
    let (key, text) = (checkpoint.origin.key(public).unwrap(), checkpoint.text());
    let by = key.sign(&text, |message| signature(&public, message));
    Note::new(text, vec![by]).unwrap().to_string().into_bytes()
}

/// A witness.
pub(super) fn witness() -> VerifierKey {
    VerifierKey::new("witness.example/w", SignatureType::Cosignature, [5; 32]).unwrap()
}

/// The events of another log's file of entries.
pub(super) fn bundle_of(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bundle = Vec::new();
    for entry in entries {
        entry::push_to_bundle(&mut bundle, entry).unwrap();
    }
    bundle
}

fn canonical(event: Value) -> Vec<u8> {
    serde_json::from_value::<Event>(event).unwrap().to_bytes()
}

fn event_of(entry: &[u8]) -> Option<Value> {
    let json = Entry::parse(entry).ok()?.json()?;
    serde_json::from_slice(json).ok()
}
