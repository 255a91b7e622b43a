//! `modegate audit redact`.

use clap::Args;
use serde_json::json;

use super::writer::{ServerArgs, Writer};
use super::{AuditError, print, wait};
use crate::cli::backup::DataArgs;
use modegate_store::sqlite::log_reader::LogReader;

/// Flags of `audit redact`.
#[derive(Debug, Args)]
pub struct RedactArgs {
    /// The entry's number in the log, as `entry` of an event says it
    #[arg(long, value_name = "N")]
    event: u64,
    /// Why, for the log; without the text that is removed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: DataArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Removes the text of an entry, by the running server or, where none runs, by itself; the
/// exit code.
pub(super) fn run(args: &RedactArgs) -> Result<u8, AuditError> {
    let at = args.at.places()?;
    drop(LogReader::open(&at.database)?);
    let leaf = wait(async {
        let writer = Writer::open(&at, &args.server).await?;
        let redacted = writer.redact(args.event, &args.reason).await;
        writer.close().await;
        Ok(redacted?)
    })?;
    eprintln!(
        "the text of entry {} was removed from the database; its hash {leaf} stays. Exports and backups that were made \
         before still contain it",
        args.event
    );
    if args.json {
        let redacted = json!({"entry": args.event, "leaf_hash": leaf});
        print(format_args!("{redacted}\n"))?;
    }
    Ok(0)
}
