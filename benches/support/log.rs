//! Logs of any length, made of what a server wrote: one device's events, said of many
//! devices over and over, in order.

use std::path::Path;

use modegate_core::audit::policy_file::PolicyFile;
use modegate_core::audit::verify::{LogSource, SourceFault};
use modegate_core::tlog::entry::{SALT_BYTES, push_to_bundle};
use modegate_core::tlog::{
    Checkpoint, Frontier, Hash, Note, Origin, TILE_WIDTH, TileId, VerifierKey, leaf_hash,
};
use modegate_server::audit::SigningKey;
use modegate_store::sqlite::log_reader::LogReader;
use uuid::Uuid;

use super::client::{connect, request};
use super::server::Server;
use super::tablet::{PROPERTIES, api, session};

/// Sessions of the device whose events are taken.
const SESSIONS: usize = 4;
/// The highest levels of a tree of 2^40 entries.
const LEVELS: usize = 4;

/// The events of one device: registered, then sessions of two messages and six commands,
/// while one more command is withheld.
pub(crate) struct Recorded {
    events: Vec<Pieces>,
    policy_sets: Vec<(String, PolicyFile)>,
}

/// An event without its number and its device.
struct Pieces {
    /// Up to the number.
    head: Vec<u8>,
    /// What stands before, between and behind the places of the device's id.
    rest: Vec<Vec<u8>>,
}

impl Recorded {
    /// Has a server write them in this directory, and ends it.
    pub(crate) fn by_server(dir: &Path) -> Recorded {
        let server = Server::start(dir);
        let mut stream = connect(&server.http);
        let head = api(&server.token, "/devices");
        let answer = request(&mut stream, &head, "{\"source\":\"d0\"}");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let id = answer["id"].as_str().expect("an id").to_owned();
        let head = api(&server.token, &format!("/devices/{id}/commands"));
        request(&mut stream, &head, "{\"type\":\"lock_workstation\"}");
        for number in 0..SESSIONS {
            for property in PROPERTIES {
                let body = "{\"type\":\"inventory\",\"classes\":[\"./DevDetail/";
                request(&mut stream, &head, &format!("{body}{property}\"]}}"));
            }
            session(&mut connect(&server.http), 0, number, PROPERTIES.len());
        }
        server.stop();
        let log = LogReader::open(&dir.join("modegate.db")).expect("the log");
        let id = id.parse().expect("an id");
        let events = log.events_of_device(id, 0, 1_000).expect("its events");
        let exchanges = events.iter().filter_map(|one| one.event.exchange.as_ref());
        let mut digests: Vec<_> = exchanges.map(|of| of.policy_set.clone()).collect();
        digests.dedup();
        let policy_set = |digest: String| {
            let files = log.policy_set(&digest).expect("read").expect("the set");
            (digest, PolicyFile::new(files))
        };
        Recorded {
            events: events
                .iter()
                .map(|one| Pieces::of(&one.event.to_bytes(), one.event.seq, &id.0))
                .collect(),
            policy_sets: digests.into_iter().map(policy_set).collect(),
        }
    }
}

impl Pieces {
    fn of(json: &[u8], seq: u64, id: &Uuid) -> Pieces {
        let text = std::str::from_utf8(json).expect("text");
        let (head, rest) = text
            .split_once(&format!("\"seq\":{seq},"))
            .expect("its number");
        let rest: Vec<Vec<u8>> = format!(",{rest}")
            .split(&id.hyphenated().to_string())
            .map(|part| part.as_bytes().to_vec())
            .collect();
        assert!(rest.len() > 1, "an event names its device: {text}");
        let head = format!("{head}\"seq\":").into_bytes();
        Pieces { head, rest }
    }
}

