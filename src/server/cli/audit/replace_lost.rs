//! `modegate audit key replace-lost`.

use clap::Args;

use super::writer::Writer;
use super::{AuditError, print, wait};
use crate::cli::backup::DataArgs;
use modegate_store::sqlite::log_reader::LogReader;

/// The longest reason, characters.
const REASON: usize = 512;

/// Flags of `audit key replace-lost`.
#[derive(Debug, Args)]
pub(super) struct ReplaceLostArgs {
    /// How the key was lost, and who decided to replace it: for the log
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    #[command(flatten)]
    at: DataArgs,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match !text.is_empty() && text.chars().count() <= REASON && !text.contains(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected one line of 1 to {REASON} characters")),
    }
}

/// Puts a new key in the place of a lost one; the exit code.
pub(super) fn run(args: &ReplaceLostArgs) -> Result<u8, AuditError> {
    let at = args.at.places()?;
    drop(LogReader::open(&at.database)?);
    let vkey = wait(async {
        let replaced = Writer::replace_lost_key(&at, &args.reason).await;
        Ok::<_, AuditError>(replaced?)
    })?;
    eprintln!(
        "the log goes on in another epoch, signed with a new key. Give this verifier key to whoever verifies the log, by \
         a way that does not lead over this machine, and keep what the old key signed: it is the evidence of what was \
         before"
    );
    print(format_args!("{vkey}\n"))?;
    Ok(0)
}
