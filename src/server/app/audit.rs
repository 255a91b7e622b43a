//! The log's proof: its checkpoint and tiles, proofs of entries, and what changes what is
//! known of it: exports, redactions, another key.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::input::{Integer, Line, Time, input};
use super::log::visible;
use super::{App, AppError, Principal, to_the_end};
use crate::audit::export::record;
use crate::audit::prove::{concerns, consistency_text, inclusion_text};
use crate::audit::{ed25519, tiles};
use modegate_core::event::{Event, EventType, StoredEvent};
use modegate_core::ids::CommandId;
use modegate_core::tlog::entry::{hash_of, push_to_bundle};
use modegate_core::tlog::proof::{ProofPlan, check_consistency, check_inclusion};
use modegate_core::tlog::tile::TilePath;
use modegate_core::tlog::{Checkpoint, Frontier, Hash, Note, TILE_WIDTH, TileId, VerifierKey};
use modegate_store::proof::{StoredCheckpoint, Tree};

/// Bundles of entries that one look at the log hashes again, the newest.
const BUNDLES: u64 = 16;
/// Checkpoints that it compares with the newest.
const CHECKPOINTS: usize = 24;
/// Most proofs of one command.
const PROOFS: usize = 50;

input! {
    /// An export that was made.
    pub(crate) struct NewExport {
        /// The size of the tree that it ends with.
        pub(crate) size: Integer<0, { i64::MAX }>,
        /// Its root in base64.
        pub(crate) root: Line<64>,
        /// The first entry in it. Default: 0.
        pub(crate) first: Option<Integer<0, { i64::MAX }>>,
        /// The device, where it is one device's part of the log: retention does not count it.
        pub(crate) device: Option<Line<64>>,
    }

    /// An entry whose text is to be removed.
    pub(crate) struct NewRedaction {
        /// Its number in the log, from 0.
        pub(crate) entry: Integer<0, { i64::MAX }>,
        /// Why, for the log; without the text that is removed.
        pub(crate) reason: Line<512>,
    }
}

/// A checkpoint.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Checkpoint")]
pub(crate) struct CheckpointView {
    origin: String,
    /// How many entries are sealed.
    size: u64,
    /// The root of their tree, in base64.
    root: String,
    at: Time,
    /// The signed note.
    note: String,
}

/// An export as it is on record.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Export")]
pub(crate) struct ExportView {
    size: u64,
    root: String,
    /// Whether retention may delete what is in it.
    counts: bool,
}

/// An entry whose text was removed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Redaction")]
pub(crate) struct RedactionView {
    entry: u64,
    /// Its leaf hash, which stays, in base64.
    leaf_hash: String,
}

/// A key that signs the log's checkpoints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditKey")]
pub(crate) struct KeyView {
    /// The verifier key (c2sp.org/signed-note).
    vkey: String,
}

/// What a look at the newest part of the log came to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LogCheck")]
pub(crate) struct LogCheck {
    /// Whether nothing is wrong.
    good: bool,
    origin: String,
    size: u64,
    root: String,
    /// Entries that are not sealed yet.
    unsealed: u64,
    /// The first of the entries that were hashed again, up to `size`.
    from: u64,
    /// How many older checkpoints were compared.
    checkpoints: usize,
    /// What is wrong.
    faults: Vec<String>,
}

/// The newest checkpoint.
pub(crate) async fn newest(app: &App) -> Result<StoredCheckpoint, AppError> {
    let newest = app.store.checkpoint().await?;
    newest.ok_or_else(|| AppError::missing("checkpoint"))
}

/// Seals what is logged by now.
pub(crate) async fn seal(app: &App) -> Result<CheckpointView, AppError> {
    app.sealer.seal().await?;
    let newest = newest(app).await?;
    let (checkpoint, _) = parsed(&newest)?;
    Ok(CheckpointView {
        origin: checkpoint.origin.to_string(),
        size: newest.size,
        root: newest.root.base64(),
        at: Time(newest.at),
        note: newest.note,
    })
}

fn parsed(checkpoint: &StoredCheckpoint) -> Result<(Checkpoint, Note), AppError> {
    Checkpoint::from_note(checkpoint.note.as_bytes()).map_err(|fault| damaged(&fault))
}

