//! Whether the database is an older one than its log was published from.

use modegate_core::event::{Event, EventType};
use modegate_core::log_record::{EpochRecord, LogRecord, TreeHead};
use modegate_core::time::Timestamp;
use modegate_core::tlog::proof::{ProofPlan, check_consistency};
use modegate_core::tlog::{Checkpoint, Hash, Origin};
use modegate_store::proof::Tree;
use modegate_store::{Store, StoreError};

use super::mark::MarkFile;
use super::tiles;

/// The log is not the one that was published.
#[derive(Debug, Clone)]
pub(super) struct Fork {
    /// What is known of it elsewhere, and is not in the database.
    pub(super) elsewhere: Elsewhere,
    /// The epoch that begins.
    pub(super) epoch: u64,
}

/// What is known of a log outside its database.
#[derive(Debug, Clone)]
pub(super) enum Elsewhere {
    /// A checkpoint that was published.
    Published(Checkpoint),
    /// What was published cannot be read.
    Unreadable,
    /// Nothing: the key that signed it is lost.
    KeyLost,
    /// By the word of this witness, a tree of that size.
    Witness {
        /// The witness's name.
        name: String,
        /// How many entries the tree has.
        size: u64,
    },
}

/// Compares the tree with what was published of its log.
pub(super) async fn notice(
    store: &dyn Store,
    tree: &Tree,
    origin: &Origin,
    marks: &MarkFile,
) -> Result<Option<Fork>, StoreError> {
    let epoch = tree.epoch + 1;
    let marks = match marks.of_log(origin) {
        Ok(marks) => marks,
        Err(error) => {
            tracing::error!(%error, "could not read the newest checkpoint outside the database");
            let elsewhere = Elsewhere::Unreadable;
            return Ok(Some(Fork { elsewhere, epoch }));
        }
    };
    let newest = marks
        .into_iter()
        .max_by_key(|mark| (mark.origin.epoch(), mark.size));
    let Some(mark) = newest.filter(|mark| mark.origin.epoch() >= tree.epoch) else {
        return Ok(None);
    };
    let is_ours = mark.origin == *origin
        && mark.size <= tree.size()
        && has_root(store, tree, mark.size, &mark.root).await?;
    Ok((!is_ours).then(|| Fork {
        epoch: mark.origin.epoch() + 1,
        elsewhere: Elsewhere::Published(mark),
    }))
}

/// Whether the tree had this root when it had this size.
async fn has_root(
    store: &dyn Store,
    tree: &Tree,
    size: u64,
    root: &Hash,
) -> Result<bool, StoreError> {
    if let Some(kept) = store.checkpoint_of(size).await? {
        return Ok(kept.root == *root);
    }
    let failed = |fault| StoreError::Failed(format!("{fault}").into());
    let plan = ProofPlan::consistency(size, tree.size()).map_err(failed)?;
    let Some(proof) = tiles::prove(store, &plan).await? else {
        tracing::warn!(
            size,
            "the entries are deleted that would show whether the log had the root of its newest checkpoint"
        );
        return Ok(true);
    };
    let now = tree.frontier.root();
    Ok(check_consistency(size, root, tree.size(), &now, &proof).is_ok())
}

/// What is logged about it.
pub(super) fn event(fork: &Fork, tree: &Tree, origin: &Origin, now: Timestamp) -> Event {
    let (known, size) = match &fork.elsewhere {
        Elsewhere::Published(known) => (Some(known), Some(known.size)),
        Elsewhere::Unreadable | Elsewhere::KeyLost => (None, None),
        Elsewhere::Witness { size, .. } => (None, Some(*size)),
    };
    let record = EpochRecord {
        old_origin: origin.to_string(),
        origin: origin.in_epoch(fork.epoch).to_string(),
        kept: TreeHead::new(tree.size(), &tree.frontier.root()),
        known: known.map(|known| TreeHead::new(known.size, &known.root)),
        lost: size
            .map(|size| size.saturating_sub(tree.entries))
            .filter(|lost| *lost > 0),
    };
    let detail = match &fork.elsewhere {
        Elsewhere::Published(known) => format!(
            "the database is not the one that signed checkpoint {} of {}: it was restored, rolled back or \
             copied. What it does not have is lost",
            known.size, known.origin
        ),
        Elsewhere::Unreadable => {
            "the newest checkpoint outside the database cannot be read: whether the database \
                                  is the one that signed it is not known"
                .to_owned()
        }
        Elsewhere::KeyLost => "the audit key was lost and replaced".to_owned(),
        Elsewhere::Witness { name, size } => format!(
            "the witness {name} cosigned a tree of {size} entries of {origin} that is not in the database: it was \
             restored, rolled back or copied, or a copy of it is in use elsewhere"
        ),
    };
    Event::new(now, "server", None, EventType::LogForked)
        .detail(detail)
        .log(LogRecord::Epoch(record))
}
