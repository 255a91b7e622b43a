//! The log's proof: its newest checkpoint, proofs, checks, and what changes what is known of it.

mod changes;
mod check;
mod proofs;
mod statement;

use schemars::JsonSchema;
use serde::Serialize;

use super::input::Time;
use super::{App, AppError};
pub(crate) use changes::{
    ExportView, KeyView, NewExport, NewRedaction, RedactionView, record_export, redact,
    redact_entry, rotate_key,
};
pub(crate) use check::{LogCheck, verify};
use modegate_core::tlog::{Checkpoint, Note};
use modegate_store::proof::StoredCheckpoint;
pub(crate) use proofs::{consistency, proof_of_entry, proofs_of_command, tile};
pub(crate) use statement::{STATEMENT_EVENTS, Statement, statement};

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

/// The newest checkpoint.
pub(crate) async fn newest(app: &App) -> Result<StoredCheckpoint, AppError> {
    let newest = app.store.checkpoint().await?;
    newest.ok_or_else(|| AppError::missing("checkpoint"))
}

/// How far the log is sealed.
pub(crate) struct Sealed {
    /// The newest checkpoint, once there is one.
    pub(crate) newest: Option<StoredCheckpoint>,
    /// How many entries wait for the next.
    pub(crate) waits: u64,
    /// The place of the event that is entry 0.
    base: u64,
}

impl Sealed {
    /// Whether the newest checkpoint covers the event at that place.
    pub(crate) fn covers(&self, place: u64) -> bool {
        let size = self.newest.as_ref().map_or(0, |newest| newest.size);
        place < self.base.saturating_add(size)
    }
}

/// How far the log is sealed.
pub(crate) async fn sealed(app: &App) -> Result<Sealed, AppError> {
    let newest = app.store.checkpoint().await?;
    let size = newest.as_ref().map_or(0, |newest| newest.size);
    let tree = app.store.tree().await?;
    Ok(Sealed {
        newest,
        waits: tree.entries.saturating_sub(size),
        base: tree.base,
    })
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
