//! What changes what is known of the log: exports, redactions, another key.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::damaged;
use crate::app::input::{Integer, Line, input};
use crate::app::{App, AppError, Principal, to_the_end};
use crate::audit::Sealer;
use crate::audit::export::record;
use modegate_core::time::Timestamp;
use modegate_core::tlog::Hash;
use modegate_store::{Store, StoreError};

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
    let (app, actor) = (Arc::clone(app), by.actor());
    let rotated = to_the_end(async move {
        let rotated = app.sealer.rotate(&actor).await;
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
        let (store, sealer) = (&*app.store, &app.sealer);
        Ok(redact_entry(store, sealer, entry, &reason, &actor, app.now()).await?)
    });
    let leaf = redacted.await?;
    Ok(RedactionView {
        entry,
        leaf_hash: leaf.base64(),
    })
}

/// Removes the text of an entry of this store; its leaf hash.
pub(crate) async fn redact_entry(
    store: &dyn Store,
    sealer: &Arc<Sealer>,
    entry: u64,
    reason: &str,
    actor: &str,
    now: Timestamp,
) -> Result<Hash, StoreError> {
    // Sealed before, so that a checkpoint vouches for the hash that stays; and again, so
    // that what is sealed contains the event that names it.
    sealer.seal().await?;
    let leaf = store.redact(entry, reason, actor, now).await?;
    sealer.seal().await?;
    Ok(leaf)
}