fn damaged(fault: &dyn std::fmt::Display) -> AppError {
    let why = format!("the log is damaged: {fault}");
    AppError::Store(modegate_store::StoreError::Failed(why.into()))
}

/// A tile of the sealed tree by its path, or a bundle of entries. These are of all devices:
/// only for who sees all.
pub(crate) async fn tile(
    app: &App,
    by: Option<&Principal>,
    path: &str,
) -> Result<Vec<u8>, AppError> {
    let missing = || AppError::missing("tile");
    let path = TilePath::parse(&format!("tile/{path}")).ok_or_else(missing)?;
    let size = app.store.tree().await?.size();
    match path {
        TilePath::Hashes(tile) => {
            let there = TileId::width_in(size, tile.level, tile.index);
            let hashes = match tile.width <= there {
                true => tiles::tile(&*app.store, tile).await?,
                false => None,
            };
            let hashes = hashes.ok_or_else(missing)?;
            Ok(hashes.into_iter().flat_map(|hash| hash.0).collect())
        }
        TilePath::Entries { index, width } => {
            by.ok_or_else(missing)?.unbound()?;
            let is_there = width <= TileId::width_in(size, 0, index);
            let entries = match is_there {
                true => {
                    let first = index * TILE_WIDTH;
                    app.store.entries(first, width.into(), u64::MAX).await?
                }
                false => Vec::new(),
            };
            if entries.len() != usize::from(width) {
                return Err(missing());
            }
            let mut bundle = Vec::new();
            for entry in entries {
                push_to_bundle(&mut bundle, &entry).ok_or_else(|| damaged(&"a long entry"))?;
            }
            Ok(bundle)
        }
    }
}

/// The proof that the entry of this number is in the log, with the entry. It is sealed
/// first, if need be.
pub(crate) async fn proof_of_entry(
    app: &App,
    by: &Principal,
    number: u64,
) -> Result<String, AppError> {
    let place = app.store.tree().await?.base.checked_add(number);
    let before = place.and_then(|place| place.checked_sub(1));
    let found = match before {
        Some(before) => app.store.all_events(before, 1).await?,
        None => Vec::new(),
    };
    let found = found
        .into_iter()
        .filter(|stored| Some(stored.place) == place);
    let found = visible(app, by, found.collect()).await?.pop();
    let found = found.ok_or_else(|| AppError::missing("entry"))?;
    may_prove(by, &found.event)?;
    inclusion(app, number).await
}

/// Refuses the whole text of an entry to a caller who may know of a part of it only.
fn may_prove(by: &Principal, event: &Event) -> Result<(), AppError> {
    if by.is_kept_from(event) {
        let why = "the entry names groups that the token is not bound to";
        return Err(AppError::Forbidden(why.to_owned()));
    }
    Ok(())
}

async fn inclusion(app: &App, number: u64) -> Result<String, AppError> {
    if number >= app.store.tree().await?.size() {
        app.sealer.seal().await?;
    }
    let (checkpoint, note) = parsed(&newest(app).await?)?;
    let (size, missing) = (checkpoint.size, || AppError::missing("entry"));
    let plan = ProofPlan::inclusion(number, size).map_err(|_| missing())?;
    let hashes = tiles::prove(&*app.store, &plan).await?;
    let entry = app.store.entries(number, 1, u64::MAX).await?.pop();
    let (Some(hashes), Some(entry)) = (hashes, entry) else {
        return Err(missing());
    };
    let leaf = hash_of(&entry).map_err(|fault| damaged(&fault))?;
    check_inclusion(number, &leaf, size, &checkpoint.root, &hashes)
        .map_err(|fault| damaged(&fault))?;
    Ok(inclusion_text(number, entry, hashes, note))
}