/// A log of so many entries over so many devices, which come in turns. Nothing of it is kept
/// but the hashes above each 256 entries, unless [`Log::keep`] is called.
pub(crate) struct Log<'a> {
    recorded: &'a Recorded,
    devices: Vec<String>,
    size: u64,
    /// The hashes of level 1 and above.
    levels: [Vec<Hash>; LEVELS],
    note: String,
    /// The key that signs it.
    pub(crate) key: VerifierKey,
    /// The latest bundle.
    latest: (u64, Vec<u8>),
    kept: Vec<(Vec<u8>, Vec<Hash>)>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(recorded: &'a Recorded, size: u64, devices: u64) -> Log<'a> {
        let signing = SigningKey::from_seed(&[7; 32]).expect("a seed");
        let origin = Origin::new("bench", Uuid::nil(), 1).expect("an origin");
        let key = origin.key(*signing.public()).expect("a key");
        let mut levels: [Vec<Hash>; LEVELS] = Default::default();
        for (level, hashes) in (1u32..).zip(&mut levels) {
            hashes.reserve_exact((size >> (8 * level)) as usize);
        }
        let mut log = Log {
            recorded,
            devices: (0..devices).map(id).collect(),
            size,
            levels,
            note: String::new(),
            key,
            latest: (u64::MAX, Vec::new()),
            kept: Vec::new(),
        };
        let (mut frontier, mut entry) = (Frontier::default(), Vec::new());
        for number in 0..size {
            entry.clear();
            log.write(number, &mut entry);
            let levels = &mut log.levels;
            frontier.push(leaf_hash(&entry), |height, root| {
                if height > 0 && height.is_multiple_of(8) {
                    levels[height as usize / 8 - 1].push(root);
                }
            });
        }
        let root = frontier.root();
        let text = Checkpoint { origin, size, root }.text();
        let signature = log.key.sign(&text, |text| signing.sign(text));
        log.note = Note::new(text, vec![signature])
            .expect("a note")
            .to_string();
        log
    }

    /// Keeps all of it in memory, so that reading it takes no time that counts.
    #[must_use]
    pub(crate) fn keep(mut self) -> Self {
        for index in 0..self.size.div_ceil(TILE_WIDTH) {
            let width = TileId::width_in(self.size, 0, index);
            let bundle = self.made(index, width);
            let tile = hashes(&bundle);
            self.kept.push((bundle, tile));
        }
        self
    }

    /// The bundles that are kept.
    pub(crate) fn bundles(&self) -> impl Iterator<Item = &[u8]> {
        self.kept.iter().map(|(bundle, _)| &**bundle)
    }

    /// The entry of this number, and its device and the number of its event there.
    pub(crate) fn entry(&self, number: u64) -> (Vec<u8>, u64, u64) {
        let mut entry = Vec::new();
        self.write(number, &mut entry);
        let devices = self.devices.len() as u64;
        (entry, number % devices, number / devices + 1)
    }

    fn write(&self, number: u64, entry: &mut Vec<u8>) {
        let devices = self.devices.len() as u64;
        let (device, step) = ((number % devices) as usize, number / devices);
        let events = &self.recorded.events;
        // It is registered once.
        let again = events.len() as u64 - 1;
        let event = match step {
            0 => &events[0],
            step => &events[1 + ((step - 1) % again) as usize],
        };
        let salt = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        entry.push(0x10);
        entry.extend_from_slice(&salt.to_be_bytes()[..SALT_BYTES]);
        entry.extend_from_slice(&event.head);
        entry.extend_from_slice((step + 1).to_string().as_bytes());
        for (at, part) in event.rest.iter().enumerate() {
            if at > 0 {
                entry.extend_from_slice(self.devices[device].as_bytes());
            }
            entry.extend_from_slice(part);
        }
    }

    fn made(&self, index: u64, width: u16) -> Vec<u8> {
        let (mut bundle, mut entry) = (Vec::new(), Vec::new());
        let first = index * TILE_WIDTH;
        for number in first..first + u64::from(width) {
            entry.clear();
            self.write(number, &mut entry);
            push_to_bundle(&mut bundle, &entry).expect("a short entry");
        }
        bundle
    }
}

/// Ids as they are given: random ones, all of one length.
fn id(number: u64) -> String {
    let random = u128::from(number + 1).wrapping_mul(0xD1B5_4A32_D192_ED03_8CB9_2BA7_2F3D_8DD7);
    Uuid::from_u128(random).hyphenated().to_string()
}

fn hashes(bundle: &[u8]) -> Vec<Hash> {
    let entries = modegate_core::tlog::entry::entries(bundle);
    entries
        .map(|entry| leaf_hash(entry.expect("whole")))
        .collect()
}

impl LogSource for Log<'_> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, SourceFault> {
        Ok(self.note.clone().into_bytes())
    }

    fn first(&mut self) -> Result<u64, SourceFault> {
        Ok(0)
    }

    fn bundle(&mut self, index: u64, width: u16) -> Result<Vec<u8>, SourceFault> {
        if let Some((bundle, _)) = self.kept.get(index as usize) {
            return Ok(bundle.clone());
        }
        self.latest = (index, self.made(index, width));
        Ok(self.latest.1.clone())
    }

    fn tile(&mut self, tile: TileId) -> Result<Vec<Hash>, SourceFault> {
        let from = (tile.index * TILE_WIDTH) as usize;
        let width = usize::from(tile.width);
        if let Some(level) = usize::from(tile.level).checked_sub(1) {
            return Ok(self.levels[level][from..from + width].to_vec());
        }
        if let Some((_, tile)) = self.kept.get(tile.index as usize) {
            return Ok(tile.clone());
        }
        if self.latest.0 != tile.index {
            self.latest = (tile.index, self.made(tile.index, tile.width));
        }
        Ok(hashes(&self.latest.1))
    }

    fn policy_set(&mut self, digest: &str) -> Result<Vec<u8>, SourceFault> {
        let mut sets = self.recorded.policy_sets.iter();
        let found = sets.find(|(known, _)| known == digest);
        let found = found.map(|(_, file)| file.text().into_bytes());
        found.ok_or_else(|| SourceFault::Missing(digest.to_owned()))
    }
}
