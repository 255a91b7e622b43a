//! The log's tiles, and proofs from them.

use super::{damaged, newest, parsed};
use crate::app::log::{back_to_queued, visible};
use crate::app::{App, AppError, Principal};
use crate::audit::prove::{concerns, consistency_text, inclusion_text};
use crate::audit::tiles;
use crate::limits::EVENT_WALK;
use modegate_core::event::Event;
use modegate_core::ids::CommandId;
use modegate_core::tlog::entry::{hash_of, push_to_bundle};
use modegate_core::tlog::proof::{ProofPlan, check_inclusion};
use modegate_core::tlog::tile::TilePath;
use modegate_core::tlog::{Checkpoint, Note, TILE_WIDTH, TileId};

/// Most proofs of one command.
const PROOFS: usize = 50;

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
    let (checkpoint, note) = sealed_up_to(app, number).await?;
    inclusion(app, number, &checkpoint, note).await
}

/// Refuses the whole text of an entry to a caller who may know of a part of it only.
fn may_prove(by: &Principal, event: &Event) -> Result<(), AppError> {
    if by.is_kept_from(event) {
        let why = "the entry names groups that the token is not bound to";
        return Err(AppError::Forbidden(why.to_owned()));
    }
    Ok(())
}

/// The newest checkpoint, after sealing if it does not cover the entry of this number.
async fn sealed_up_to(app: &App, number: u64) -> Result<(Checkpoint, Note), AppError> {
    if number >= app.store.tree().await?.size() {
        app.sealer.seal().await?;
    }
    parsed(&newest(app).await?)
}

async fn inclusion(
    app: &App,
    number: u64,
    checkpoint: &Checkpoint,
    note: Note,
) -> Result<String, AppError> {
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

/// The proofs of all that was done with a command, the oldest first, up to one checkpoint.
pub(crate) async fn proofs_of_command(
    app: &App,
    by: &Principal,
    id: CommandId,
) -> Result<String, AppError> {
    if !by.sees_all() {
        by.device(app, id.device).await?;
    }
    let base = app.store.tree().await?.base;
    let mut found = Vec::new();
    let is_whole = back_to_queued(app, id, async |stored| {
        if concerns(&stored.event, id.seq.0) {
            may_prove(by, &stored.event)?;
            found.push(stored.place - base);
        }
        Ok(found.len() <= PROOFS)
    });
    // A part of them would pass for all.
    if !is_whole.await? {
        let expected = format!(
            "a command with at most {PROOFS} events, all among the latest {EVENT_WALK} of its device (modegate audit prove --command has no such bound)"
        );
        return Err(AppError::field("command", expected, id));
    }
    let Some(newest) = found.first() else {
        return Err(AppError::missing("command"));
    };
    let (checkpoint, note) = sealed_up_to(app, *newest).await?;
    let mut text = String::new();
    for number in found.into_iter().rev() {
        text += &inclusion(app, number, &checkpoint, note.clone()).await?;
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
