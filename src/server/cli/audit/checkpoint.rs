//! `modegate audit checkpoint`.

use clap::Args;
use serde_json::json;

use super::source::{Reader, SourceArgs};
use super::{AuditError, print};
use crate::audit::prove::ProveError;
use modegate_core::tlog::Checkpoint;

/// Flags of `audit checkpoint`.
#[derive(Debug, Args)]
pub struct CheckpointArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the newest checkpoint, a signed note; the exit code.
pub(super) fn run(args: &CheckpointArgs) -> Result<u8, AuditError> {
    let source = args.source.find()?;
    let database = source.database()?;
    let mut reader = Reader::new(&source, database.as_ref());
    let note = reader.as_source().checkpoint().map_err(ProveError::from)?;
    let (checkpoint, note) = Checkpoint::from_note(&note).map_err(ProveError::from)?;
    match args.json {
        true => {
            let shown = json!({
                "origin": checkpoint.origin.to_string(), "size": checkpoint.size,
                "root": checkpoint.root.base64(), "note": note.to_string(),
            });
            print(format_args!("{shown}\n"))?;
        }
        false => print(note)?,
    }
    Ok(0)
}
