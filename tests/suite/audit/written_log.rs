//! A log that a test writes itself, as an export: its entries are at hand to be changed, and
//! it is signed again where the test wants a liar who has the key.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use modegate_core::audit::manifest::{self, Manifest, policy_set_path};
use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::event::Event;
use modegate_core::tlog::note::{SignatureType, VerifierKey};
use modegate_core::tlog::tile::{TILE_WIDTH, bundle_path};
use modegate_core::tlog::{Checkpoint, Frontier, Hash, Note, Origin, TileId, entry};
use modegate_server::audit::SigningKey;
use serde_json::{Value, json};
use uuid::Uuid;

/// How many events of before there were salts stand at the front.
pub const UNSALTED: usize = 20;

/// A log and the key that signs it.
#[derive(Debug)]
pub struct WrittenLog {
    pub entries: Vec<Vec<u8>>,
    pub origin: Origin,
    pub seed: [u8; 32],
    pub sets: Vec<PolicyFile>,
    /// The texts of baselines.
    pub baselines: Vec<String>,
    /// Entries before this one are left out.
    pub first: u64,
}

impl WrittenLog {
    /// Events of five devices and of none, in turn; some are exchanges, under two policy
    /// sets. The first ones have no salt.
    pub fn of(size: usize) -> Self {
        let set = |text: &str| PolicyFile::new(vec![("rules.toml".into(), text.into())]);
        let mut log = WrittenLog {
            entries: Vec::new(),
            origin: origin(1),
            seed: [7; 32],
            sets: vec![set("# one: \u{e9} \"\\ \u{1}\n"), set("# two\n")],
            baselines: Vec::new(),
            first: 0,
        };
        for number in 0..size {
            log.push(event(
                number,
                &log.sets[usize::from(number > size / 2)].digest(),
            ));
        }
        log
    }

    /// Appends an event; a JSON value without a number gets the next one of its device.
    pub fn push(&mut self, mut event: Value) {
        if event.get("seq").is_none() {
            event["seq"] = json!(self.next_seq(&event["device"]));
        }
        let salt = [self.entries.len() as u8; 16];
        let json = canonical(event);
        self.entries.push(match self.entries.len() < UNSALTED {
            true => entry::unsalted(&json),
            false => entry::salted(&salt, &json),
        });
    }

    fn next_seq(&self, device: &Value) -> u64 {
        let latest = self.entries.iter().rev().find_map(|entry| {
            let event = event_of(entry)?;
            (event["device"] == *device).then(|| event["seq"].as_u64().unwrap())
        });
        latest.unwrap_or(0) + 1
    }

    /// The event of an entry.
    pub fn event(&self, number: usize) -> Value {
        event_of(&self.entries[number]).unwrap()
    }

    /// Changes the event of an entry; its salt stays.
    pub fn change(&mut self, number: usize, change: impl FnOnce(&mut Value)) {
        let mut event = self.event(number);
        change(&mut event);
        let entry = &mut self.entries[number];
        let front = if entry[0] == 0x10 { 17 } else { 1 };
        entry.truncate(front);
        entry.extend(canonical(event));
    }

    /// Redacts an entry, and appends the event that says so.
    pub fn redact(&mut self, number: usize) {
        let event = self.event(number);
        let leaf = entry::hash_of(&self.entries[number]).unwrap();
        self.entries[number] = entry::redacted(&leaf);
        let mut redaction = json!({
            "entry": number, "leaf_hash": leaf.base64(), "seq": event["seq"],
        });
        if let Some(device) = event.get("device") {
            redaction["device"] = device.clone();
        }
        self.push(json!({
            "v": 2, "at": event["at"], "actor": "cli", "type": "audit.redacted",
            "detail": "a name was in it", "log": { "redaction": redaction },
        }));
    }

    /// The root of the first entries.
    pub fn root(&self, size: usize) -> Hash {
        let mut tree = Frontier::default();
        for entry in &self.entries[..size] {
            tree.push(entry::hash_of(entry).unwrap(), |_, _| {});
        }
        tree.root()
    }

    /// The key that the log is verified by.
    pub fn key(&self) -> VerifierKey {
        let public = SigningKey::from_seed(&self.seed).unwrap();
        self.origin.key(*public.public()).unwrap()
    }

    /// A signed checkpoint of the first entries.
    pub fn checkpoint(&self, size: usize) -> String {
        let (origin, root) = (self.origin.clone(), self.root(size));
        let size = size as u64;
        self.sign(&Checkpoint { origin, size, root }).to_string()
    }

    /// A note with the checkpoint.
    pub fn sign(&self, checkpoint: &Checkpoint) -> Note {
        let key = SigningKey::from_seed(&self.seed).unwrap();
        let verifier = checkpoint.origin.key(*key.public()).unwrap();
        let text = checkpoint.text();
        let signature = verifier.sign(&text, |message| key.sign(message));
        Note::new(text, vec![signature]).unwrap()
    }