/// The proofs of all that was done with a command, the oldest first.
pub(crate) async fn proofs_of_command(
    app: &App,
    by: &Principal,
    id: CommandId,
) -> Result<String, AppError> {
    if !by.sees_all() {
        by.device(app, id.device).await?;
    }
    let base = app.store.tree().await?.base;
    let (mut found, mut before, mut walked) = (Vec::new(), u64::MAX, 0);
    'all: while walked < crate::limits::EVENT_WALK && found.len() < PROOFS {
        let most = crate::limits::PAGE_ITEMS;
        let events = app.store.events_before(id.device, before, most).await?;
        let Some(last) = events.last() else { break };
        before = last.event.seq;
        walked += events.len();
        for StoredEvent { place, event } in &events {
            if concerns(event, id.seq.0) {
                may_prove(by, event)?;
                found.push(place - base);
            }
            if event.what == EventType::CommandQueued && event.command == Some(id.seq.0) {
                break 'all;
            }
        }
    }
    if found.is_empty() {
        return Err(AppError::missing("command"));
    }
    let mut text = String::new();
    for number in found.into_iter().rev().take(PROOFS) {
        text += &inclusion(app, number).await?;
    }
    Ok(text)
}

/// The proof that the tree of `from` entries is the beginning of the one of `to` entries, or
/// of the newest checkpoint.
pub(crate) async fn consistency(app: &App, from: u64, to: Option<u64>) -> Result<String, AppError> {
    let newer = match to {
        Some(size) => app.store.checkpoint_of(size).await?,
        None => Some(newest(app).await?),
    };
    let newer = newer.ok_or_else(|| {
        let expected = "the size of a checkpoint that is kept";
        AppError::field("to", expected, to.unwrap_or_default())
    })?;
    let wrong = |fault: &dyn std::fmt::Display| AppError::field("from", fault, from);
    let plan = ProofPlan::consistency(from, newer.size).map_err(|_| {
        let expected = format!("a size of at most {}", newer.size);
        wrong(&expected)
    })?;
    let hashes = tiles::prove(&*app.store, &plan).await?;
    let hashes = hashes.ok_or_else(|| wrong(&"a size whose last entries are not deleted"))?;
    let (_, note) = parsed(&newer)?;
    Ok(consistency_text(from, &hashes, &note))
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

/// Puts an export on record that was made of the log.
pub(crate) async fn record_export(
    app: &Arc<App>,
    by: &Principal,
    export: NewExport,
) -> Result<ExportView, AppError> {
    let size = export.size.0.unsigned_abs();
    let kept = app.store.checkpoint_of(size).await?;
    let kept = kept.ok_or_else(|| {
        let expected = "the size of a checkpoint that is kept";
        AppError::field("size", expected, size)
    })?;
    if kept.root.base64() != export.root.0 {
        let expected = format!("{}, the root of that checkpoint", kept.root.base64());
        return Err(AppError::field("root", expected, "another"));
    }
    let first = export.first.map_or(0, |first| first.0.unsigned_abs());
    let device = export.device.map(|device| device.0);
    let exported = record::Record {
        size,
        root: kept.root,
        first,
        device,
    };
    let counts = exported.put(&*app.store, &by.actor(), app.now()).await?;
    Ok(ExportView {
        size,
        root: export.root.0,
        counts,
    })
}

/// Signs checkpoints with a new key.
pub(crate) async fn rotate_key(app: &Arc<App>, by: &Principal) -> Result<KeyView, AppError> {
    by.unbound()?;
    let app = Arc::clone(app);
    let rotated = to_the_end(async move {
        let rotated = app.sealer.rotate().await;
        rotated.map_err(|error| damaged(&error))
    });
    Ok(KeyView {
        vkey: rotated.await?.to_string(),
    })
}

/// Removes the text of an entry; its hash stays, and who did it and why is logged.
pub(crate) async fn redact(
    app: &Arc<App>,
    by: &Principal,
    redaction: NewRedaction,
) -> Result<RedactionView, AppError> {
    let entry = redaction.entry.0.unsigned_abs();
    let (reason, actor) = (redaction.reason.0, by.actor());
    let app = Arc::clone(app);
    // Its text is in the write-ahead log until that is emptied, whoever asked.
    let redacted = to_the_end(async move {
        // Sealed before, so that a checkpoint vouches for the hash that stays; and again, so
        // that what is sealed contains the event that names it.
        app.sealer.seal().await?;
        let leaf = app.store.redact(entry, &reason, &actor, app.now()).await?;
        app.sealer.seal().await?;
        Ok(leaf)
    });
    let leaf = redacted.await?;
    Ok(RedactionView {
        entry,
        leaf_hash: leaf.base64(),
    })
}
