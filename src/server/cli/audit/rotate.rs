//! `modegate audit key rotate`.

use super::writer::{ServerArgs, Writer};
use super::{AuditError, print, wait};
use crate::cli::backup::DataArgs;
use modegate_store::sqlite::log_reader::LogReader;

/// Puts a new audit key in force, by the running server or, where none runs, by itself; the
/// exit code.
pub(super) fn run(at: &DataArgs, server: &ServerArgs) -> Result<u8, AuditError> {
    let at = at.places()?;
    drop(LogReader::open(&at.database)?);
    let vkey = wait(async {
        let writer = Writer::open(&at, server).await?;
        let rotated = writer.rotate_key().await;
        writer.close().await;
        Ok(rotated?)
    })?;
    eprintln!(
        "checkpoints are signed with a new key from now on, and with the old one too for 30 days: give this verifier \
         key to whoever verifies the log"
    );
    print(format_args!("{vkey}\n"))?;
    Ok(0)
}
