//! `modegate audit redact`.

use clap::Args;
use serde_json::json;

use super::writer::WriterArgs;
use super::{AuditError, print};

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
    log: WriterArgs,
}

/// Removes the text of an entry, by the running server or, where none runs, by itself; the
/// exit code.
pub(super) fn run(args: &RedactArgs) -> Result<u8, AuditError> {
    let redact = args
        .log
        .write(async |writer| writer.redact(args.event, &args.reason).await);
    let leaf = redact?;
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
