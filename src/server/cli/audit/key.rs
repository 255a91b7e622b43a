//! `modegate audit key`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::replace_lost::ReplaceLostArgs;
use super::writer::WriterArgs;
use super::{AuditError, print};
use crate::cli::backup::DataArgs;
use crate::clock::Clock;
use modegate_store::sqlite::log_reader::LogReader;

/// Flags of `audit key`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: Option<KeyCommand>,
    /// Print every key that the log records, as JSON, with the times from and until which it
    /// signs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: DataArgs,
}

/// What to do with the audit key.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Sign checkpoints with a new key; the old one signs too for 30 days
    Rotate(RotateArgs),
    /// With no server running, put a new key in the place of one that is lost for good: the log
    /// goes on in another epoch, and says why
    ReplaceLost(ReplaceLostArgs),
}

/// Flags of `audit key rotate`.
#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    #[command(flatten)]
    log: WriterArgs,
}

/// Prints the verifier keys that sign now, the newest first; the exit code.
pub(super) fn run(args: &KeyArgs) -> Result<u8, AuditError> {
    match &args.command {
        Some(KeyCommand::Rotate(args)) => return super::rotate::run(&args.log),
        Some(KeyCommand::ReplaceLost(args)) => return super::replace_lost::run(args),
        None => {}
    }
    let at = args.at.places()?;
    let log = LogReader::open(&at.database)?;
    let (tree, now) = (log.tree()?, Clock::default().now());
    let mut keys = log.audit_keys()?;
    keys.reverse();
    if args.json {
        let shown = keys.iter().map(|key| {
            let until = key.until.map(|until| until.to_string());
            json!({"vkey": key.vkey, "since": key.since.to_string(), "until": until})
        });
        let shown = json!({"keys": shown.collect::<Vec<_>>()});
        print(format_args!("{shown}\n"))?;
        return Ok(0);
    }
    let origin = format!("{}/{}", tree.origin.unwrap_or_default(), tree.epoch);
    let signs = |until: Option<_>| until.is_none_or(|until| until > now);
    let prefix = format!("{origin}+");
    keys.retain(|key| key.vkey.starts_with(&prefix) && signs(key.until));
    if keys.is_empty() {
        return Err(AuditError::NoKey);
    }
    for key in keys {
        print(format_args!("{}\n", key.vkey))?;
    }
    Ok(0)
}