    /// Writes the export and its manifest.
    pub fn write(&self, directory: &Path) {
        let size = self.entries.len() as u64;
        let mut levels: Vec<Vec<Hash>> = vec![Vec::new(); 8];
        let mut tree = Frontier::default();
        for entry in &self.entries {
            tree.push(entry::hash_of(entry).unwrap(), |height, root| {
                if height % 8 == 0 {
                    levels[height as usize / 8].push(root);
                }
            });
        }
        for (level, hashes) in (0..).zip(&levels) {
            for tile in TileId::of_level(size, level) {
                let first = (tile.index * TILE_WIDTH) as usize;
                let hashes = &hashes[first..first + usize::from(tile.width)];
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
                if level > 0 || tile.index >= self.first / TILE_WIDTH {
                    put(directory, &tile.path(), &bytes);
                }
            }
        }
        for tile in TileId::of_level(size, 0).skip((self.first / TILE_WIDTH) as usize) {
            let first = (tile.index * TILE_WIDTH) as usize;
            let mut bundle = Vec::new();
            for entry in &self.entries[first..first + usize::from(tile.width)] {
                entry::push_to_bundle(&mut bundle, entry).unwrap();
            }
            put(directory, &bundle_path(tile.index, tile.width), &bundle);
        }
        for set in &self.sets {
            put(
                directory,
                &policy_set_path(&set.digest()),
                set.text().as_bytes(),
            );
        }
        for text in &self.baselines {
            let digest = manifest::digest(text.as_bytes());
            put(
                directory,
                &manifest::baseline_path(&digest),
                text.as_bytes(),
            );
        }
        let key = self.key();
        let path = manifest::key_path(&self.origin, &key.id());
        put(directory, &path, format!("{key}\n").as_bytes());
        put(
            directory,
            "checkpoint",
            self.checkpoint(self.entries.len()).as_bytes(),
        );
        self.write_manifest(directory);
    }

    /// Writes the manifest of what is there.
    pub fn write_manifest(&self, directory: &Path) {
        let mut digests = BTreeMap::new();
        for path in files(directory) {
            let listed = !path.starts_with("tile/");
            if listed && path != "checkpoint" && path != "manifest.json" {
                let contents = fs::read(directory.join(&path)).unwrap();
                digests.insert(path, manifest::digest(&contents));
            }
        }
        let note = fs::read(directory.join("checkpoint")).unwrap();
        let (checkpoint, _) = Checkpoint::from_note(&note).unwrap();
        let text = Manifest::new(&checkpoint, self.first, digests).text();
        put(directory, "manifest.json", text.as_bytes());
    }
}

/// The origin of the test's log in an epoch.
pub fn origin(epoch: u64) -> Origin {
    let log = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
    Origin::new("tablets.example.com", log, epoch).unwrap()
}

/// A witness's key.
pub fn witness(seed: u8) -> (SigningKey, VerifierKey) {
    let key = SigningKey::from_seed(&[seed; 32]).unwrap();
    let name = format!("witness.example/{seed}");
    let verifier = VerifierKey::new(name, SignatureType::Cosignature, *key.public());
    (key, verifier.unwrap())
}

/// A device of the log.
pub fn device(number: usize) -> String {
    Uuid::from_u128(number as u128 + 1).to_string()
}

fn event(number: usize, set: &str) -> Value {
    let at = 1_700_000_000_000u64 + number as u64;
    let mut event = json!({ "v": 2, "at": at, "actor": "api:admin", "type": "device.changed" });
    if !number.is_multiple_of(7) {
        event["device"] = json!(device(number % 5));
    }
    if number % 4 == 1 {
        event["type"] = json!("exchange");
        event["exchange"] = json!({
            "session": number, "session_id": "1", "message": 1, "query": "mode=Machine",
            "mode": "Machine", "platform": "WoA", "login": "User", "policy_set": set,
            "status": 212, "notes": ["caf\u{e9} \u{7f} \u{1f}\n"],
        });
    }
    event
}

/// The canonical bytes of an event that was put together as JSON.
pub fn canonical(event: Value) -> Vec<u8> {
    serde_json::from_value::<Event>(event).unwrap().to_bytes()
}

fn event_of(entry: &[u8]) -> Option<Value> {
    let json = entry::Entry::parse(entry).unwrap().json()?;
    Some(serde_json::from_slice(json).unwrap())
}

/// Writes a file of an export.
pub fn put(directory: &Path, path: &str, bytes: &[u8]) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The files below a directory, in order, by their paths from there.
pub fn files(directory: &Path) -> Vec<String> {
    let within = |path: PathBuf| {
        let path = path.strip_prefix(directory).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let found = crate::files::files(directory).into_iter();
    let mut found: Vec<String> = found.map(within).collect();
    found.sort();
    found
}
